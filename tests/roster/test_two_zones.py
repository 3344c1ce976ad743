"""Weekly hours at two sites that keep different time: nobody is at both at once, by instants."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.kernel.errors import BadInput
from clinic.roster import hours, queries
from clinic.roster.hours import Hours
from clinic.roster.models import Site, WorkingHours
from tests import makers

pytestmark = pytest.mark.database
DECEMBER = date(2026, 12, 1)
MONDAY, TUESDAY = 0, 1
MORNING = Hours(TUESDAY, 9 * 60, 12 * 60)
IN_MEETING = "On Tuesday 1 December 2026 these hours overlap with those at Pune, 15:00 to 19:00 there."


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    """In London."""
    return makers.clinic(session)


@pytest.fixture
def pune(session: Session, clinic: makers.Clinic) -> Site:
    return makers.site(session, name="Pune", slug="pune", tz="Asia/Kolkata")


def number(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(WorkingHours)) or 0


def test_the_same_wall_times_at_both_are_taken(session: Session, clinic: makers.Clinic, pune: Site) -> None:
    who = clinic.therapists[0].id
    week = {clinic.site.id: [MORNING], pune.id: [MORNING]}
    hours.set_week(session, who, week, from_on=DECEMBER)
    assert queries.week_on(queries.hours_of(session, who, DECEMBER), DECEMBER) == week


def test_one_week_that_meets_itself_is_refused_with_day_and_place(
    session: Session, clinic: makers.Clinic, pune: Site
) -> None:
    who, before = clinic.therapists[0].id, number(session)
    week = {clinic.site.id: [MORNING], pune.id: [Hours(TUESDAY, 15 * 60, 19 * 60)]}
    with pytest.raises(BadInput) as refusal:
        hours.set_week(session, who, week, from_on=DECEMBER)
    assert refusal.value.sentence == IN_MEETING
    assert number(session) == before


def test_new_hours_at_one_site_are_looked_at_beside_those_at_the_other(
    session: Session, clinic: makers.Clinic, pune: Site
) -> None:
    who = clinic.therapists[0].id  # in London every day from 9:00 to 17:00
    for opens, closes in ((0, 14 * 60 + 25), (23 * 60, 24 * 60)):
        hours.set_working_hours(
            session, who, pune.id, [Hours(TUESDAY, opens, closes)],
            from_on=DECEMBER, until_on=date(2027, 3, 1),
        )  # fmt: skip
    with pytest.raises(BadInput, match="On Tuesday 1 December 2026"):
        hours.set_working_hours(
            session, who, pune.id, [Hours(TUESDAY, 14 * 60, 14 * 60 + 35)],
            from_on=DECEMBER, until_on=date(2027, 3, 1),
        )  # fmt: skip


def test_hours_that_meet_only_in_summer_are_refused_with_the_day(
    session: Session, clinic: makers.Clinic, pune: Site
) -> None:
    who, early = clinic.therapists[0].id, [Hours(MONDAY, 11 * 60, 14 * 60)]
    with pytest.raises(BadInput, match="On Monday 29 March 2027"):
        hours.set_working_hours(session, who, pune.id, early, from_on=DECEMBER)
    winter = date(2027, 3, 27)
    hours.set_working_hours(session, who, pune.id, early, from_on=DECEMBER, until_on=winter)


def test_where_a_new_week_ends_it_does_not_run_into_the_one_that_goes_on(
    session: Session, clinic: makers.Clinic, pune: Site
) -> None:
    who = clinic.therapists[0].id
    monday_night = {pune.id: [Hours(TUESDAY, 0, 5 * 60)]}
    hours.set_week(session, who, monday_night, from_on=DECEMBER)
    # London's Monday 20:00 to 22:00 is Pune's Tuesday 1:30 to 3:30.
    late = {clinic.site.id: [Hours(MONDAY, 20 * 60, 22 * 60)]}
    with pytest.raises(BadInput, match="On Monday 14 December 2026 these hours overlap with those at Pune"):
        hours.set_week(session, who, late, from_on=date(2026, 12, 7), until_on=date(2026, 12, 14))
    hours.set_week(session, who, late, from_on=date(2026, 12, 7), until_on=date(2026, 12, 15))
