"""What a therapist reads of a decision, and holding upwards."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import decisions
from clinic.booking import services as booking
from clinic.booking.queries import desk_line_of
from clinic.booking.statuses import Status
from clinic.care import brief, clearing, holding, queries
from clinic.intake import clearances, ledger
from clinic.intake import services as intakes
from clinic.intake.clearances import Contact, Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Level, Releaser
from clinic.intake.models import ClearanceStatus, DecisionKind
from clinic.intake.questionnaire import load_questionnaire
from clinic.intake.restrictions import Restrictions
from clinic.intake.techniques import load_techniques
from clinic.kernel.errors import BadInput, WrongState
from clinic.notify.models import OutboxMessage
from tests import makers

pytestmark = pytest.mark.database
HEART = {"heart": ["bp_not_controlled"]}
SIGNED = Signed("Amara Osei", "therapist", "CNHC 1")
GP = Signed("Dr Ruth Hallam", "GP", "GMC 7")


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    return makers.clinic(session)


def test_what_was_cleared_is_ready_until_its_last_day_and_not_after(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    intake = makers.intake(session, now, HEART)
    asked = decisions.ask(session, now, intake, Contact("Ivy", phone="+442079460001"), clinic.site)
    assert desk_line_of(session, intake.id, now.date()) == ("Needs clearance", False)
    ruling = Ruling(ClearanceStatus.ALLOWED, "Rang.", GP, expires_on=date(2027, 1, 31))
    decisions.decide(session, now, asked.id, ruling, actor="user:1", power=Releaser.CLINICIAN)
    assert desk_line_of(session, intake.id, date(2027, 1, 31)) == ("Ready", True)
    assert desk_line_of(session, intake.id, date(2027, 2, 1)) == ("Needs clearance", False)


def test_what_is_not_cleared_is_not_to_be_begun() -> None:
    assert queries.line_of(Level.CLEARANCE, "{}") == ("Not cleared. Do not begin", True)
    assert queries.line_of(Level.ADAPT, "{}") == ("Read the notes on the sheet", True)
    assert queries.line_of(Level.CLEAR, "{}") == ("Nothing to mind", False)


def test_areas_for_a_light_touch_are_drawn_and_stand_in_the_table(session: Session, now: datetime) -> None:
    marks = {"hurts": ["B07_low_back"], "leave": ["F08_tummy"]}
    pain = {"body_map": marks, "pain_score": 3, "pain_length": "acute"}
    answers = intakes.cleaned(makers.intake(session, now, pain))
    limits = Restrictions(
        avoid=("B01_head_back",), area_caps={"B07_low_back": 2, "F08_tummy": 2, "B05_upper_back": 3}
    )
    assert brief.marks(limits, answers)["light"] == ("B07_low_back",)
    rows = brief.area_rows(limits, answers, 4, load_questionnaire(), load_techniques())
    said = {row.area: (row.do, row.press) for row in rows}
    assert said["Low back"] == ("light only; hurts", "2 light")
    assert said["Upper back"] == ("less firm", "3 medium")
    assert said["Tummy"] == ("asked to leave alone", "–")
    assert rows[-1].press == "4 firm"


def test_a_new_light_area_is_told_as_new() -> None:
    asked, known = load_questionnaire(), load_techniques()
    light = Restrictions(area_caps={"B07_low_back": 2})
    assert brief.changes(Restrictions(), light, asked, known)[0].rest == "light only."
    assert brief.changes(light, Restrictions(), asked, known)[0].kind == "minus"


def test_holding_upwards_keeps_the_time_and_tells_the_client_no_reason(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    intake, client = makers.intake(session, now), makers.client(session, now)
    made = booking.book(session, now, clinic.wish(), now + timedelta(hours=49), client, intake, actor="test")
    asked = holding.hold_back(
        session, now, intake, client, clinic.site, "Looked grey.", actor="user:1", signed=SIGNED
    )
    assert (intake.level, made.status, made.lapses_at) == (Level.CLEARANCE, Status.PROVISIONAL, None)
    assert (asked.status, asked.email) == (ClearanceStatus.OPEN, client.email)
    held = next(each for each in ledger.read(session, intake.id) if each.kind is DecisionKind.HELD)
    assert (held.reason, held.signed, held.actor) == ("Looked grey.", SIGNED, "user:1")
    told = session.scalars(sa.select(OutboxMessage)).all()
    assert {each.kind for each in told} == {"booked", "reopened", "to_decide"}
    assert all("grey" not in str(each.payload) for each in told)
    settled = clearing.decide(
        session, now, asked.id, Ruling(ClearanceStatus.ALLOWED, "Is well.", SIGNED),
        actor="user:1", power=Releaser.THERAPIST, version=asked.version,
    )  # fmt: skip
    assert ([each.id for each in settled.booked], made.status) == ([made.id], Status.BOOKED)


def test_holding_without_a_coming_time_tells_the_client_that_we_look(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    intake, client = makers.intake(session, now), makers.client(session, now)
    holding.hold_back(session, now, intake, client, clinic.site, "Why", actor="user:1", signed=SIGNED)
    assert [each.kind for each in session.scalars(sa.select(OutboxMessage))] == ["clearance_asked"]


def test_what_is_held_already_is_not_held_again_and_a_reason_is_needed(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    client = makers.client(session, now)
    intake = makers.intake(session, now, HEART)
    with pytest.raises(WrongState):
        holding.hold_back(session, now, intake, client, clinic.site, "Why", actor="u", signed=SIGNED)
    with pytest.raises(BadInput):
        holding.hold_back(
            session, now, makers.intake(session, now), client, clinic.site, " ", actor="u", signed=SIGNED
        )


def test_a_case_says_who_decided_what_and_on_whose_word(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    intake = makers.intake(session, now, HEART)
    asked = decisions.ask(session, now, intake, Contact("Ivy", phone="+442079460001"), clinic.site)
    limits = Restrictions(pressure_cap=2, excluded={"shiatsu": ("decision",)})
    ruling = Ruling(ClearanceStatus.LIMITED, "138 over 84.", GP, limits)
    decisions.decide(session, now, asked.id, ruling, actor="rules", power=Releaser.CLINICIAN)
    case = clearing.open_case(session, now, asked.id, "user:1")
    assert case.limits == "Light at most. Without shiatsu."
    last = case.history[-1]
    assert (last.what, last.signed) == ("Allowed with limits", "Dr Ruth Hallam (GP, GMC 7)")
    assert last.more.startswith("Until 23 May 2027. Light")
    assert case.health.decided.startswith("Cleared until 23 May 2027 by Dr Ruth Hallam (GP, GMC 7).")
    assert [each.note.rule for each in case.reasons] == ["C13"]
    assert clearances.scope_of(intake.clearance) == ("C13",)
    assert case.can_decide
