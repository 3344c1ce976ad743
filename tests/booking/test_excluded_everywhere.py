"""What the answers rule out can be booked by no route: every writer refuses it and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import (
    calls,
    decisions,
    desk,
    journeys,
    pair_holds,
    pair_journeys,
    parties,
    series,
    series_preview,
    services,
    taking_back,
)
from clinic.booking.hold_limits import Source
from clinic.booking.kept import Details
from clinic.booking.models import Appointment, Hold, Journey, JourneyPair
from clinic.booking.pair_journeys import Names
from clinic.booking.pair_steps import Turn
from clinic.booking.parties import Guest
from clinic.booking.series import Chosen, Reach
from clinic.booking.series_dates import Every
from clinic.booking.statuses import Status
from clinic.intake.models import Intake
from clinic.kernel.errors import Excluded
from clinic.people.models import Client
from clinic.roster.models import SlotClaim
from tests import makers

pytestmark = pytest.mark.database
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
WEEK, DAY = timedelta(weeks=1), timedelta(days=1)
RULED_OUT = ({"sensitivity": ["bruise_easily"]}, {"bones": ["osteoporosis"]}, {"blood": ["blood_thinner"]})


@dataclass
class Scene:
    """A clinic, a client, answers that rule deep tissue out, and a deep appointment made before they came."""

    session: Session
    now: datetime
    clinic: makers.Clinic
    client: Client
    intake: Intake
    deep: Appointment
    light: Appointment
    journey: Journey
    call: Journey


def scene_of(session: Session, now: datetime, answers: dict[str, list[str]]) -> Scene:
    clinic = makers.clinic(session)
    client = makers.client(session, now)
    well = makers.intake(session, now)
    deep = services.book(session, now, clinic.wish(option_id=clinic.deep.id), TEN, client, well, actor="test")
    light = services.book(session, now, clinic.wish(), TEN + DAY, client, well, actor="test")
    intake = makers.intake(session, now, answers)
    intake.client_id = client.id
    deep.intake = light.intake = intake
    journey = journeys.go_on_cleared(session, now, "token", intake)
    caller = calls.Caller(client.name, client_id=client.id)
    call = calls.begin(session, now, "other", caller)
    call.intake = intake
    session.flush()
    return Scene(session, now, clinic, client, intake, deep, light, journey, call)


def _hold(s: Scene) -> object:
    return services.hold(s.session, s.now, s.clinic.wish(option_id=s.clinic.deep.id), TEN + 2 * DAY, s.intake)


def _hold_provisionally(s: Scene) -> object:
    wish = s.clinic.wish(option_id=s.clinic.deep.id)
    return services.hold(s.session, s.now, wish, TEN + 2 * DAY, s.intake, provisionally=True)


def _confirm(s: Scene) -> object:
    well = makers.intake(s.session, s.now)
    held = services.hold(s.session, s.now, s.clinic.wish(option_id=s.clinic.deep.id), TEN + 2 * DAY, well)
    held.intake_id = s.intake.id
    s.session.flush()
    return services.confirm(s.session, s.now, held.id, s.client, actor="test")


def _book(s: Scene) -> object:
    wish = s.clinic.wish(option_id=s.clinic.deep.id, is_desk=True)
    return services.book(s.session, s.now, wish, TEN + 2 * DAY, s.client, s.intake, actor="test")


def _move(s: Scene) -> object:
    return services.move(s.session, s.now, s.deep.id, TEN + 2 * DAY, actor="test")


def _move_by_client(s: Scene) -> object:
    return services.move(s.session, s.now, s.deep.id, TEN + 2 * DAY, actor="test", is_client=True)


def _change_session(s: Scene) -> object:
    return desk.change_session(
        s.session, s.now, s.light.id, s.clinic.deep.id, actor="test", version=s.light.version
    )


def _reactivate(s: Scene) -> object:
    services.cancel(s.session, s.now, s.deep.id, actor="test")
    return services.reactivate(s.session, s.now, s.deep.id, actor="test")


def _choose_on_the_way(s: Scene) -> object:
    return journeys.choose_option(s.session, s.now, s.journey.id, s.clinic.deep.id)


def _choose_on_a_call(s: Scene) -> object:
    return calls.choose_option(s.session, s.now, s.call.id, s.clinic.deep.id)


def _book_on_a_call(s: Scene) -> object:
    s.call.option = s.clinic.deep
    s.session.flush()
    return calls.book(
        s.session, s.now, s.call.id, s.clinic.site.id, s.clinic.therapists[0].id, TEN + 2 * DAY, actor="test"
    )


def _take_time_on_the_way(s: Scene) -> object:
    s.journey.option = s.clinic.deep
    s.session.flush()
    return journeys.take_time(
        s.session, s.now, s.journey.id, s.clinic.site, journeys.Filters(), TEN + 2 * DAY
    )


def _preview_a_series(s: Scene) -> object:
    wish = series.wish_after(s.deep, is_desk=True)
    return series_preview.preview(s.session, s.now, wish, TEN, Every.WEEK, 3, s.intake, is_first_kept=True)


def _book_a_series(s: Scene) -> object:
    return series.book(
        s.session,
        s.now,
        s.deep.id,
        [Chosen(TEN + WEEK, s.deep.therapist_id)],
        Every.WEEK,
        actor="t",
        is_desk=True,
    )


def _move_a_series(s: Scene) -> object:
    well = makers.intake(s.session, s.now)
    s.deep.intake = well
    s.session.flush()
    found = series.book(
        s.session, s.now, s.deep.id, [Chosen(TEN + WEEK, s.deep.therapist_id)], Every.WEEK, actor="t"
    )
    for each in s.session.scalars(sa.select(Appointment).where(Appointment.intake_id == well.id)):
        each.intake = s.intake
    s.session.flush()
    assert found.id
    return series.move(s.session, s.now, s.deep.id, TEN + timedelta(hours=3), Reach.ALL, actor="t")


def _guests(s: Scene) -> tuple[Guest, Guest]:
    """Somebody who is well, and the client as the second of two, who wants what is ruled out."""
    other = makers.client(s.session, s.now, name="Cara Lane")
    well = Guest(other, makers.intake(s.session, s.now), s.clinic.wish(client_id=other.id, is_desk=True))
    wish = s.clinic.wish(option_id=s.clinic.deep.id, client_id=s.client.id, is_desk=True)
    return well, Guest(s.client, s.intake, wish)


def _book_two(s: Scene) -> object:
    first, second = _guests(s)
    return parties.book(s.session, s.now, first, second, TEN + 2 * DAY, actor="test")


def _bring_along(s: Scene) -> object:
    first, second = _guests(s)
    booked = services.book(s.session, s.now, first.wish, TEN, first.client, first.intake, actor="test")
    return parties.bring(s.session, s.now, booked.id, second, TEN + 2 * DAY, actor="test")


def _two_of_booked(s: Scene) -> tuple[Appointment, Appointment]:
    first, _second = _guests(s)
    wish = s.clinic.wish(therapist_id=s.clinic.therapists[1].id)
    return s.deep, services.book(s.session, s.now, wish, TEN, first.client, first.intake, actor="test")


def _unite(s: Scene) -> object:
    one, other = _two_of_booked(s)
    return parties.unite(s.session, s.now, other.id, one.id, TEN + 2 * DAY, actor="test")


def _move_two(s: Scene) -> object:
    one, other = _two_of_booked(s)
    one.intake = makers.intake(s.session, s.now)
    party = parties.unite(s.session, s.now, other.id, one.id, TEN, actor="test")
    one.intake = s.intake
    s.session.flush()
    return parties.move_together(s.session, s.now, party.id, TEN + 2 * DAY, actor="test")


def _move_two_by_client(s: Scene) -> object:
    one, other = _two_of_booked(s)
    one.intake = makers.intake(s.session, s.now)
    party = parties.unite(s.session, s.now, other.id, one.id, TEN, actor="test")
    one.intake = s.intake
    s.session.flush()
    return parties.move_together(s.session, s.now, party.id, TEN + 2 * DAY, actor="test", is_client=True)


def _take_back_one_of_two(s: Scene) -> object:
    services.cancel(s.session, s.now, s.deep.id, actor="test")
    return taking_back.reactivate(s.session, s.now, s.deep.id, actor="test")


def _as_two(s: Scene) -> JourneyPair:
    """Two on the web's way, the second of whom chose what is ruled out."""
    first = journeys.go_on_cleared(s.session, s.now, "first of two", makers.intake(s.session, s.now))
    first.option = s.clinic.swedish
    s.journey.option = s.clinic.deep
    pair = pair_journeys.begin(s.session, s.now, first.id, Names("Cara Lane", s.client.name))
    pair_journeys.give_turn(s.session, s.now, pair.id, Turn.SECOND)
    pair_journeys.attach(s.session, s.now, pair.id, s.journey)
    pair_journeys.give_turn(s.session, s.now, pair.id, Turn.BOTH)
    return pair


def _hold_as_two(s: Scene) -> object:
    pair = _as_two(s)
    looked_at = (s.clinic.swedish.id, s.clinic.deep.id)
    return pair_holds.take_time(
        s.session, s.now, pair.id, s.clinic.site, TEN + 2 * DAY,
        one_room=False, looked_at=looked_at, source=Source("visitor", "address"),
    )  # fmt: skip


def _choose_as_two(s: Scene) -> object:
    pair = _as_two(s)
    pair_journeys.give_turn(s.session, s.now, pair.id, Turn.SECOND)
    return journeys.choose_option(s.session, s.now, s.journey.id, s.clinic.deep.id)


def _confirm_as_two(s: Scene) -> object:
    pair = _as_two(s)
    s.journey.intake = makers.intake(s.session, s.now)
    pair_holds.take_time(
        s.session, s.now, pair.id, s.clinic.site, TEN + 2 * DAY, one_room=False,
        looked_at=(s.clinic.swedish.id, s.clinic.deep.id), source=Source("visitor", "address"),
    )  # fmt: skip
    reach = Details("Cara Lane", "cara@client.example", "+442079460321", wants_reminders=False)
    own = replace(reach, name=s.client.name, booked_by="Cara Lane")
    pair_holds.keep_details(s.session, s.now, pair.id, reach, own)
    held = pair_journeys.holds_of(pair)
    assert held is not None
    held[1].intake_id, s.journey.intake = s.intake.id, s.intake
    s.session.flush()
    return pair_holds.confirm(s.session, s.now, pair.id, (held[0].id, held[1].id), terms="")


ROUTES: tuple[Callable[[Scene], object], ...] = (
    _hold, _hold_provisionally, _confirm, _book, _move, _move_by_client, _change_session, _reactivate,
    _choose_on_the_way, _choose_on_a_call, _book_on_a_call, _take_time_on_the_way, _preview_a_series,
    _book_a_series, _move_a_series, _book_two, _bring_along, _unite, _move_two, _move_two_by_client,
    _take_back_one_of_two, _hold_as_two, _choose_as_two, _confirm_as_two,
)  # fmt: skip


@pytest.mark.parametrize("answers", RULED_OUT, ids=["bruises", "bones", "blood"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.__name__.strip("_"))
def test_what_is_ruled_out_is_booked_by_no_route(
    session: Session, now: datetime, route: Callable[[Scene], object], answers: dict[str, list[str]]
) -> None:
    scene = scene_of(session, now, answers)
    with pytest.raises(Excluded), session.begin_nested():
        route(scene)
    deep = session.scalars(
        sa.select(Appointment.starts_at).where(Appointment.option_id == scene.clinic.deep.id)
    ).all()
    assert deep == [TEN]
    assert session.scalar(sa.select(sa.func.count()).select_from(Hold)) == 2
    assert set(session.scalars(sa.select(SlotClaim.entry_id))) == {scene.deep.entry_id, scene.light.entry_id}


def test_answers_that_come_to_rule_it_out_make_it_wait_and_no_yes_books_it(
    session: Session, now: datetime
) -> None:
    scene = scene_of(session, now, RULED_OUT[0])
    scene.deep.intake = makers.intake(session, now)
    session.flush()
    reopened = decisions.renew(session, now, scene.client, scene.intake)
    assert [each.id for each in reopened] == [scene.deep.id]
    assert scene.deep.status is Status.PROVISIONAL
    assert decisions.renew(session, now, scene.client, makers.intake(session, now, RULED_OUT[1])) == []
    assert scene.deep.status is Status.PROVISIONAL
