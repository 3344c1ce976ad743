"""Holding, confirming, moving, cancelling: what is agreed holds, what is taken is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Appointment, AppointmentEvent, Hold
from clinic.booking.slots import nearest_slots, openings
from clinic.booking.statuses import HoldStatus, Status
from clinic.kernel.errors import (
    BadInput,
    Excluded,
    HoldLapsed,
    NotCleared,
    NotOffered,
    SlotTaken,
    Stale,
    TooLate,
    WrongState,
)
from clinic.notify import calendar
from clinic.notify.models import OutboxMessage
from clinic.roster.models import DiaryEntry, SlotClaim
from tests import makers

pytestmark = pytest.mark.database
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    return makers.clinic(session)


def booked(
    session: Session, now: datetime, clinic: makers.Clinic, at: datetime = TEN, **wish: object
) -> Appointment:
    client = makers.client(session, now, name=f"Client {at:%d %H%M} {len(wish)}")
    return services.book(
        session, now, clinic.wish(**wish), at, client, makers.intake(session, now), actor="test"
    )


def test_a_hold_becomes_an_appointment_with_its_claims(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    intake = makers.intake(session, now)
    held = services.hold(session, now, clinic.wish(talk_minutes=15), TEN, intake)
    assert held.expires_at == now + 10 * MINUTE
    client = makers.client(session, now)
    made = services.confirm(session, now + 5 * MINUTE, held.id, client, actor="client")
    assert (made.starts_at, made.ends_at) == (TEN, TEN + 75 * MINUTE)
    assert made.status is Status.BOOKED
    assert made.price_minor == 6200
    assert intake.client_id == client.id
    claims = session.execute(
        sa.select(SlotClaim.kind, sa.func.count()).group_by(SlotClaim.kind).order_by(SlotClaim.kind)
    ).all()
    assert [n for _k, n in claims] == [15, 15, 18]  # client, room, therapist with a quarter hour after


def test_confirming_twice_gives_the_same_appointment_and_one_mail(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    held = services.hold(session, now, clinic.wish(), TEN, makers.intake(session, now))
    client = makers.client(session, now)
    first = services.confirm(session, now, held.id, client, actor="client")
    again = services.confirm(session, now + timedelta(hours=1), held.id, client, actor="client")
    assert first.id == again.id
    assert session.scalar(sa.select(sa.func.count()).select_from(OutboxMessage)) == 1


def test_the_mail_names_time_and_place_and_nothing_of_health(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    booked(session, now, clinic)
    message = session.scalars(sa.select(OutboxMessage)).one()
    assert "Tuesday 24 November 2026 at 10:00" in message.payload
    assert "Swedish" not in message.payload
    assert "Swedish" not in (calendar.unpack(message.calendar) or "")
    assert "DTSTART;TZID=Europe/London:20261124T100000" in (calendar.unpack(message.calendar) or "")


def test_two_therapists_take_two_at_once_and_no_third(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    intake = makers.intake(session, now)
    who = {services.hold(session, now, clinic.wish(), TEN, intake).therapist_id for _ in range(2)}
    assert len(who) == 2
    with pytest.raises(SlotTaken):
        services.hold(session, now, clinic.wish(), TEN, intake)


def test_the_times_shown_no_longer_hold_what_was_taken(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    one = clinic.wish(therapist_id=clinic.therapists[0].id)
    before = {slot.starts_at for slot in openings(session, one, TEN.date(), 1, now)}
    assert TEN in before
    booked(session, now, clinic, therapist_id=clinic.therapists[0].id)
    after = {slot.starts_at for slot in openings(session, one, TEN.date(), 1, now)}
    assert after == {at for at in before if at + 75 * MINUTE <= TEN or at >= TEN + 75 * MINUTE}


def test_a_lapsed_hold_cannot_be_confirmed_and_frees_the_time(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    one = clinic.wish(therapist_id=clinic.therapists[0].id)
    held = services.hold(session, now, one, TEN, makers.intake(session, now))
    later = now + 10 * MINUTE
    with pytest.raises(HoldLapsed):
        services.confirm(session, later, held.id, makers.client(session, now), actor="client")
    assert services.hold(session, later, one, TEN, makers.intake(session, now)).id != held.id


def test_the_chore_marks_lapsed_holds(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    held = services.hold(session, now, clinic.wish(), TEN, makers.intake(session, now))
    assert services.lapse_holds(session, now) == 0
    assert services.lapse_holds(session, now + 10 * MINUTE) == 1
    assert held.status is HoldStatus.LAPSED
    assert session.scalar(sa.select(sa.func.count()).select_from(DiaryEntry)) == 0


def test_a_released_hold_gives_its_time_back(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    held = services.hold(session, now, clinic.wish(), TEN, makers.intake(session, now))
    services.release(session, held.id)
    services.release(session, held.id)
    services.release(session, None)
    assert held.status is HoldStatus.RELEASED
    assert session.scalar(sa.select(sa.func.count()).select_from(SlotClaim)) == 0


@pytest.mark.parametrize(
    ("answers", "refusal"),
    [
        ({"saddle_numb": "yes"}, NotCleared),
        ({"cancer_history": "waiting"}, NotCleared),
        ({"sensitivity": ["bruise_easily"]}, Excluded),
    ],
)
def test_nothing_is_held_against_the_intake(
    session: Session,
    now: datetime,
    clinic: makers.Clinic,
    answers: dict[str, object],
    refusal: type[Exception],
) -> None:
    with pytest.raises(refusal):
        services.hold(
            session, now, clinic.wish(option_id=clinic.deep.id), TEN, makers.intake(session, now, answers)
        )
    assert session.scalar(sa.select(sa.func.count()).select_from(Hold)) == 0


def test_without_an_intake_nothing_is_booked(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    with pytest.raises(NotCleared):
        services.hold(session, now, clinic.wish(), TEN, None)


@pytest.mark.parametrize(
    "at",
    [TEN + 7 * MINUTE, TEN - timedelta(days=30), TEN + timedelta(days=400), TEN + timedelta(seconds=30)],
)
def test_a_time_the_site_never_offers_is_refused(
    session: Session, now: datetime, clinic: makers.Clinic, at: datetime
) -> None:
    with pytest.raises(NotOffered):
        services.hold(session, now, clinic.wish(), at, makers.intake(session, now))


def test_a_client_cannot_be_in_two_places(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    client, intake = makers.client(session, now), makers.intake(session, now)
    services.book(session, now, clinic.wish(), TEN, client, intake, actor="test")
    second = services.hold(session, now, clinic.wish(), TEN, makers.intake(session, now))
    with pytest.raises(SlotTaken) as refused:
        services.confirm(session, now, second.id, client, actor="client")
    assert refused.value.who == "client"


def test_moving_keeps_reference_and_price_and_frees_the_old_time(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    made = booked(session, now, clinic, therapist_id=clinic.therapists[0].id)
    moved = services.move(session, now, made.id, TEN + 30 * MINUTE, actor="client", is_client=True)
    assert (moved.id, moved.reference, moved.sequence) == (made.id, made.reference, 1)
    assert moved.starts_at == TEN + 30 * MINUTE
    kinds = session.scalars(sa.select(AppointmentEvent.kind).order_by(AppointmentEvent.id)).all()
    assert list(kinds) == ["booked", "moved"]


def test_moving_onto_a_taken_time_changes_nothing(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    first = clinic.therapists[0].id
    made = booked(session, now, clinic, therapist_id=first)
    booked(session, now, clinic, TEN + timedelta(hours=3), therapist_id=first)
    claims = session.scalar(sa.select(sa.func.count()).select_from(SlotClaim))
    with pytest.raises(SlotTaken):
        services.move(session, now, made.id, TEN + timedelta(hours=3), actor="desk", therapist_id=first)
    assert made.starts_at == TEN
    assert session.scalar(sa.select(sa.func.count()).select_from(SlotClaim)) == claims


def test_a_client_is_held_to_the_policy_and_the_desk_is_not(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    made = booked(session, now, clinic)
    late = TEN - timedelta(hours=24) + MINUTE
    with pytest.raises(TooLate):
        services.cancel(session, late, made.id, actor="client", is_client=True)
    with pytest.raises(TooLate):
        services.move(session, late, made.id, TEN + 30 * MINUTE, actor="client", is_client=True)
    assert services.cancel(session, late, made.id, actor="desk", reason="ill").status is Status.CANCELLED


def test_a_cancelled_time_is_free_and_comes_back_only_while_it_is(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    first = clinic.therapists[0].id
    made = booked(session, now, clinic, therapist_id=first)
    services.cancel(session, now, made.id, actor="desk")
    assert services.reactivate(session, now, made.id, actor="desk").status is Status.BOOKED
    services.cancel(session, now, made.id, actor="desk")
    booked(session, now, clinic, therapist_id=first)
    with pytest.raises(SlotTaken):
        services.reactivate(session, now, made.id, actor="desk")
    assert made.status is Status.CANCELLED


def test_the_day_at_the_desk(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    made = booked(session, now, clinic)
    services.set_status(session, TEN, made.id, Status.CHECKED_IN, actor="desk")
    assert made.checked_in_at == TEN
    services.set_status(session, TEN, made.id, Status.FULFILLED, actor="desk")
    with pytest.raises(WrongState):
        services.cancel(session, TEN, made.id, actor="desk")
    with pytest.raises(WrongState):
        services.move(session, TEN, made.id, TEN + timedelta(days=1), actor="desk")


def test_a_stale_page_is_told_so(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    made = booked(session, now, clinic)
    seen = made.version
    services.move(session, now, made.id, TEN + 30 * MINUTE, actor="desk", version=seen)
    with pytest.raises(Stale):
        services.cancel(session, now, made.id, actor="desk", version=seen)


def test_an_undo_of_a_slip(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    made = booked(session, now, clinic)
    services.set_status(session, TEN, made.id, Status.NO_SHOW, actor="desk")
    services.set_status(session, TEN, made.id, Status.CHECKED_IN, actor="desk")
    with pytest.raises(BadInput):
        services.set_status(
            session, TEN, booked(session, now, clinic, TEN + 180 * MINUTE).id, Status.CANCELLED, actor="desk"
        )


def test_the_three_nearest_stand_round_the_wanted_time(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    one = clinic.wish(therapist_id=clinic.therapists[0].id)
    booked(session, now, clinic, therapist_id=clinic.therapists[0].id)
    near = nearest_slots(session, one, TEN, now)
    assert len({slot.starts_at for slot in near}) == 3
    assert all(abs(slot.starts_at - TEN) < timedelta(days=1) for slot in near)
