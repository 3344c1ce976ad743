"""The demo clinic keeps every rule of the house and is made up from first to last."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking import pairs, parties, queue
from clinic.booking.lifecycle import LIVE
from clinic.booking.models import Appointment, Hold, Party
from clinic.booking.screening import suits
from clinic.booking.slots import Wish, openings
from clinic.booking.statuses import HoldStatus, Status
from clinic.catalog.models import Offering
from clinic.db import Base
from clinic.demo.fill import CLIENTS, fill
from clinic.intake import documents
from clinic.intake import services as intakes
from clinic.intake.level import Level, level_on
from clinic.intake.models import (
    CallBack,
    CallBackStatus,
    Clearance,
    ClearanceDocument,
    ClearanceStatus,
    DocumentKind,
    Intake,
)
from clinic.intake.techniques import load_techniques
from clinic.kernel.spans import Span, contains
from clinic.kernel.ticks import ticks_between
from clinic.kernel.walltime import epoch_minute, local
from clinic.notify.models import OutboxMessage
from clinic.people.models import Client, RoleName, User
from clinic.people.services import DEMO_PASSWORD, demo_sign_ins, sign_in
from clinic.roster.availability import WorkingPattern, working_spans
from clinic.roster.models import (
    Closure,
    DiaryEntry,
    DiarySpan,
    EntryKind,
    OwnerKind,
    Room,
    Site,
    SlotClaim,
    Therapist,
    TimeOff,
    WorkingHours,
    offering_room,
)

# One process fills it for all. What it holds has nothing to do with the database: see test_demo_filling.py.
pytestmark = pytest.mark.xdist_group("demo")

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 24, 10, 20, tzinfo=UTC)  # a Tuesday
FILM_NUMBERS = re.compile(r"\+447700900\d{3}|\+442079460\d{3}")


@pytest.fixture(scope="module")
def filled(shared_engine: Engine) -> Iterator[Session]:
    """The demo clinic, filled at NOW and rolled back after the module; for reading alone."""
    with shared_engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            fill(session, NOW)
            yield session
        outer.rollback()


def test_it_is_as_large_as_promised(filled: Session) -> None:
    def number(model: type[Base]) -> int:
        return filled.scalar(sa.select(sa.func.count()).select_from(model)) or 0

    assert (number(Site), number(Therapist), number(Room), number(Offering)) == (2, 8, 6, 10)
    assert number(Client) == CLIENTS == 400
    statuses = Counter(filled.scalars(sa.select(Appointment.status)))
    assert statuses[Status.FULFILLED] > 1000
    assert statuses[Status.BOOKED] > 400
    assert statuses[Status.PROVISIONAL] == 3
    assert min(statuses[Status.CANCELLED], statuses[Status.NO_SHOW]) > 25
    starts = list(filled.scalars(sa.select(Appointment.starts_at)))
    assert min(starts) < NOW - timedelta(days=80)
    assert max(starts) > NOW + timedelta(days=38)
    asked = Counter(filled.scalars(sa.select(CallBack.status)))
    assert asked[CallBackStatus.OPEN] >= 3
    assert number(OutboxMessage) == 0


def test_a_queue_of_clearances_waits_one_of_them_longer_than_promised(filled: Session) -> None:
    assert queue.number(filled, NOW) == (6, 1)
    stands = Counter(filled.scalars(sa.select(Clearance.status)))
    assert stands == {
        ClearanceStatus.OPEN: 6, ClearanceStatus.MORE_NEEDED: 3, ClearanceStatus.ALLOWED: 2,
        ClearanceStatus.LIMITED: 3, ClearanceStatus.REFUSED: 1,
    }  # fmt: skip
    reply = filled.scalars(sa.select(ClearanceDocument)).one()
    assert documents.read(reply.content) == (DocumentKind.PDF, reply.content)
    assert sum(len(each.times) for each in queue.open_ones(filled)) == 2


def test_every_technique_has_its_offering_within_its_pressure(filled: Session) -> None:
    techniques = load_techniques().by_id
    offerings = filled.scalars(sa.select(Offering)).all()
    assert sorted(offering.technique for offering in offerings) == sorted(techniques)
    for offering in offerings:
        assert 2 <= len(offering.options) <= 5
        for option in offering.options:
            technique = techniques[offering.technique]
            assert (option.pressure_lightest, option.pressure_firmest) == (
                technique.lightest,
                technique.firmest,
            )
    assert {o.desk_name for o in offerings if o.technique == "pregnancy"} == {"Side-lying"}


def test_entries_spans_and_claims_agree(filled: Session) -> None:
    entries = {entry.id: entry for entry in filled.scalars(sa.select(DiaryEntry))}
    squares: dict[tuple[int, OwnerKind, int], set[int]] = defaultdict(set)
    for claim in filled.scalars(sa.select(SlotClaim)):
        squares[claim.entry_id, claim.kind, claim.owner_id].add(claim.tick)
    spans: dict[tuple[int, OwnerKind, int], set[int]] = defaultdict(set)
    for span in filled.scalars(sa.select(DiarySpan)):
        spans[span.entry_id, span.kind, span.owner_id] |= set(range(span.from_tick, span.to_tick))
    assert squares == spans
    assert {entry_id for entry_id, _kind, _owner in spans} == set(entries)
    yesterday = datetime(2026, 11, 23, tzinfo=LONDON)
    for made in filled.scalars(sa.select(Appointment)):
        if made.status not in LIVE or made.starts_at < yesterday:
            assert made.entry_id is None
            continue
        assert made.entry_id is not None
        assert entries[made.entry_id].kind is EntryKind.APPOINTMENT
        ticks = set(ticks_between(made.starts_at, made.ends_at))
        assert spans[made.entry_id, OwnerKind.CLIENT, made.client_id] == ticks
        assert ticks <= spans[made.entry_id, OwnerKind.ROOM, made.room_id]
        assert ticks <= spans[made.entry_id, OwnerKind.THERAPIST, made.therapist_id]


def test_nobody_was_ever_in_two_places(filled: Session) -> None:
    taken: dict[tuple[str, int], list[tuple[datetime, datetime]]] = defaultdict(list)
    for made in filled.scalars(sa.select(Appointment)):
        if made.status in LIVE:
            for owner in (("t", made.therapist_id), ("r", made.room_id), ("c", made.client_id)):
                taken[owner].append((made.starts_at, made.ends_at))
    for spans in taken.values():
        spans.sort()
        assert all(one[1] <= other[0] for one, other in pairwise(spans))


def working(session: Session) -> dict[tuple[int, int], list[Span]]:
    """What each therapist works at each site (therapist, site) in epoch minutes, closures left out."""
    first, days = NOW.date() - timedelta(days=90), 140
    closed: dict[int, set[date]] = defaultdict(set)
    for closure in session.scalars(sa.select(Closure)):
        for step in range((closure.ends_on - closure.starts_on).days + 1):
            closed[closure.site_id].add(closure.starts_on + timedelta(days=step))
    patterns: dict[tuple[int, int], list[WorkingPattern]] = defaultdict(list)
    for hours in session.scalars(sa.select(WorkingHours)):
        breaks = tuple((pause.starts, pause.ends) for pause in hours.breaks)
        pattern = WorkingPattern(hours.weekday, hours.opens, hours.closes, breaks)
        patterns[hours.therapist_id, hours.site_id].append(pattern)
    return {
        owner: working_spans(mine, first, days, LONDON, closed[owner[1]]) for owner, mine in patterns.items()
    }


def test_no_therapist_is_booked_outside_their_hours(filled: Session) -> None:
    hours = working(filled)
    away: dict[int, list[TimeOff]] = defaultdict(list)
    for time_off in filled.scalars(sa.select(TimeOff)):
        away[time_off.therapist_id].append(time_off)
    taken = 0
    for made in filled.scalars(sa.select(Appointment)):
        before, after = made.option.buffer_before_minutes, made.option.buffer_after_minutes
        start, end = epoch_minute(made.starts_at) - before, epoch_minute(made.ends_at) + after
        assert contains(hours[made.therapist_id, made.site_id], start, end)
        for time_off in away[made.therapist_id]:
            assert made.ends_at <= time_off.starts_at or time_off.ends_at <= made.starts_at
        taken += end - start if made.status in LIVE else 0
    first, last = epoch_minute(NOW - timedelta(days=84)), epoch_minute(NOW + timedelta(days=42))
    worked = sum(end - start for spans in hours.values() for start, end in spans if first < start < last)
    assert 0.6 <= taken / worked <= 0.66, taken / worked


def test_every_appointment_suits_its_intake_its_therapist_and_its_room(filled: Session) -> None:
    suitable: dict[int, set[int]] = defaultdict(set)
    for offering_id, room_id in filled.execute(sa.select(offering_room)):
        suitable[offering_id].add(room_id)
    for made in filled.scalars(sa.select(Appointment)):
        assert made.intake is not None
        assert made.intake.client_id == made.client_id
        assert made.intake.created_at < made.created_at <= min(NOW, made.starts_at)
        held = made.status is Status.PROVISIONAL
        level = level_on(
            made.intake.level or Level.CLEAR, made.intake.cleared_until_on, made.starts_at.date()
        )
        assert level in ({Level.CLEARANCE} if held else {Level.CLEAR, Level.ADAPT})
        assert suits(intakes.restrictions_of(made.intake), made.option)
        assert made.option.offering.skill in made.therapist.skills
        assert made.room_id in suitable[made.option.offering_id]
        assert made.room.site_id == made.site_id
        minutes = (made.ends_at - made.starts_at) // timedelta(minutes=1)
        assert minutes == made.option.minutes + made.talk_minutes
        assert local(made.starts_at, LONDON).minute % made.site.grid_minutes == 0


def test_what_is_kept_of_an_intake_is_what_the_rules_say(filled: Session) -> None:
    for intake in filled.scalars(sa.select(Intake).order_by(Intake.id).limit(60)):
        outcome = intakes.outcome_of(intake)
        assert intake.level is outcome.level
        assert sorted(finding.rule for finding in intake.findings) == sorted(outcome.matched)


def test_everything_offered_has_a_free_time_in_the_coming_week(filled: Session) -> None:
    sites = filled.scalars(sa.select(Site.id)).all()
    for offering in filled.scalars(sa.select(Offering)):
        for option in offering.options:
            free = [
                slot
                for site_id in sites
                for slot in openings(filled, Wish(site_id, option.id), NOW.date(), 7, NOW)
            ]
            assert free, f"{offering.name} {option.minutes}"


def test_two_find_a_time_in_one_room_within_a_week(filled: Session) -> None:
    (wide,) = filled.scalars(sa.select(Room).where(Room.places == 2))
    swedish = filled.scalars(sa.select(Offering).where(Offering.technique == "swedish")).one()
    deep = filled.scalars(sa.select(Offering).where(Offering.technique == "deep_tissue")).one()
    first, second = (Wish(wide.site_id, each.options[1].id) for each in (swedish, deep))
    found = pairs.find(filled, first, second, NOW.date(), 7, NOW, one_room=True)
    assert {pair.first.room_id for pair in found} == {wide.id}


def test_some_come_together_and_each_knows_of_the_other(filled: Session) -> None:
    found = filled.scalars(sa.select(Party)).all()
    assert len(found) == 3
    for party in found:
        one, other = parties.coming(party)
        assert parties.companion(filled, one.id) == other
        assert (one.starts_at, one.site_id) == (other.starts_at, other.site_id)
        assert one.starts_at > NOW
        assert one.client_id != other.client_id
        for each, companion in ((one, other), (other, one)):
            told = [event.detail for event in each.events if event.kind == "together"]
            assert told == [f"with {companion.reference}"]


def test_today_shows_every_kind_of_moment(filled: Session) -> None:
    today = [
        made
        for made in filled.scalars(sa.select(Appointment))
        if local(made.starts_at, LONDON).date() == NOW.date()
    ]
    assert {made.status for made in today} >= {Status.FULFILLED, Status.CHECKED_IN, Status.BOOKED}
    assert any(made.starts_at < NOW for made in today if made.status is Status.BOOKED)
    assert all(made.starts_at > NOW - timedelta(minutes=25) for made in today if made.status is Status.BOOKED)
    assert all(made.ends_at > NOW for made in today if made.status is Status.CHECKED_IN)
    for held in filled.scalars(sa.select(Hold)):
        assert held.status is HoldStatus.OPEN
        assert held.created_at < NOW < held.expires_at
        assert held.client_id is None


def test_histories_are_in_order_and_never_ahead(filled: Session) -> None:
    for made in filled.scalars(sa.select(Appointment).order_by(Appointment.id).limit(300)):
        kinds = [event.kind for event in made.events]
        assert kinds[0] in ("booked", "provisional")
        assert [event.at for event in made.events] == sorted(event.at for event in made.events)
        assert made.events[-1].at <= NOW
        ends = {Status.FULFILLED: "fulfilled", Status.CANCELLED: "cancelled", Status.NO_SHOW: "no_show"}
        assert kinds[-1] == ends.get(made.status, kinds[-1])


def test_no_text_leads_to_anybody_real(filled: Session) -> None:
    for table in Base.metadata.sorted_tables:
        for row in filled.execute(sa.select(table)):
            for text in filter(lambda value: isinstance(value, str), row):
                assert "http" not in text
                for domain in re.findall(r"@([\w.-]+)", text):
                    assert domain in {"example.com", "example.org", "example.net", "demo.example"}
    phones = [
        *filled.scalars(sa.select(Client.phone)),
        *filled.scalars(sa.select(CallBack.phone)),
        *filled.scalars(sa.select(Site.phone)),
    ]
    assert all(phone and FILM_NUMBERS.fullmatch(phone) for phone in phones)


def test_each_role_has_its_sign_in(filled: Session) -> None:
    assert [(email, role) for email, _password, role in demo_sign_ins(filled)] == [
        ("desk@demo.example", "reception"),
        ("amara@demo.example", "therapist"),
        ("owner@demo.example", "owner"),
    ]
    owner = sign_in(filled, "owner@demo.example", DEMO_PASSWORD)
    assert owner is not None
    assert owner.role_names == {RoleName.OWNER, RoleName.RECEPTION}
    for therapist in filled.scalars(sa.select(Therapist)):
        user = filled.get(User, therapist.user_id)
        assert user is not None
        assert user.name == therapist.name
