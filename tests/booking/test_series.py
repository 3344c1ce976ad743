"""Series: seen before anything is booked, all or nothing, changed one by one or together."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from clinic.booking import series, series_preview, services
from clinic.booking.models import Appointment, Series, SeriesPart
from clinic.booking.series import Chosen, Reach
from clinic.booking.series_dates import Every
from clinic.booking.series_preview import Clash, Proposal
from clinic.booking.statuses import Status
from clinic.intake.level import Level
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, Excluded, NotCleared, NotOffered, SlotTaken, Stale, WrongState
from clinic.notify import calendar
from clinic.notify.models import OutboxMessage
from clinic.people.models import Client
from clinic.roster import services as roster
from clinic.roster.models import Closure
from tests import makers

pytestmark = pytest.mark.database
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
WEEK, DAY, HOUR = timedelta(weeks=1), timedelta(days=1), timedelta(hours=1)
LATER = 3 * HOUR  # past the break at noon


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    return makers.clinic(session)


@pytest.fixture
def anna(session: Session, now: datetime) -> Client:
    return makers.client(session, now)


@pytest.fixture
def first(session: Session, now: datetime, clinic: makers.Clinic, anna: Client) -> Appointment:
    """Tuesday at ten with Amara, a quarter of an hour of talk before it."""
    return booked(session, now, clinic, anna, TEN, talk_minutes=15)


def booked(
    session: Session,
    now: datetime,
    clinic: makers.Clinic,
    client: Client,
    at: datetime,
    who: int = 0,
    **wish: object,
) -> Appointment:
    wanted = clinic.wish(therapist_id=clinic.therapists[who].id, **wish)
    return services.book(session, now, wanted, at, client, makers.intake(session, now), actor="test")


def somebody(session: Session, now: datetime, name: str = "Somebody Else") -> Client:
    return makers.client(session, now, name, email=None, phone=None)


def seen(
    session: Session,
    now: datetime,
    first: Appointment,
    every: Every = Every.WEEK,
    count: int = 4,
    **more: bool,
) -> list[Proposal]:
    wish = series.wish_after(first, is_desk=more.get("is_desk", False))
    return series_preview.preview(
        session, now, wish, first.starts_at, every, count, first.intake, is_first_kept=True
    )


def chosen(first: Appointment, *weeks: int) -> list[Chosen]:
    return [Chosen(first.starts_at + week * WEEK, first.therapist_id) for week in weeks]


def made(session: Session, now: datetime, first: Appointment, *weeks: int) -> list[Appointment]:
    found = series.book(session, now, first.id, chosen(first, *weeks), Every.WEEK, actor="test")
    return [part.appointment for part in found_parts(session, found)]


def found_parts(session: Session, found: Series) -> list[SeriesPart]:
    return list(
        session.scalars(
            sa.select(SeriesPart).where(SeriesPart.series_id == found.id).order_by(SeriesPart.position)
        )
    )


def count(session: Session, model: type) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


# --- seen before -------------------------------------------------------------------------------------


def test_each_date_is_shown_free_with_the_same_therapist(
    session: Session, now: datetime, first: Appointment
) -> None:
    found = seen(session, now, first)
    assert [(each.position, each.starts_at) for each in found] == [
        (2, TEN + WEEK),
        (3, TEN + 2 * WEEK),
        (4, TEN + 3 * WEEK),
    ]
    assert all(each.slot and each.slot.therapist_id == first.therapist_id for each in found)
    assert count(session, Appointment) == 1


def test_what_stands_in_the_way_is_said_with_the_nearest_times_those_of_the_day_first(
    session: Session, now: datetime, clinic: makers.Clinic, first: Appointment
) -> None:
    booked(session, now, clinic, somebody(session, now), TEN + WEEK)
    session.add(
        Closure(
            site_id=clinic.site.id, starts_on=date(2026, 12, 8), ends_on=date(2026, 12, 8), name="Stocktaking"
        )
    )
    off = walltime.instant(date(2026, 12, 15), 0, walltime.zone("Europe/London"), 0)
    roster.add_time_off(session, now, first.therapist_id, off, off + DAY, "")
    taken, closed, away, free = seen(session, now, first, count=5)
    assert [each.clash for each in (taken, closed, away, free)] == [
        Clash.TAKEN,
        Clash.CLOSED,
        Clash.AWAY,
        None,
    ]
    assert taken.nearest[0].starts_at == TEN + WEEK
    assert taken.nearest[0].therapist_id == clinic.therapists[1].id
    assert {each.starts_at.date() for each in taken.nearest} == {(TEN + WEEK).date()}
    assert {abs((each.starts_at.date() - closed.day).days) for each in closed.nearest} == {1}
    assert away.nearest[0].therapist_id == clinic.therapists[1].id


def test_the_client_s_own_time_is_said_to_be_theirs(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client, first: Appointment
) -> None:
    booked(session, now, clinic, anna, TEN + WEEK + HOUR / 2, who=1)
    assert seen(session, now, first, count=2)[0].clash is Clash.YOURS


def test_beyond_the_horizon_and_beyond_a_clearance_nothing_is_free(
    session: Session, now: datetime, clinic: makers.Clinic, first: Appointment
) -> None:
    clinic.site.horizon_days = 10
    assert first.intake is not None
    session.flush()
    assert [each.clash for each in seen(session, now, first)] == [None, Clash.BEYOND, Clash.BEYOND]
    assert seen(session, now, first)[2].nearest == ()
    clinic.site.horizon_days = 90
    first.intake.level, first.intake.cleared_until_on = Level.CLEARANCE, date(2026, 12, 5)
    session.flush()
    found = seen(session, now, first)
    assert [each.clash for each in found] == [None, Clash.NOT_CLEARED, Clash.NOT_CLEARED]
    assert {each.starts_at.date() for each in found[1].nearest} == {date(2026, 12, 5)}


def test_nobody_plans_on_answers_that_let_nothing_be_booked(
    session: Session, now: datetime, first: Appointment
) -> None:
    assert first.intake is not None
    first.intake.level = Level.CLEARANCE
    with pytest.raises(NotCleared):
        seen(session, now, first)
    first.intake = None
    with pytest.raises(NotCleared):
        seen(session, now, first)


@pytest.mark.parametrize("count", [27, 1000, 1, 0])
def test_a_series_that_is_too_long_or_none_is_refused(
    session: Session, now: datetime, first: Appointment, count: int
) -> None:
    with pytest.raises(BadInput):
        seen(session, now, first, count=count)


@pytest.mark.parametrize("at", [datetime(9999, 12, 31, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)])
def test_a_first_date_in_the_year_9999_is_refused(
    session: Session, now: datetime, clinic: makers.Clinic, first: Appointment, at: datetime
) -> None:
    wish = series.wish_after(first, is_desk=True)
    with pytest.raises(BadInput, match="too far ahead"):
        series_preview.preview(session, now, wish, at, Every.MONTH, 26, first.intake)
    with pytest.raises(BadInput, match="too far ahead"):
        series.book(
            session, now, first.id, [Chosen(at, first.therapist_id)], Every.WEEK, actor="t", is_desk=True
        )
    assert count(session, Series) == 0


def test_what_is_shown_free_of_a_long_series_can_be_booked(
    session: Session, now: datetime, first: Appointment
) -> None:
    """Month by month the last dates lie further ahead than anybody plans, at the desk too."""
    found = seen(session, now, first, Every.MONTH, 26, is_desk=True)
    assert found[-1].starts_at > now + series_preview.FURTHEST_AHEAD
    assert (found[-1].slot, found[-1].clash, found[-1].nearest) == (None, Clash.BEYOND, ())
    free = [Chosen(each.slot.starts_at, each.slot.therapist_id) for each in found if each.slot is not None]
    assert len(free) == 23
    series.book(session, now, first.id, free, Every.MONTH, actor="user:1", is_desk=True)


def test_a_preview_of_many_dates_costs_what_one_of_two_costs(
    session: Session, now: datetime, first: Appointment
) -> None:
    said: list[str] = []

    def note(_c: object, _u: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(session.get_bind(), "before_cursor_execute", note)
    try:
        seen(session, now, first, count=2)
        few = len(said)
        said.clear()
        seen(session, now, first, count=12)
        assert len(said) <= few <= 16
        said.clear()
        seen(session, now, first, Every.MONTH, count=24, is_desk=True)
        assert len(said) <= few
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", note)


# --- booked ------------------------------------------------------------------------------------------


def test_a_series_is_booked_with_one_mail_and_one_file(
    session: Session, now: datetime, first: Appointment
) -> None:
    before = count(session, OutboxMessage)
    found = made(session, now, first, 1, 2, 3)
    assert [each.starts_at for each in found] == [TEN, TEN + WEEK, TEN + 2 * WEEK, TEN + 3 * WEEK]
    assert {each.status for each in found} == {Status.BOOKED}
    assert {each.talk_minutes for each in found[1:]} == {0}
    assert count(session, OutboxMessage) == before + 1
    mail = session.scalars(sa.select(OutboxMessage).where(OutboxMessage.kind == "series")).one()
    assert (calendar.unpack(mail.calendar) or "").count("BEGIN:VEVENT") == 4
    assert "Tuesday 15 December" in mail.payload
    assert "Swedish" not in mail.payload + (calendar.unpack(mail.calendar) or "")


def test_the_same_again_is_the_same_series(session: Session, now: datetime, first: Appointment) -> None:
    one = series.book(session, now, first.id, chosen(first, 1, 2), Every.WEEK, actor="test")
    again = series.book(session, now, first.id, chosen(first, 1, 2), Every.WEEK, actor="test")
    assert one.id == again.id
    assert count(session, Appointment) == 3
    assert len(session.scalars(sa.select(OutboxMessage).where(OutboxMessage.kind == "series")).all()) == 1


def test_a_series_may_go_on_later_up_to_its_most(session: Session, now: datetime, first: Appointment) -> None:
    made(session, now, first, 1, 2)
    assert len(made(session, now, first, 3)) == 4
    with pytest.raises(BadInput, match="at most 4"):
        series.book(session, now, first.id, chosen(first, 4), Every.WEEK, actor="test", at_most=4)
    assert count(session, Appointment) == 4


def test_the_third_date_taken_leaves_nothing_and_is_named(
    session: Session, now: datetime, clinic: makers.Clinic, first: Appointment
) -> None:
    booked(session, now, clinic, somebody(session, now), TEN + 2 * WEEK)
    mails = count(session, OutboxMessage)
    with pytest.raises(SlotTaken, match="Tuesday 8 December 2026 at 10:00 has just been taken"):
        made(session, now, first, 1, 2, 3)
    assert (count(session, Appointment), count(session, Series), count(session, SeriesPart)) == (2, 0, 0)
    assert count(session, OutboxMessage) == mails


def test_a_date_after_the_last_day_of_a_clearance_leaves_nothing(
    session: Session, now: datetime, first: Appointment
) -> None:
    assert first.intake is not None
    first.intake.level, first.intake.cleared_until_on = Level.CLEARANCE, date(2026, 12, 5)
    session.flush()
    with pytest.raises(NotCleared, match="Tuesday 8 December"):
        made(session, now, first, 1, 2)
    assert count(session, Appointment) == 1


def test_a_client_is_held_to_the_horizon_and_the_desk_is_not(
    session: Session, now: datetime, clinic: makers.Clinic, first: Appointment
) -> None:
    clinic.site.horizon_days = 20
    session.flush()
    with pytest.raises(NotOffered, match="further ahead"):
        series.book(session, now, first.id, chosen(first, 8), Every.WEEK, actor="client")
    series.book(session, now, first.id, chosen(first, 8), Every.WEEK, actor="test", is_desk=True)
    assert count(session, Appointment) == 2


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.NO_SHOW, Status.LAPSED])
def test_nothing_follows_what_is_not_to_be_held(
    session: Session, now: datetime, first: Appointment, status: Status
) -> None:
    first.status = status
    session.flush()
    with pytest.raises(WrongState):
        made(session, now, first, 1)


def test_nothing_follows_a_time_that_waits_for_a_decision(
    session: Session, now: datetime, first: Appointment
) -> None:
    first.status = Status.PROVISIONAL
    session.flush()
    with pytest.raises(NotCleared, match="waits for a decision"):
        made(session, now, first, 1)


def test_of_no_dates_there_is_no_series(session: Session, now: datetime, first: Appointment) -> None:
    with pytest.raises(BadInput):
        made(session, now, first)
    with pytest.raises(BadInput):
        made(session, now, first, *range(1, 40))
    assert count(session, Series) == 0


def test_an_excluded_session_cannot_become_a_series(
    session: Session, now: datetime, clinic: makers.Clinic, first: Appointment
) -> None:
    first.intake = makers.intake(session, now, {"sensitivity": ["bruise_easily"]})
    first.option = clinic.deep
    session.flush()
    with pytest.raises(Excluded):
        seen(session, now, first)
    with pytest.raises(Excluded):
        made(session, now, first, 1)


# --- changed -----------------------------------------------------------------------------------------


def starts(session: Session) -> list[datetime]:
    return list(
        session.scalars(
            sa.select(Appointment.starts_at)
            .join(SeriesPart, SeriesPart.appointment_id == Appointment.id)
            .order_by(SeriesPart.position)
        )
    )


@pytest.mark.parametrize(
    ("reach", "moved"),
    [(Reach.THIS, [1]), (Reach.FOLLOWING, [1, 2, 3]), (Reach.ALL, [0, 1, 2, 3])],
)
def test_moving_reaches_as_far_as_is_said(
    session: Session, now: datetime, first: Appointment, reach: Reach, moved: list[int]
) -> None:
    found = made(session, now, first, 1, 2, 3)
    to = found[1].starts_at + DAY + LATER
    series.move(session, now, found[1].id, to, reach, actor="test")
    expected = [TEN + n * WEEK + (DAY + LATER if n in moved else DAY * 0) for n in range(4)]
    assert starts(session) == expected
    assert {each.therapist_id for each in found} == {first.therapist_id}


@pytest.mark.parametrize("weeks", [1, -1])
def test_all_may_move_onto_each_other_s_places(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client, weeks: int
) -> None:
    first = booked(session, now, clinic, anna, TEN + 4 * WEEK)
    found = made(session, now, first, 1, 2, 3)
    series.move(session, now, found[1].id, found[1].starts_at + weeks * WEEK, Reach.ALL, actor="test")
    assert starts(session) == [TEN + (4 + weeks + n) * WEEK for n in range(4)]


def test_one_mail_tells_of_all_that_moved(session: Session, now: datetime, first: Appointment) -> None:
    found = made(session, now, first, 1, 2)
    before = count(session, OutboxMessage)
    series.move(session, now, found[0].id, TEN + LATER, Reach.ALL, actor="test")
    assert count(session, OutboxMessage) == before + 1
    mails = session.scalars(sa.select(OutboxMessage).where(OutboxMessage.kind == "series")).all()
    assert (calendar.unpack(mails[-1].calendar) or "").count("SEQUENCE:1") == 3


def test_if_one_cannot_move_none_does(
    session: Session, now: datetime, clinic: makers.Clinic, first: Appointment
) -> None:
    found = made(session, now, first, 1, 2)
    booked(session, now, clinic, somebody(session, now), TEN + 2 * WEEK + 4 * HOUR)
    before, mails = starts(session), count(session, OutboxMessage)
    with pytest.raises(SlotTaken, match="Tuesday 8 December 2026 at 14:00"):
        series.move(session, now, found[0].id, TEN + 4 * HOUR, Reach.ALL, actor="test")
    assert starts(session) == before
    assert count(session, OutboxMessage) == mails


def test_moving_over_the_change_of_clocks_keeps_the_time_on_the_wall(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    clinic.site.horizon_days = 300
    early = booked(session, now, clinic, anna, datetime(2027, 3, 23, 10, 0, tzinfo=UTC))
    found = made_at(session, now, early, datetime(2027, 3, 30, 9, 0, tzinfo=UTC))
    series.move(session, now, early.id, datetime(2027, 3, 23, 14, 0, tzinfo=UTC), Reach.ALL, actor="test")
    assert starts(session) == [
        datetime(2027, 3, 23, 14, tzinfo=UTC),
        datetime(2027, 3, 30, 13, tzinfo=UTC),
    ]
    assert len(found) == 2


def made_at(session: Session, now: datetime, first: Appointment, *at: datetime) -> list[Appointment]:
    times = [Chosen(each, first.therapist_id) for each in at]
    found = series.book(session, now, first.id, times, Every.WEEK, actor="test")
    return [part.appointment for part in found_parts(session, found)]


@pytest.mark.parametrize(
    ("reach", "gone"), [(Reach.THIS, [1]), (Reach.FOLLOWING, [1, 2, 3]), (Reach.ALL, [0, 1, 2, 3])]
)
def test_cancelling_reaches_as_far_as_is_said(
    session: Session, now: datetime, first: Appointment, reach: Reach, gone: list[int]
) -> None:
    found = made(session, now, first, 1, 2, 3)
    series.cancel(session, now, found[1].id, reach, actor="test", reason="The client asked")
    off = [number for number, each in enumerate(found) if each.status is Status.CANCELLED]
    assert off == gone
    mail = session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id.desc())).first()
    assert mail is not None
    assert "METHOD:CANCEL" in (calendar.unpack(mail.calendar) or "")
    assert (calendar.unpack(mail.calendar) or "").count("STATUS:CANCELLED") == len(gone)


def test_what_is_past_or_was_given_stays(session: Session, now: datetime, first: Appointment) -> None:
    found = made(session, now, first, 1, 2, 3)
    found[0].status = Status.FULFILLED
    found[2].status = Status.NO_SHOW
    session.flush()
    later = TEN + WEEK - DAY
    series.move(session, later, found[1].id, found[1].starts_at + LATER, Reach.ALL, actor="test")
    series.cancel(session, later, found[1].id, Reach.ALL, actor="test")
    assert [each.status for each in found] == [
        Status.FULFILLED,
        Status.CANCELLED,
        Status.NO_SHOW,
        Status.CANCELLED,
    ]
    assert starts(session) == [TEN, TEN + WEEK + LATER, TEN + 2 * WEEK, TEN + 3 * WEEK + LATER]


def test_an_old_page_changes_nothing(session: Session, now: datetime, first: Appointment) -> None:
    found = made(session, now, first, 1, 2)
    before = starts(session)
    with pytest.raises(Stale):
        series.move(session, now, found[1].id, TEN + 9 * DAY, Reach.ALL, actor="test", version=99)
    with pytest.raises(Stale):
        series.cancel(session, now, found[1].id, Reach.ALL, actor="test", version=99)
    assert starts(session) == before
    assert {each.status for each in found} == {Status.BOOKED}


def test_a_single_appointment_has_nothing_that_follows(
    session: Session, now: datetime, first: Appointment
) -> None:
    assert series.of(session, first.id) is None
    with pytest.raises(WrongState):
        series.cancel(session, now, first.id, Reach.ALL, actor="test")


def test_the_series_is_shown_with_all_its_parts(session: Session, now: datetime, first: Appointment) -> None:
    found = made(session, now, first, 1, 2)
    whole = series.of(session, found[1].id)
    assert whole is not None
    assert [(part.position, part.listed.id) for part in whole.parts] == [
        (number, each.id) for number, each in enumerate(found, start=1)
    ]
