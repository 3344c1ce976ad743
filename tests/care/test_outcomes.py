"""How sessions went: noted once, versioned, on the record; and what it says of what helped."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.booking import services as booking
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.care import outcomes
from clinic.care.models import SessionOutcome
from clinic.catalog.models import OfferingOption
from clinic.catalog.recommendation import Helped
from clinic.intake.models import Intake
from clinic.kernel.errors import BadInput, NotFound, Stale, WrongState
from clinic.people.models import Client
from tests import makers

pytestmark = pytest.mark.database


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    return makers.clinic(session)


@pytest.fixture
def anna(session: Session, now: datetime) -> Client:
    return makers.client(session, now)


def given(
    session: Session,
    now: datetime,
    clinic: makers.Clinic,
    client: Client,
    days_ago: int,
    pain: tuple[int | None, int | None] | None,
    option: OfferingOption | None = None,
    status: Status = Status.FULFILLED,
) -> Appointment:
    """A session of some days ago, with the pain that was noted of it."""
    then = now - timedelta(days=days_ago)
    wish = clinic.wish(
        option_id=(option or clinic.swedish).id, therapist_id=clinic.therapists[0].id, is_desk=True
    )
    intake = makers.intake(session, then)
    made = booking.book(session, then, wish, then, client, intake, actor="test")
    made.status = status
    session.flush()
    if pain is not None:
        session.add(
            SessionOutcome(
                appointment_id=made.id,
                pain_before=None if pain[0] is None else str(pain[0]),
                pain_after=None if pain[1] is None else str(pain[1]),
                noted_at=then,
                actor="test",
            )
        )
        session.flush()
    return made


def noted(
    session: Session,
    now: datetime,
    made: Appointment,
    before: int | None,
    after: int | None,
    version: int = 0,
) -> SessionOutcome:
    return outcomes.note(
        session, now, made.reference, made.therapist_id, before=before, after=after,
        actor="user:1", version=version,
    )  # fmt: skip


def test_what_is_noted_is_kept_encrypted_and_on_the_record(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    made = given(session, now, clinic, anna, 1, None)
    kept = noted(session, now, made, 7, 4)
    assert (kept.pain_before, kept.pain_after, kept.version) == ("7", "4", 1)
    raw = session.execute(sa.text("SELECT pain_before, pain_after FROM session_outcome")).one()
    assert not {"7", "4"} & {bytes(each).decode("latin-1") for each in raw}
    assert session.scalars(sa.select(AuditEvent.action)).all() == ["noted_outcome"]


def test_the_same_again_changes_nothing(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    made = given(session, now, clinic, anna, 1, None)
    noted(session, now, made, 7, 4)
    assert noted(session, now, made, 7, 4).version == 1
    assert len(session.scalars(sa.select(AuditEvent)).all()) == 1


def test_an_old_page_does_not_overwrite_a_newer_reading(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    made = given(session, now, clinic, anna, 1, None)
    noted(session, now, made, 7, None)
    assert noted(session, now, made, 7, 4, version=1).version == 2
    with pytest.raises(Stale):
        noted(session, now, made, 6, 4, version=1)
    with pytest.raises(Stale):
        noted(session, now, made, 6, 4)


@pytest.mark.parametrize(("before", "after"), [(11, 3), (-1, 3), (3, 11), (None, None)])
def test_what_is_no_number_from_0_to_10_is_refused(
    session: Session,
    now: datetime,
    clinic: makers.Clinic,
    anna: Client,
    before: int | None,
    after: int | None,
) -> None:
    made = given(session, now, clinic, anna, 1, None)
    with pytest.raises(BadInput):
        noted(session, now, made, before, after)
    assert session.scalars(sa.select(SessionOutcome)).all() == []


def test_another_therapist_s_session_is_not_found(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    made = given(session, now, clinic, anna, 1, None)
    with pytest.raises(NotFound):
        outcomes.note(
            session, now, made.reference, clinic.therapists[1].id, before=1, after=1, actor="x", version=0
        )


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.NO_SHOW, Status.PROVISIONAL, Status.LAPSED])
def test_nothing_is_noted_of_a_session_that_was_not_given(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client, status: Status
) -> None:
    made = given(session, now, clinic, anna, 1, None, status=status)
    with pytest.raises(WrongState):
        noted(session, now, made, 3, 3)


def test_nothing_is_noted_before_the_client_is_there(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    made = given(session, now, clinic, anna, -1, None, status=Status.BOOKED)
    with pytest.raises(WrongState):
        noted(session, now, made, 3, 3)
    made.status = Status.CHECKED_IN
    session.flush()
    assert noted(session, now, made, 3, None).pain_after is None


def test_what_helped_is_the_mean_of_own_sessions_with_both_readings(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    for days, pain in ((40, (7, 4)), (33, (6, 5)), (26, (6, None)), (19, (None, 2))):
        given(session, now, clinic, anna, days, pain)
    given(session, now, clinic, anna, 12, (5, 6), clinic.deep)
    given(session, now, clinic, anna, 5, (9, 0), status=Status.NO_SHOW)
    other = makers.client(session, now, "Somebody Else", email="else@client.example")
    given(session, now, clinic, other, 3, (10, 0))
    assert outcomes.helped(session, anna.id) == {"swedish": Helped(2, -2.0), "deep_tissue": Helped(1, 1.0)}


def test_of_an_unknown_visitor_nothing_is_known(session: Session) -> None:
    assert outcomes.helped(session, None) == {}
    assert outcomes.client_behind(session, None) is None


def test_answers_that_were_carried_over_are_the_same_client_s(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    first, second, third = (makers.intake(session, now) for _ in range(3))
    assert outcomes.client_behind(session, third) is None
    first.client_id, second.based_on_id, third.based_on_id = anna.id, first.id, second.id
    session.flush()
    assert outcomes.client_behind(session, third) == anna.id


def test_answers_that_lead_in_a_ring_lead_to_nobody(session: Session, now: datetime) -> None:
    one, other = makers.intake(session, now), makers.intake(session, now)
    one.based_on_id, other.based_on_id = other.id, one.id
    session.flush()
    assert outcomes.client_behind(session, session.get(Intake, one.id)) is None


def test_opening_the_course_is_recorded_and_ends_with_this_session(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    assert outcomes.open_course(session, now, anna.id, now, "user:1") == ()
    made = [given(session, now, clinic, anna, days, (days % 9, 2)) for days in (40, 33, 26)]
    found = outcomes.open_course(session, now, anna.id, made[1].starts_at, "user:1")
    assert [(each.before, each.after, each.change) for each in found] == [(4, 2, -2), (6, 2, -4)]
    events = session.scalars(sa.select(AuditEvent)).all()
    assert [(each.action, each.subject_kind, each.subject_id) for each in events] == [
        ("read_outcomes", "client", anna.id)
    ]
