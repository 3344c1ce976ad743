"""The owner's writes: hours that follow one another, doubles, versions, time off, closures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.kernel.errors import BadInput, NotFound, SlotTaken, Stale
from clinic.roster import hours, queries, readiness, services
from clinic.roster.hours import Hours
from clinic.roster.models import SlotClaim, WorkingHours
from tests import makers
from tests.conftest import NOW

pytestmark = pytest.mark.database
DAY = timedelta(days=1)


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    return makers.clinic(session)


def spans(session: Session, therapist_id: int) -> list[tuple[int, int, int, date, date | None]]:
    rows = session.scalars(
        sa.select(WorkingHours)
        .where(WorkingHours.therapist_id == therapist_id)
        .order_by(WorkingHours.valid_from_on, WorkingHours.weekday)
    )
    return [(r.site_id, r.weekday, r.opens, r.valid_from_on, r.valid_until_on) for r in rows]


def test_a_week_for_some_days_lets_the_earlier_one_go_on_after_them(
    session: Session, clinic: makers.Clinic
) -> None:
    who = clinic.therapists[0].id
    session.execute(sa.delete(WorkingHours).where(WorkingHours.weekday != 0))
    hours.set_week(
        session, who, {clinic.site.id: [Hours(0, 600, 900)]},
        from_on=date(2026, 12, 1), until_on=date(2026, 12, 31),
    )  # fmt: skip
    place = clinic.site.id
    assert spans(session, who) == [
        (place, 0, 540, date(2020, 1, 1), date(2026, 11, 30)),
        (place, 0, 600, date(2026, 12, 1), date(2026, 12, 31)),
        (place, 0, 540, date(2027, 1, 1), None),
    ]
    rows = queries.hours_of(session, who, date(2026, 11, 23))
    assert [(p.from_on, p.until_on) for p in queries.periods(rows, date(2026, 11, 23))] == [
        (date(2026, 11, 23), date(2026, 11, 30)),
        (date(2026, 12, 1), date(2026, 12, 31)),
        (date(2027, 1, 1), None),
    ]
    copied = queries.week_on(rows, date(2027, 1, 1))[place][0]
    assert copied.breaks == ((720, 750),)


def test_the_same_day_set_twice_holds_what_was_said_last(session: Session, clinic: makers.Clinic) -> None:
    who = clinic.therapists[0].id
    for opens in (600, 660):
        hours.set_week(session, who, {clinic.site.id: [Hours(0, opens, 900)]}, from_on=date(2026, 12, 1))
    now_holds = queries.week_on(queries.hours_of(session, who, date(2026, 12, 1)), date(2026, 12, 1))
    assert now_holds == {clinic.site.id: [Hours(0, 660, 900)]}


def test_hours_at_one_site_may_not_overlap_with_another(session: Session, clinic: makers.Clinic) -> None:
    other = makers.site(session, name="Mill Lane", slug="mill-lane")
    who = clinic.therapists[0].id
    with pytest.raises(BadInput, match="another site"):
        hours.set_working_hours(session, who, other.id, [Hours(0, 600, 660)], from_on=date(2026, 12, 1))
    hours.set_working_hours(session, who, other.id, [Hours(0, 1020, 1200)], from_on=date(2026, 12, 1))
    with pytest.raises(BadInput, match="overlap"):
        hours.set_week(
            session, who, {clinic.site.id: [Hours(1, 540, 720)], other.id: [Hours(1, 700, 900)]},
            from_on=date(2026, 12, 1),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("each", "sentence"),
    [
        (Hours(7, 540, 600), "Choose a day of the week."),
        (Hours(0, 600, 600), "must end after they start"),
        (Hours(0, 600, 1445), "must end after they start"),
        (Hours(0, 541, 600), "5 minutes go into"),
        (Hours(0, 540, 600, ((550, 553),)), "5 minutes go into"),
        (Hours(0, 540, 600, ((560, 560),)), "A break must end"),
        (Hours(0, 540, 600, ((560, 605),)), "Breaks must lie inside"),
        (Hours(0, 540, 600, ((545, 560), (555, 570))), "Breaks must lie inside"),
    ],
)
def test_hours_that_cannot_be_are_refused(
    session: Session, clinic: makers.Clinic, each: Hours, sentence: str
) -> None:
    before = spans(session, clinic.therapists[0].id)
    with pytest.raises(BadInput, match=sentence):
        hours.set_week(session, clinic.therapists[0].id, {clinic.site.id: [each]}, from_on=date(2026, 12, 1))
    assert spans(session, clinic.therapists[0].id) == before


@pytest.mark.parametrize("day", [date(9999, 12, 31), date(1, 1, 1)])
def test_days_at_the_ends_of_the_calendar_are_refused(
    session: Session, clinic: makers.Clinic, day: date
) -> None:
    who = clinic.therapists[0].id
    with pytest.raises(BadInput, match="Enter a year"):
        hours.set_week(session, who, {}, from_on=day)
    with pytest.raises(BadInput, match="Enter a year"):
        services.add_closure(session, clinic.site.id, "Never", day, day)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    with pytest.raises(BadInput, match="Enter a year"):
        services.add_time_off(session, NOW, who, start, start + timedelta(hours=1))


def test_an_old_version_is_stale_for_hours_and_person_alike(session: Session, clinic: makers.Clinic) -> None:
    who = clinic.therapists[0]
    seen = who.version
    hours.set_week(session, who.id, {}, from_on=date(2026, 12, 1), version=seen)
    with pytest.raises(Stale):
        hours.set_week(session, who.id, {}, from_on=date(2026, 12, 1), version=seen)
    with pytest.raises(Stale):
        services.save_therapist(session, name="Other", skill_ids=[], therapist_id=who.id, version=seen)


def test_what_is_not_there_cannot_be_written_to(session: Session, clinic: makers.Clinic) -> None:
    with pytest.raises(NotFound):
        hours.set_week(session, 999, {}, from_on=date(2026, 12, 1))
    with pytest.raises(NotFound):
        hours.set_week(session, clinic.therapists[0].id, {999: []}, from_on=date(2026, 12, 1))
    with pytest.raises(NotFound):
        services.add_time_off(session, NOW, 999, NOW, NOW + DAY)
    with pytest.raises(NotFound):
        services.add_maintenance(session, NOW, 999, NOW, NOW + DAY)
    with pytest.raises(BadInput):
        services.save_room(session, site_id=999, name="Attic")
    with pytest.raises(NotFound):
        services.set_offering_rooms(session, 999, [])


def test_time_off_and_maintenance_claim_the_diary_and_give_it_back(
    session: Session, clinic: makers.Clinic
) -> None:
    def claims() -> int:
        return session.scalar(sa.select(sa.func.count()).select_from(SlotClaim)) or 0

    away = services.add_time_off(session, NOW, clinic.therapists[0].id, NOW, NOW + DAY, " Family  days ")
    out = services.add_maintenance(session, NOW, clinic.rooms[0].id, NOW, NOW + DAY)
    assert (away.reason, claims()) == ("Family days", 2 * 288)
    with pytest.raises(SlotTaken):
        services.add_time_off(session, NOW, clinic.therapists[0].id, NOW + DAY / 2, NOW + 2 * DAY)
    for _twice in range(2):
        services.cancel_time_off(session, NOW, away.id)
        services.cancel_maintenance(session, NOW, out.id)
    assert claims() == 0


@pytest.mark.parametrize("length", [timedelta(0), -DAY, timedelta(days=367)])
def test_time_off_backwards_or_for_over_a_year_is_refused(
    session: Session, clinic: makers.Clinic, length: timedelta
) -> None:
    with pytest.raises(BadInput):
        services.add_time_off(session, NOW, clinic.therapists[0].id, NOW, NOW + length)


def test_sites_of_one_name_get_no_second_and_slugs_differ(session: Session, clinic: makers.Clinic) -> None:
    facts = services.SiteFacts(
        name="Canal  Street", clinic_name="Test Rooms", address="1 Road", phone="020 7946 0143",
        email="a@clinic.example", tz="Europe/London",
    )  # fmt: skip
    with pytest.raises(BadInput, match="of that name already"):
        services.save_site(session, facts)
    made = services.save_site(session, replace(facts, name="Canal-Street"))
    assert made.slug == "canal-street-2"


def test_a_room_stays_at_its_site(session: Session, clinic: makers.Clinic) -> None:
    other = makers.site(session, name="Mill Lane", slug="mill-lane")
    with pytest.raises(BadInput, match="stays at its site"):
        services.save_room(session, site_id=other.id, name="Room 1", room_id=clinic.rooms[0].id)
    assert services.save_room(session, site_id=other.id, name="Room 1").id != clinic.rooms[0].id


# --- what is missing -----------------------------------------------------------------------------------


def sentences(session: Session) -> list[str]:
    return [gap.sentence for gap in readiness.gaps(readiness.read(session, NOW))]


def test_a_whole_clinic_misses_only_sign_ins(session: Session, clinic: makers.Clinic) -> None:
    assert sentences(session) == ["Amara Osei has no sign-in.", "Tom Whitfield has no sign-in."]


def test_each_gap_is_named(session: Session, clinic: makers.Clinic) -> None:
    other = makers.site(session, name="Mill Lane", slug="mill-lane")
    attic = services.save_room(session, site_id=other.id, name="Attic")
    services.set_offering_rooms(session, clinic.swedish.offering_id, [attic.id])
    services.set_offering_rooms(session, clinic.deep.offering_id, [clinic.rooms[0].id])
    hours.set_week(session, clinic.therapists[1].id, {}, from_on=date(2020, 1, 1))
    clinic.deep.is_active = False
    session.flush()
    found = sentences(session)
    for expected in (
        "Swedish has no room where its therapists work.", "Deep tissue has no length.",
        "Tom Whitfield has no hours.", "Nobody works at Mill Lane.", "Room 2 is not used.",
    ):  # fmt: skip
        assert expected in found


def test_hours_that_have_ended_are_no_hours(session: Session, clinic: makers.Clinic) -> None:
    session.execute(sa.update(WorkingHours).values(valid_until_on=NOW.date() - DAY))
    session.expire_all()
    assert "Amara Osei has no hours." in sentences(session)
