"""What a decision does to times: kept, confirmed, given back, made to wait again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import decisions, desk, diary_check, services
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.intake import ledger
from clinic.intake.clearances import Contact, Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import Clearance, ClearanceStatus, DecisionKind
from clinic.intake.restrictions import Restrictions
from clinic.jobs import chores
from clinic.kernel.errors import BadInput, Excluded, NotCleared, NotOffered, SlotTaken, WrongState
from clinic.notify.models import OutboxMessage
from clinic.roster.models import DiaryEntry
from tests import makers

pytestmark = pytest.mark.database
FRIDAY = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
HELD = {"heart": ["bp_not_controlled"]}
THERAPIST = Signed("Amara Osei", "therapist", "FHT 1200")


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    return makers.clinic(session)


def asked(session: Session, now: datetime, clinic: makers.Clinic) -> Clearance:
    intake = makers.intake(session, now, HELD)
    contact = Contact("Anna Petrova", "anna@client.example", "+442079460000")
    return decisions.ask(session, now, intake, contact, clinic.site)


def kept(
    session: Session, now: datetime, clinic: makers.Clinic, found: Clearance, at: datetime = FRIDAY
) -> Appointment:
    client = makers.client(session, now)
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    return services.book(session, now, wish, at, client, found.intake, actor="client", provisionally=True)


def decided(
    session: Session, now: datetime, found: Clearance, status: ClearanceStatus, **changes: Any
) -> Clearance:
    values: dict[str, Any] = {"reason": "Spoke to the practice.", "signed": THERAPIST, **changes}
    ruling = Ruling(status=status, **values)
    return decisions.decide(session, now, found.id, ruling, actor="user:1", power=Releaser.CLINICIAN)


def mails(session: Session) -> list[str]:
    return list(session.scalars(sa.select(OutboxMessage.kind).order_by(OutboxMessage.id)))


def test_a_time_is_kept_while_somebody_decides(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic)
    made = kept(session, now, clinic, found)
    assert made.status is Status.PROVISIONAL
    assert made.lapses_at == FRIDAY - timedelta(hours=12)
    wish, well = clinic.wish(therapist_id=clinic.therapists[0].id), makers.intake(session, now)
    with pytest.raises(SlotTaken):
        services.hold(session, now, wish, FRIDAY, well)
    assert mails(session) == ["clearance_asked", "provisional"]


def test_a_far_time_is_kept_for_the_sites_own_hours(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    made = kept(session, now, clinic, asked(session, now, clinic), FRIDAY + timedelta(days=14))
    assert made.lapses_at == now + timedelta(hours=120)


def test_nothing_is_kept_unless_somebody_was_asked(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    intake = makers.intake(session, now, HELD)
    for provisionally in (False, True):
        with pytest.raises(NotCleared):
            services.hold(session, now, clinic.wish(), FRIDAY, intake, provisionally=provisionally)


def test_a_time_before_tomorrow_is_not_kept(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    found = asked(session, now, clinic)
    with pytest.raises(NotOffered, match="from tomorrow on"):
        kept(session, now, clinic, found, now + timedelta(hours=23))


def test_what_the_rules_exclude_is_not_kept_either(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic)
    wish = clinic.wish(option_id=clinic.deep.id)
    with pytest.raises(Excluded):
        services.hold(session, now, wish, FRIDAY, found.intake, provisionally=True)


def test_a_yes_books_the_time_that_was_kept(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    found = asked(session, now, clinic)
    made = kept(session, now, clinic, found)
    decided(session, now, found, ClearanceStatus.ALLOWED)
    assert (made.status, made.lapses_at) == (Status.BOOKED, None)
    assert mails(session)[-1] == "booked"
    assert "clearance_yes" not in mails(session)
    assert chores.run(session, FRIDAY).provisional == 0
    assert diary_check.look(session, now) == []


def test_a_yes_without_a_time_says_how_to_go_on(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = decided(session, now, asked(session, now, clinic), ClearanceStatus.ALLOWED)
    assert mails(session)[-1] == "clearance_yes"
    client = makers.client(session, now)
    made = services.book(session, now, clinic.wish(), FRIDAY, client, found.intake, actor="client")
    assert made.status is Status.BOOKED


def test_a_clearance_does_not_reach_beyond_its_last_day(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = decided(
        session, now, asked(session, now, clinic), ClearanceStatus.ALLOWED, expires_on=FRIDAY.date()
    )
    intake = found.intake
    assert services.hold(session, now, clinic.wish(), FRIDAY, intake).is_provisional is False
    with pytest.raises(NotCleared):
        services.hold(session, now, clinic.wish(), FRIDAY + timedelta(days=1), intake)


def test_a_yes_whose_limits_leave_the_session_out_does_not_book_it(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic)
    made = kept(session, now, clinic, found)
    limits = Restrictions(excluded={"swedish": ()}, reasons={"swedish": "We leave this out for now."})
    decided(session, now, found, ClearanceStatus.LIMITED, limits=limits)
    assert made.status is Status.PROVISIONAL
    assert mails(session)[-1] == "clearance_yes"


def test_a_no_gives_the_time_back(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    found = asked(session, now, clinic)
    made = kept(session, now, clinic, found)
    decided(session, now, found, ClearanceStatus.REFUSED)
    assert (made.status, made.entry_id) == (Status.CANCELLED, None)
    assert mails(session)[-2:] == ["cancelled", "clearance_no"]
    assert session.scalar(sa.select(sa.func.count()).select_from(DiaryEntry)) == 0


def test_a_no_after_a_yes_gives_back_what_was_booked_and_leaves_what_is_over(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic)
    soon = kept(session, now, clinic, found)
    decided(session, now, found, ClearanceStatus.ALLOWED)
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    week = timedelta(days=7)
    later = services.book(session, now, wish, FRIDAY + week, soon.client, found.intake, actor="client")
    after = FRIDAY + timedelta(days=1)
    decided(session, after, found, ClearanceStatus.REFUSED)
    assert (soon.status, later.status, later.entry_id) == (Status.BOOKED, Status.CANCELLED, None)
    assert mails(session)[-2:] == ["cancelled", "clearance_no"]
    assert diary_check.look(session, after) == []


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (ClearanceStatus.MORE_NEEDED, {"question": "Which reading?"}),
        (ClearanceStatus.ALLOWED, {"expires_on": FRIDAY.date() - timedelta(days=1)}),
        (
            ClearanceStatus.LIMITED,
            {"limits": Restrictions(excluded={"swedish": ()}, reasons={"swedish": "We leave this out."})},
        ),
    ],
)
def test_what_was_booked_waits_again_where_a_new_word_does_not_let_it_stand(
    session: Session, now: datetime, clinic: makers.Clinic, status: ClearanceStatus, word: dict[str, Any]
) -> None:
    found = asked(session, now, clinic)
    made = kept(session, now, clinic, found)
    decided(session, now, found, ClearanceStatus.ALLOWED)
    decided(session, now, found, status, **word)
    assert made.status is Status.PROVISIONAL
    assert made.entry_id is not None
    assert "reopened" in mails(session)
    assert diary_check.look(session, now) == []
    decided(session, now, found, ClearanceStatus.ALLOWED)
    assert made.status is Status.BOOKED


def test_a_second_yes_leaves_what_is_booked_alone(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic)
    made = kept(session, now, clinic, found)
    decided(session, now, found, ClearanceStatus.ALLOWED)
    before = (made.sequence, mails(session))
    decided(session, now, found, ClearanceStatus.ALLOWED)
    assert (made.status, made.sequence) == (Status.BOOKED, before[0])
    assert mails(session)[: len(before[1])] == before[1]
    assert "reopened" not in mails(session)


def test_a_question_leaves_the_time_kept(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    found = asked(session, now, clinic)
    made = kept(session, now, clinic, found)
    decided(session, now, found, ClearanceStatus.MORE_NEEDED, question="Which reading?")
    assert made.status is Status.PROVISIONAL
    assert made.entry_id is not None
    assert mails(session)[-1] == "clearance_more"


def test_a_time_lapses_with_a_message_when_nobody_decides(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    made = kept(session, now, clinic, asked(session, now, clinic))
    assert made.lapses_at is not None
    assert chores.run(session, made.lapses_at - timedelta(seconds=1)).provisional == 0
    assert chores.run(session, made.lapses_at).provisional == 1
    assert (made.status, made.entry_id) == (Status.LAPSED, None)
    assert mails(session)[-1] == "lapsed"


def test_a_lapsed_time_is_free_before_the_chores_have_run(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic)
    made = kept(session, now, clinic, found)
    assert made.lapses_at is not None
    late = made.lapses_at
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    services.hold(session, late, wish, FRIDAY, makers.intake(session, late))
    session.refresh(made)
    assert diary_check.look(session, late) == []
    decided(session, late, found, ClearanceStatus.ALLOWED)
    assert made.status is Status.LAPSED
    assert mails(session)[-2:] == ["lapsed", "clearance_yes"]


def test_a_hold_made_while_waiting_is_booked_if_the_yes_came_meanwhile(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic)
    held = services.hold(session, now, clinic.wish(), FRIDAY, found.intake, provisionally=True)
    assert held.is_provisional
    decided(session, now, found, ClearanceStatus.ALLOWED)
    made = services.confirm(session, now, held.id, makers.client(session, now), actor="client")
    assert (made.status, made.lapses_at) == (Status.BOOKED, None)


def test_a_hold_made_while_waiting_is_refused_after_a_no(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic)
    held = services.hold(session, now, clinic.wish(), FRIDAY, found.intake, provisionally=True)
    decided(session, now, found, ClearanceStatus.REFUSED)
    with pytest.raises(NotCleared):
        services.confirm(session, now, held.id, makers.client(session, now), actor="client")


def test_moving_a_kept_time_nearer_shortens_how_long_it_is_kept(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    made = kept(session, now, clinic, asked(session, now, clinic))
    nearer = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    services.move(session, now, made.id, nearer, actor="client", is_client=True)
    assert made.status is Status.PROVISIONAL
    assert made.lapses_at == nearer - timedelta(hours=12)
    entry = session.get_one(DiaryEntry, made.entry_id, populate_existing=True)
    assert entry.expires_at == made.lapses_at


def test_a_kept_time_that_is_over_cannot_be_moved(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    """Marked by the chores or not, and though somebody else has its squares by now."""
    made = kept(session, now, clinic, asked(session, now, clinic))
    assert made.lapses_at is not None
    late, other = made.lapses_at, FRIDAY + timedelta(days=7)
    with pytest.raises(WrongState, match="not any longer"):
        services.move(session, late, made.id, other, actor="user:1")
    with pytest.raises(WrongState, match="not any longer"):
        desk.change_session(session, late, made.id, clinic.swedish.id, actor="user:1", version=made.version)
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    services.hold(session, late, wish, FRIDAY, makers.intake(session, late))
    session.refresh(made)
    with pytest.raises(WrongState):
        services.move(session, late - timedelta(seconds=1), made.id, other, actor="user:1")


def test_a_waiting_time_cannot_be_checked_in(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    made = kept(session, now, clinic, asked(session, now, clinic))
    with pytest.raises(WrongState):
        services.set_status(session, now, made.id, Status.BOOKED, actor="user:1")


# --- when an answer changes --------------------------------------------------------------------------


def booked(session: Session, now: datetime, clinic: makers.Clinic, at: datetime = FRIDAY) -> Appointment:
    client = makers.client(session, now)
    return services.book(session, now, clinic.wish(), at, client, makers.intake(session, now), actor="client")


def test_worse_answers_make_a_booked_time_wait_and_both_sides_are_told(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    made = booked(session, now, clinic)
    worse = makers.intake(session, now, HELD)
    assert decisions.renew(session, now, made.client, worse) == [made]
    assert made.status is Status.PROVISIONAL
    assert made.lapses_at is None
    assert made.entry_id is not None
    assert worse.clearance is not None
    assert worse.clearance.status is ClearanceStatus.OPEN
    assert mails(session)[-2:] == ["reopened", "to_decide"]
    assert [entry.kind for entry in ledger.read(session, worse.id)] == [
        DecisionKind.JUDGED, DecisionKind.REOPENED, DecisionKind.ASKED,
    ]  # fmt: skip
    decided(session, now, worse.clearance, ClearanceStatus.ALLOWED)
    assert made.status is Status.BOOKED


def test_answers_that_stop_make_it_wait_too(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    made = booked(session, now, clinic)
    stopped = makers.intake(session, now, {"leg_swelling": "one_leg"})
    decisions.renew(session, now, made.client, stopped)
    assert made.status is Status.PROVISIONAL
    assert stopped.clearance is None
    assert "to_decide" in mails(session)


def test_a_session_that_no_longer_suits_waits_too(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    client = makers.client(session, now)
    wish = clinic.wish(option_id=clinic.deep.id)
    made = services.book(session, now, wish, FRIDAY, client, makers.intake(session, now), actor="client")
    decisions.renew(session, now, client, makers.intake(session, now, {"blood": ["blood_thinner"]}))
    assert made.status is Status.PROVISIONAL


def test_answers_that_are_no_worse_leave_it_booked_and_rest_on_the_new(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    made = booked(session, now, clinic)
    fresh = makers.intake(session, now, {"bones": ["disc_known"]})
    before = len(mails(session))
    assert decisions.renew(session, now, made.client, fresh) == []
    assert (made.status, made.intake_id) == (Status.BOOKED, fresh.id)
    assert len(mails(session)) == before


def test_the_past_is_left_as_it_was(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    made = booked(session, now, clinic)
    was = made.intake_id
    after = FRIDAY + timedelta(hours=3)
    decisions.renew(session, after, made.client, makers.intake(session, after, HELD))
    assert (made.status, made.intake_id) == (Status.BOOKED, was)


def test_taking_a_cancellation_back_asks_the_answers_again(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    made = booked(session, now, clinic)
    services.cancel(session, now, made.id, actor="user:1")
    made.intake = makers.intake(session, now, HELD)
    with pytest.raises(NotCleared):
        services.reactivate(session, now, made.id, actor="user:1")


def test_a_therapist_declines_with_a_reason_that_only_the_ledger_keeps(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    made = booked(session, now, clinic)
    with pytest.raises(BadInput):
        decisions.decline(session, now, made, actor="user:1", reason=" ", signed=THERAPIST)
    decisions.decline(session, now, made, actor="user:1", reason="Unsteady on arrival.", signed=THERAPIST)
    assert made.status is Status.CANCELLED
    assert "Unsteady" not in made.cancel_reason + "".join(event.detail for event in made.events)
    last = ledger.read(session, made.intake_id or 0)[-1]
    assert (last.kind, last.reason, last.appointment_id) == (
        DecisionKind.DECLINED, "Unsteady on arrival.", made.id,
    )  # fmt: skip


def test_newer_answers_end_what_the_older_ones_waited_for(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic)
    made = kept(session, now, clinic, found)
    newer = makers.intake(session, now, {"bones": ["fragility_fracture"]})
    newer.client_id = made.client_id
    decisions.renew(session, now, made.client, newer)
    assert found.status is ClearanceStatus.ENDED
    assert made.intake_id == newer.id


def test_who_left_only_an_address_is_not_given_the_clinics_telephone(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    by_mail = makers.client(session, now, phone=None)
    assert decisions.contact_of(by_mail, clinic.site).phone is None
    by_nothing = makers.client(session, now, name="Ben Petrov", phone=None, email=None)
    assert decisions.contact_of(by_nothing, clinic.site).phone == clinic.site.phone
