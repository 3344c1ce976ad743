"""How much of a diary may be held from the web: one time a visitor, a few an address, half of any day."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import hold_limits, services, slots
from clinic.booking.hold_limits import Source
from clinic.booking.models import Hold
from clinic.booking.statuses import HoldStatus, Status
from clinic.intake.models import Intake
from clinic.kernel.errors import HoldLapsed, SlotTaken, TooMany
from clinic.roster.models import DiaryEntry
from tests import makers
from tests.makers import Clinic

pytestmark = pytest.mark.database
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def clinic(session: Session) -> Clinic:
    return makers.clinic(session)


@pytest.fixture
def intake(session: Session, now: datetime) -> Intake:
    return makers.intake(session, now)


def visitor(number: int, address: int | None = None) -> Source:
    return Source(f"visitor {number}", f"address {number if address is None else address}")


def open_holds(session: Session) -> list[Hold]:
    wanted = sa.select(Hold).where(Hold.status == HoldStatus.OPEN).order_by(Hold.id)
    return list(session.scalars(wanted.execution_options(populate_existing=True)))


def test_a_visitor_has_one_open_hold(session: Session, now: datetime, clinic: Clinic, intake: Intake) -> None:
    services.hold(session, now, clinic.wish(), TEN, intake, source=visitor(1))
    second = services.hold(session, now, clinic.wish(), TEN + 3 * HOUR, intake, source=visitor(1))
    assert open_holds(session) == [second]
    assert session.scalar(sa.select(sa.func.count()).select_from(DiaryEntry)) == 1


def test_the_same_time_may_be_held_again_by_who_has_it(
    session: Session, now: datetime, clinic: Clinic, intake: Intake
) -> None:
    """Two journeys of one browser: the second takes the time over."""
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    first = services.hold(session, now, wish, TEN, intake, source=visitor(1))
    session.refresh(first)
    mine = clinic.wish(therapist_id=clinic.therapists[0].id, ignore_entry_id=first.entry_id)
    second = services.hold(session, now, mine, TEN, intake, source=visitor(1))
    assert open_holds(session) == [second]


def test_a_time_that_is_gone_leaves_the_visitors_hold_as_it_was(
    session: Session, now: datetime, clinic: Clinic, intake: Intake
) -> None:
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    services.hold(session, now, wish, TEN, intake)
    first = services.hold(session, now, wish, TEN + 3 * HOUR, intake, source=visitor(1))
    with pytest.raises(SlotTaken):
        services.hold(session, now, wish, TEN, intake, source=visitor(1))
    assert first in open_holds(session)
    assert first.entry_id is not None


def test_one_address_holds_six_times_at_once_whatever_its_cookies(
    session: Session, now: datetime, clinic: Clinic, intake: Intake
) -> None:
    for number in range(6):
        at = TEN + number * DAY
        services.hold(session, now, clinic.wish(), at, intake, source=visitor(number, address=1))
    with pytest.raises(TooMany, match="internet connection") as refused:
        services.hold(session, now, clinic.wish(), TEN + 7 * DAY, intake, source=visitor(7, address=1))
    assert refused.value.status == 429
    services.hold(session, now, clinic.wish(), TEN + 7 * DAY, intake, source=visitor(8, address=2))
    services.hold(session, now, clinic.wish(), TEN + 8 * DAY, intake, source=visitor(3, address=1))
    later = now + timedelta(minutes=11)
    services.hold(session, later, clinic.wish(), TEN + 9 * DAY, intake, source=visitor(9, address=1))


def test_one_address_makes_thirty_holds_in_an_hour(
    session: Session, now: datetime, clinic: Clinic, intake: Intake
) -> None:
    for number in range(30):
        at = TEN + (number % 20) * DAY
        services.hold(session, now, clinic.wish(), at, intake, source=visitor(1))
    with pytest.raises(TooMany, match="in an hour"):
        services.hold(session, now, clinic.wish(), TEN + 21 * DAY, intake, source=visitor(2, address=1))
    later = now + timedelta(minutes=61)
    services.hold(session, later, clinic.wish(), TEN + 21 * DAY, intake, source=visitor(2, address=1))


def test_the_desk_is_never_limited(session: Session, now: datetime, clinic: Clinic, intake: Intake) -> None:
    for hour, minute in ((9, 0), (10, 15), (12, 30), (13, 45), (15, 0)):
        for _therapist in range(2):
            services.hold(session, now, clinic.wish(), TEN.replace(hour=hour, minute=minute), intake)
    assert all(held.entry_id for held in open_holds(session))


def test_half_of_a_therapists_day_is_kept_at_most_and_the_rest_is_chosen_without_a_square(
    session: Session, now: datetime, clinic: Clinic, intake: Intake
) -> None:
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    held = [
        services.hold(session, now, wish, TEN.replace(hour=hour, minute=minute), intake, source=visitor(hour))
        for hour, minute in ((9, 0), (10, 15), (12, 30), (13, 45), (15, 0))
    ]
    kept = [each for each in held if each.entry_id is not None]
    assert 1 <= len(kept) <= 3
    left = slots.openings(session, wish, date(2026, 11, 24), 1, now)
    assert {held[-1].starts_at} <= {slot.starts_at for slot in left}


def test_a_time_chosen_without_a_square_is_entered_when_it_is_booked(
    session: Session, now: datetime, clinic: Clinic, intake: Intake
) -> None:
    chosen = _not_kept(session, now, clinic, intake)
    made = services.confirm(session, now, chosen.id, makers.client(session, now), actor="client")
    assert made.status is Status.BOOKED
    assert made.entry_id is not None
    again = services.confirm(session, now, chosen.id, made.client, actor="client")
    assert again.id == made.id


def test_a_time_chosen_without_a_square_goes_to_whoever_books_first(
    session: Session, now: datetime, clinic: Clinic, intake: Intake
) -> None:
    chosen = _not_kept(session, now, clinic, intake)
    wish = clinic.wish(therapist_id=chosen.therapist_id)
    services.book(session, now, wish, chosen.starts_at, makers.client(session, now), intake, actor="desk")
    with pytest.raises(SlotTaken):
        services.confirm(
            session, now, chosen.id, makers.client(session, now, name="Ben Hall"), actor="client"
        )


def test_a_time_chosen_without_a_square_lapses_like_any_other(
    session: Session, now: datetime, clinic: Clinic, intake: Intake
) -> None:
    chosen = _not_kept(session, now, clinic, intake)
    with pytest.raises(HoldLapsed):
        services.confirm(session, chosen.expires_at, chosen.id, makers.client(session, now), actor="client")


def _not_kept(session: Session, now: datetime, clinic: Clinic, intake: Intake) -> Hold:
    """A hold with no square of the diary: others hold half of that therapist's day."""
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    for number, hour in enumerate((9, 13, 15, 10)):
        at = TEN.replace(hour=hour, minute=15)
        held = services.hold(session, now, wish, at, intake, source=visitor(number))
        if held.entry_id is None:
            return held
    raise AssertionError("everything was kept")


@pytest.mark.parametrize(("day", "is_kept"), [(-1, True), (0, False), (1, True)])
def test_only_what_others_hold_on_that_very_day_counts(
    session: Session, now: datetime, clinic: Clinic, intake: Intake, day: int, is_kept: bool
) -> None:
    """A time between the last two sessions that would fit is kept for who holds alone that day."""
    one, other = (clinic.wish(therapist_id=each.id) for each in clinic.therapists[:2])
    on, desk = date(2026, 11, 25), {"actor": "desk"}
    while len(free := slots.openings(session, one, on, 1, now)) > 9:
        client = makers.client(session, now, name=f"Nobody {len(free)}")
        services.book(session, now, one, free[0].starts_at, client, intake, **desk)
    theirs = slots.openings(session, other, on + timedelta(days=day), 1, now)[0]
    services.hold(session, now, other, theirs.starts_at, intake, source=visitor(1))
    held = services.hold(session, now, one, free[len(free) // 2].starts_at, intake, source=visitor(2))
    assert (held.entry_id is not None) is is_kept


def test_two_thousand_fake_holds_from_five_hundred_addresses_empty_no_day(
    session: Session, now: datetime, clinic: Clinic, intake: Intake
) -> None:
    """Whatever they take of two weeks, somebody who comes to book finds a time on each day and gets it."""
    asked = _attack(session, now, clinic, intake)
    assert asked == 2000
    held = [each for each in open_holds(session) if each.entry_id is not None]
    assert 20 <= len(held) < 2000
    for day in range(1, 15):
        on = now.date() + timedelta(days=day)
        free = slots.openings(session, clinic.wish(), on, 1, now)
        assert free, f"nothing is free on {on}"
        chosen = services.hold(
            session, now, clinic.wish(), free[0].starts_at, intake, source=visitor(9000 + day)
        )
        who = makers.client(session, now, name=f"Real {day}")
        assert services.confirm(session, now, chosen.id, who, actor="client").status is Status.BOOKED


def _attack(session: Session, now: datetime, clinic: Clinic, intake: Intake) -> int:
    """Takes every start of two weeks that is free, again and again, each with another cookie."""
    asked = 0
    while asked < 2000:
        for day in range(1, 15):
            on = now.date() + timedelta(days=day)
            free = slots.openings(session, clinic.wish(), on, 1, now)
            for slot in free[: 2000 - asked]:
                who = visitor(asked, asked % 500)
                with contextlib.suppress(SlotTaken, TooMany):
                    services.hold(session, now, clinic.wish(), slot.starts_at, intake, source=who)
                asked += 1
    return asked


def test_where_holds_came_from_is_forgotten_after_a_day(
    session: Session, now: datetime, clinic: Clinic, intake: Intake
) -> None:
    held = services.hold(session, now, clinic.wish(), TEN, intake, source=visitor(1))
    services.lapse_holds(session, now + HOUR)
    session.refresh(held)
    assert held.address_digest is not None
    hold_limits.forget_sources(session, now + timedelta(hours=25))
    session.refresh(held)
    assert (held.address_digest, held.visitor_digest) == (None, None)
