"""Hours, spans and policies that cannot be, given to the services: refused by name, nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.db import Base
from clinic.kernel.errors import BadInput, Refusal, SlotTaken
from clinic.roster import hours, services
from clinic.roster.hours import Hours
from clinic.roster.services import SiteFacts
from tests import makers
from tests.conftest import NOW

pytestmark = pytest.mark.database
MORNING, NOON = [Hours(0, 540, 720)], [Hours(0, 660, 780)]
NEW_YEAR, SUMMER = date(2028, 1, 1), date(2028, 6, 30)
FACTS = SiteFacts(
    name="Mill Lane", clinic_name="Test Rooms", address="2 Mill Lane", phone="020 7946 0142",
    email="mill@clinic.example", tz="Europe/London",
)  # fmt: skip


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    return makers.clinic(session)


def refused(
    session: Session, act: Callable[[], object], sentence: str, kind: type[Refusal] = BadInput
) -> Refusal:
    """The refusal, after a look that no table has a row more or less."""

    def rows() -> dict[str, int | None]:
        session.flush()
        tables = Base.metadata.tables.items()
        return {name: session.scalar(sa.select(sa.func.count()).select_from(each)) for name, each in tables}

    before = rows()
    with pytest.raises(kind) as found:
        act()
    assert sentence in found.value.sentence
    assert rows() == before
    return found.value


@pytest.fixture
def elsewhere(session: Session, clinic: makers.Clinic) -> int:
    """A second site: there alone the first therapist works, on Monday mornings for half a year."""
    other = makers.site(session, name="Mill Lane", slug="mill-lane")
    who = clinic.therapists[0].id
    hours.set_week(session, who, {}, from_on=date(2027, 1, 1))
    hours.set_week(session, who, {other.id: MORNING}, from_on=NEW_YEAR, until_on=SUMMER)
    return other.id


@pytest.mark.parametrize(
    ("from_on", "until_on"),
    [
        (NEW_YEAR, SUMMER),
        (NEW_YEAR - timedelta(days=30), NEW_YEAR),
        (SUMMER, None),
        (NEW_YEAR - timedelta(days=30), None),
        (date(2028, 3, 1), date(2028, 3, 1)),
    ],
)
def test_nobody_is_at_two_sites_at_once_while_both_hold(
    session: Session, clinic: makers.Clinic, elsewhere: int, from_on: date, until_on: date | None
) -> None:
    who, here = clinic.therapists[0].id, clinic.site.id

    def write() -> object:
        return hours.set_working_hours(session, who, here, NOON, from_on=from_on, until_on=until_on)

    refused(session, write, "These hours overlap with the hours at another site.")


@pytest.mark.parametrize(
    ("from_on", "until_on", "at"),
    [
        (NEW_YEAR - timedelta(days=30), NEW_YEAR - timedelta(days=1), NOON),
        (SUMMER + timedelta(days=1), None, NOON),
        (NEW_YEAR, SUMMER, [Hours(0, 720, 780)]),
        (NEW_YEAR, SUMMER, [Hours(1, 660, 780)]),
    ],
    ids=["before", "after", "touching", "another day"],
)
def test_hours_at_another_site_before_after_or_beside_them_are_taken(
    session: Session,
    clinic: makers.Clinic,
    elsewhere: int,
    from_on: date,
    until_on: date | None,
    at: list[Hours],
) -> None:
    who = clinic.therapists[0].id
    hours.set_working_hours(session, who, clinic.site.id, at, from_on=from_on, until_on=until_on)


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31), date.max, date.min])
def test_no_hours_hold_from_or_until_a_day_beyond_the_calendar(
    session: Session, clinic: makers.Clinic, day: date
) -> None:
    who, here = clinic.therapists[0].id, clinic.site.id
    for act in (
        lambda: hours.set_week(session, who, {here: MORNING}, from_on=day),
        lambda: hours.set_week(session, who, {here: MORNING}, from_on=NEW_YEAR, until_on=day),
        lambda: hours.set_working_hours(session, who, here, MORNING, from_on=day),
        lambda: hours.set_working_hours(session, who, here, MORNING, from_on=NEW_YEAR, until_on=day),
    ):
        refused(session, act, "Enter a year from 2000 to 2100.")


def test_a_break_that_cannot_be_is_named_by_its_place(session: Session, clinic: makers.Clinic) -> None:
    who, here = clinic.therapists[0].id, clinic.site.id
    late_first = Hours(0, 540, 1020, ((900, 930), (1000, 1030)))
    turned = Hours(0, 540, 1020, ((600, 630), (700, 700)))
    for each, named in (
        (late_first, "break 1"),
        (turned, "break 1"),
        (Hours(0, 540, 1020, ((541, 550),)), "break 0"),
    ):
        found = refused(
            session,
            lambda each=each: hours.set_week(session, who, {here: [each]}, from_on=NEW_YEAR),
            "",  # type: ignore[misc]
        )
        assert isinstance(found, BadInput)
        assert found.field == named


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tz": ""}, "tz"),
        ({"tz": "localtime"}, "tz"),
        ({"tz": "right/Europe/London"}, "tz"),
        ({"horizon_days": 36_500}, "horizon_days"),
        ({"horizon_days": 0}, "horizon_days"),
        ({"horizon_days": 2, "min_notice_minutes": 2880}, "min_notice_minutes"),
        ({"min_notice_minutes": -1}, "min_notice_minutes"),
        ({"change_until_minutes": 10**9}, "change_until_minutes"),
        ({"hold_minutes": 0}, "hold_minutes"),
        ({"talk_minutes": 7}, "talk_minutes"),
        ({"grid_minutes": 7}, "grid_minutes"),
        ({"decide_within_hours": 0}, "decide_within_hours"),
        ({"decide_within_hours": 337}, "decide_within_hours"),
        ({"provisional_hours": -1}, "provisional_hours"),
        ({"provisional_hours": 721}, "provisional_hours"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_at_its_field(
    session: Session, clinic: makers.Clinic, changes: dict[str, Any], field: str
) -> None:
    for number in (None, clinic.site.id):
        found = refused(
            session,
            lambda number=number: services.save_site(session, replace(FACTS, **changes), number),
            "",  # type: ignore[misc]
        )
        assert isinstance(found, BadInput)
        assert found.field == field


def test_time_off_and_maintenance_over_their_own_kind_say_so(session: Session, clinic: makers.Clinic) -> None:
    who, room = clinic.therapists[0].id, clinic.rooms[0].id
    low = datetime(2026, 12, 1, 9, tzinfo=UTC)
    spans = [(low, low + timedelta(hours=2)), (low + timedelta(hours=1), low + timedelta(hours=5))]
    services.add_time_off(session, NOW, who, *spans[0])
    services.add_maintenance(session, NOW, room, *spans[0])
    for starts_at, ends_at in spans:
        refused(
            session, lambda a=starts_at, b=ends_at: services.add_time_off(session, NOW, who, a, b),  # type: ignore[misc]
            "There is time off in the diary then already.", SlotTaken,
        )  # fmt: skip
        refused(
            session, lambda a=starts_at, b=ends_at: services.add_maintenance(session, NOW, room, a, b),  # type: ignore[misc]
            "The room is out of use then already.", SlotTaken,
        )  # fmt: skip
