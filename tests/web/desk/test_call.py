"""Booking for a caller, from the first word to the appointment, and everything that may come between."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from clinic.booking import services
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.intake import services as intakes
from clinic.intake.models import Clearance, Intake
from clinic.people.models import Client, Consent
from clinic.roster.models import WorkingBreak, WorkingHours
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import TUESDAY_TEN, Book, sign_in
from tests.web.refused import keeps, refuses_all

pytestmark = pytest.mark.database

NEW = {"name": "Anna Petrova", "phone": "020 7946 0000", "email": "anna@client.example"}
NONE = "none"
PAGES: dict[str, dict[str, Any]] = {
    "safety": {"now_signs": NONE, "saddle_numb": "no", "bladder_bowel": NONE, "nerve_signs": NONE},
    "about-you": {
        "age_years-day": "27", "age_years-month": "3", "age_years-year": "1985", "pregnancy": "no",
    },
    "wishes": {"goal": "relax", "pressure_pref": "3", "sensitivity": NONE},
    "lately": {"feeling_ill": NONE, "leg_swelling": NONE, "head_neck_signs": NONE, "recent_injury": NONE},
    "background": {
        "cancer_history": "never", "blood": NONE, "heart": NONE, "bones": NONE, "nerves_brain": NONE,
        "skin": NONE, "ops": NONE, "immune_meds": NONE, "allergies": NONE,
    },
    "last": {"anything_else": "no", "fit_today": NONE},
}  # fmt: skip


def text(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def follow(desk: FlaskClient, answer: TestResponse) -> TestResponse:
    """The page a POST leads to, through all redirects."""
    while answer.status_code in (302, 303):
        answer = desk.get(answer.location)
    return answer


def begin(desk: FlaskClient, who: dict[str, Any] | None = None) -> str:
    """Begins a call and gives its address."""
    answer = desk.post("/desk/caller", data=who or NEW)
    assert answer.status_code == 303, text(answer)
    found = re.match(r"/desk/caller/\d+", answer.location)
    assert found
    return found.group()


def ask_all(desk: FlaskClient, call: str, **changes: dict[str, Any]) -> TestResponse:
    """Says yes to the consent and answers every page that comes; gives the page after them."""
    page = desk.post(f"{call}/health", data={"consent": "yes"})
    while page.status_code == 303 and "/questions/" in page.location:
        slug = page.location.rsplit("/", 1)[-1]
        page = desk.post(page.location, data={**PAGES[slug], **changes.get(slug, {})})
        if page.status_code == 303 and page.location.rstrip("/") == call:
            page = desk.get(call)
    assert page.status_code == 303, text(page)
    return page


def option_of(page: TestResponse) -> str:
    found = re.search(r'name="option"[^>]* value="(\d+)"', text(page))
    assert found
    return found.group(1)


def times_of(page: TestResponse) -> list[str]:
    return re.findall(r'name="slot"[^>]* value="([^"]+)"', text(page))


def to_times(desk: FlaskClient, call: str, **changes: dict[str, Any]) -> TestResponse:
    """Walks a call up to the page of times."""
    sessions = follow(desk, ask_all(desk, call, **changes))
    return follow(desk, desk.post(f"{call}/session", data={"option": option_of(sessions)}))


def test_a_new_caller_is_booked_in_one_walk(desk: FlaskClient, db: Session) -> None:
    call = begin(desk)
    page = to_times(desk, call)
    assert "First free" in text(page)
    assert "with Amara Osei at Canal Street. £62." in text(page)
    assert len(times_of(page)) == 5
    done = follow(desk, desk.post(f"{call}/time", data={"slot": times_of(page)[0]}))
    assert "Your reference is" in text(done)
    made = db.scalars(sa.select(Appointment)).one()
    assert (made.client.name, made.client.phone, made.via) == ("Anna Petrova", "+442079460000", "desk")
    assert made.intake is not None
    assert made.intake.channel == "phone"
    assert made.talk_minutes == 15
    consent = db.scalars(sa.select(Consent)).one()
    assert (consent.client_id, consent.intake_id) == (made.client_id, made.intake_id)


def test_booking_twice_is_one_appointment(desk: FlaskClient, db: Session) -> None:
    call = begin(desk)
    slot = times_of(to_times(desk, call))[0]
    first = desk.post(f"{call}/time", data={"slot": slot})
    assert first.status_code == 303
    again = desk.post(f"{call}/time", data={"slot": slot})
    assert again.status_code == 404  # the call is over
    assert db.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 1


def test_a_double_click_on_book_gives_the_same_appointment(
    app: Flask, desk: FlaskClient, db: Session, clinic: makers.Clinic
) -> None:
    call = begin(desk)
    slot = times_of(to_times(desk, call))[0]
    with desk.session_transaction() as cookie:
        kept = dict(cookie)
    desk.post(f"{call}/time", data={"slot": slot})
    with desk.session_transaction() as cookie:
        cookie.update(kept)  # the second click left before the first answer came
    again = desk.post(f"{call}/time", data={"slot": slot})
    made = db.scalars(sa.select(Appointment)).one()
    assert f"/desk/appointment/{made.reference}" in again.location


def test_the_next_page_opens_only_after_the_one_before(desk: FlaskClient) -> None:
    call = begin(desk)
    for page in ("questions/safety", "outcome", "session", "time"):
        assert desk.get(f"{call}/{page}").location.endswith("/health")
    desk.post(f"{call}/health", data={"consent": "yes"})
    assert desk.get(f"{call}/questions/last").location.endswith("/questions/safety")
    assert desk.get(f"{call}/questions/nonsense").location.endswith("/questions/safety")


def test_an_answer_that_is_missing_is_asked_for_and_nothing_typed_is_lost(desk: FlaskClient) -> None:
    call = begin(desk)
    desk.post(f"{call}/health", data={"consent": "yes"})
    desk.post(f"{call}/questions/safety", data=PAGES["safety"])
    page = desk.post(
        f"{call}/questions/about-you",
        data={"age_years-day": "31", "age_years-month": "2", "age_years-year": "1985", "pregnancy": "no"},
    )
    assert page.status_code == 422
    assert "<title>Error: " in text(page)
    assert 'href="#age_years-day"' in text(page)
    assert 'value="31"' in text(page)
    assert re.search(r'name="pregnancy" value="no" checked', text(page))


def test_a_call_is_taken_up_where_it_was_left(desk: FlaskClient) -> None:
    call = begin(desk)
    desk.post(f"{call}/health", data={"consent": "yes"})
    desk.post(f"{call}/questions/safety", data=PAGES["safety"])
    other = begin(desk, {"name": "Bea Brown", "phone": "020 7946 0001"})
    assert other != call
    waiting = text(desk.get("/desk/caller"))
    assert "Calls that wait" in waiting
    assert "Anna Petrova" in waiting
    assert "Bea Brown" in waiting
    assert desk.get(call).location.endswith("/questions/about-you")


def test_a_call_belongs_to_the_browser_it_came_in_at(
    app: Flask, desk: FlaskClient, db: Session, clinic: makers.Clinic
) -> None:
    call = begin(desk)
    other = sign_in(app, "desk@clinic.example")
    assert other.get(call).status_code == 404


def test_a_call_that_ends_keeps_nothing_but_the_drafted_answers(desk: FlaskClient, db: Session) -> None:
    call = begin(desk)
    assert desk.post(f"{call}/end").status_code == 303
    assert desk.get(call).status_code == 404
    assert db.scalar(sa.select(sa.func.count()).select_from(Client)) == 0


def test_without_a_yes_nothing_is_asked_and_nothing_kept(desk: FlaskClient, db: Session) -> None:
    call = begin(desk)
    page = desk.post(f"{call}/health", data={"consent": "no"})
    assert "Nothing was kept" in text(page)
    assert db.scalar(sa.select(sa.func.count()).select_from(Intake)) == 0
    assert desk.post(f"{call}/health", data={}).status_code == 422


def test_an_emergency_is_read_out_and_nothing_is_booked(desk: FlaskClient, db: Session) -> None:
    call = begin(desk)
    desk.post(f"{call}/health", data={"consent": "yes"})
    page = follow(
        desk,
        desk.post(f"{call}/questions/safety", data={**PAGES["safety"], "now_signs": ["chest_pain"]}),
    )
    assert "They should ring 999 now" in text(page)
    for step in ("session", "time", "questions/safety"):
        assert desk.get(f"{call}/{step}").location.endswith("/outcome")
    answer = desk.post(f"{call}/time", data={"slot": "2026-11-24T10:00Z/1/1"})
    assert answer.location.endswith("/outcome")
    assert db.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 0


def test_a_caller_who_needs_clearance_is_asked_for_and_a_time_is_kept(desk: FlaskClient, db: Session) -> None:
    call = begin(desk)
    page = follow(
        desk,
        ask_all(
            desk, call, background={**PAGES["background"], "cancer_history": "now", "cancer_care": ["chemo"]}
        ),
    )
    assert "Needs clearance" in text(page)
    assert desk.get(f"{call}/session").location.endswith("/outcome")
    wrong = desk.post(f"{call}/clearance", data={"phone": "12", "email": "x"})
    assert wrong.status_code == 422
    assert 'href="#phone"' in text(wrong)
    assert 'href="#email"' in text(wrong)
    assert desk.post(f"{call}/clearance", data={"phone": "", "email": ""}).status_code == 422
    wanted = {"phone": "020 7946 0000", "email": "anna@client.example", "best_time": "morning"}
    sessions = follow(desk, desk.post(f"{call}/clearance", data=wanted))
    assert "Anna Petrova is in the queue" in text(sessions)
    asked = db.scalars(sa.select(Clearance)).one()
    assert (asked.name, asked.phone, asked.best_time) == ("Anna Petrova", "+442079460000", "morning")
    db.commit()
    times = follow(desk, desk.post(f"{call}/session", data={"option": option_of(sessions)}))
    assert "Keep it for them" in text(times)
    assert "Today" not in text(times)
    done = follow(desk, desk.post(f"{call}/time", data={"slot": times_of(times)[0]}))
    assert "We keep it for you until" in text(done)
    assert "kept until" in text(done)
    made = db.scalars(sa.select(Appointment)).one()
    assert (made.status, made.intake_id) == (Status.PROVISIONAL, asked.intake_id)


def known(db: Session, book: Book, days_ago: int = 2, **answers: Any) -> Appointment:
    """Somebody who was here some days ago, who had answered everything then."""
    then = NOW - timedelta(days=days_ago)
    return book(then.replace(hour=13), now=then, answers={**makers.ALL_WELL, **answers})


def test_somebody_known_answers_only_if_anything_has_changed(
    desk: FlaskClient, db: Session, book: Book
) -> None:
    was = known(db, book)
    services.set_status(db, NOW, was.id, Status.CHECKED_IN, actor="user:1")
    services.set_status(db, NOW, was.id, Status.FULFILLED, actor="user:1")
    db.commit()
    call = begin(desk, {"client": was.client_id})
    page = desk.get(f"{call}/health")
    assert "Has anything changed?" in text(page)
    assert desk.post(f"{call}/health", data={"step": "changed"}).status_code == 422
    sessions = follow(desk, desk.post(f"{call}/health", data={"step": "changed", "changed": "no"}))
    times = follow(desk, desk.post(f"{call}/session", data={"option": option_of(sessions)}))
    desk.post(f"{call}/time", data={"slot": times_of(times)[0]})
    made = db.scalars(sa.select(Appointment).order_by(Appointment.id.desc())).first()
    assert made is not None
    assert (made.client_id, made.intake_id, made.talk_minutes) == (was.client_id, was.intake_id, 0)


def test_of_somebody_known_only_what_holds_no_longer_is_asked(
    desk: FlaskClient, db: Session, book: Book
) -> None:
    was = known(db, book, days_ago=30, heart=["pacemaker"])
    call = begin(desk, {"client": was.client_id})
    assert "You need not say again" in text(desk.get(f"{call}/health"))
    page = desk.post(f"{call}/health", data={"consent": "yes"})
    seen = []
    while "/questions/" in page.location:
        seen.append(page.location.rsplit("/", 1)[-1])
        asked = text(desk.get(page.location))
        assert '" checked' not in asked
        assert "pacemaker" not in asked
        data = {**PAGES, "changes": {"anything_changed": NONE}}[seen[-1]]
        page = follow_call(desk, desk.post(page.location, data=data), call)
    assert seen == ["safety", "changes", "wishes", "lately", "background"]
    made = db.scalars(sa.select(Intake).order_by(Intake.id.desc())).first()
    assert made is not None
    assert made.based_on_id == was.intake_id
    assert intakes.answers_of(made)["heart"] == ["pacemaker"]


def follow_call(desk: FlaskClient, answer: TestResponse, call: str) -> TestResponse:
    """Past the call's own address, to where it leads."""
    return desk.get(call) if answer.location.rstrip("/") == call else answer


def test_worse_answers_by_telephone_make_what_is_booked_wait(
    desk: FlaskClient, db: Session, book: Book
) -> None:
    was = known(db, book, days_ago=1)
    coming = book(TUESDAY_TEN, "Bea Brown", answers=makers.ALL_WELL)
    coming.client_id = was.client_id
    db.commit()
    call = begin(desk, {"client": was.client_id})
    changed = {"anything_changed": ["health"]}
    answers = {**PAGES["background"], "heart": ["bp_not_controlled"]}
    page = desk.post(f"{call}/health", data={"consent": "yes"})
    while page.status_code == 303 and "/questions/" in page.location:
        slug = page.location.rsplit("/", 1)[-1]
        data = {**PAGES, "changes": changed, "background": answers}[slug]
        page = follow_call(desk, desk.post(page.location, data=data), call)
    db.expire_all()
    assert coming.status is Status.PROVISIONAL


@pytest.mark.parametrize(
    ("days_ago", "answers"),
    [(400, None), (30, {"cancer_history": "now", "cancer_care": ["chemo"]})],
)
def test_old_answers_and_those_that_need_clearance_are_not_used_again(
    desk: FlaskClient, db: Session, clinic: makers.Clinic, days_ago: int, answers: dict[str, Any] | None
) -> None:
    then = NOW - timedelta(days=days_ago)
    client = makers.client(db, then)
    intake = makers.intake(db, then, answers)
    intake.client_id = client.id
    db.commit()
    call = begin(desk, {"client": client.id})
    assert "Do you agree to this" in text(desk.get(f"{call}/health"))
    answer = desk.post(f"{call}/health", data={"step": "changed", "changed": "no"})
    assert "anew=1" in answer.location
    assert desk.get(f"{call}/time").location.endswith("/health")


def test_somebody_like_that_is_offered_before_a_second_is_made(
    desk: FlaskClient, db: Session, book: Book
) -> None:
    was = book()
    page = desk.post("/desk/caller", data={"name": "Anna Petrova", "phone": "020 7946 0555"})
    assert page.status_code == 409
    assert "somebody like that already" in text(page)
    assert f'value="{was.client_id}"' in text(page)
    assert desk.post("/desk/caller", data={**NEW, "anew": "1"}).status_code == 303


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": "", "phone": "020 7946 0000"}, "name"),
        ({"name": "Ann", "phone": ""}, "phone"),
        ({"name": "Ann", "phone": "12"}, "phone"),
        ({"name": "Ann", "phone": "020 7946 0000", "email": "ann@"}, "email"),
    ],
)
def test_a_caller_who_cannot_be_kept_is_asked_again(
    desk: FlaskClient, typed: dict[str, str], field: str
) -> None:
    page = desk.post("/desk/caller", data=typed)
    assert page.status_code == 422
    assert f'href="#{field}"' in text(page)
    for value in filter(None, typed.values()):
        assert f'value="{value}"' in text(page)


def test_what_may_not_be_had_is_only_counted_and_refused(
    desk: FlaskClient, db: Session, clinic: makers.Clinic
) -> None:
    call = begin(desk)
    sessions = follow(desk, ask_all(desk, call, wishes={**PAGES["wishes"], "sensitivity": ["bruise_easily"]}))
    assert "Deep tissue" not in text(sessions)
    assert "1 not offered" in text(sessions)
    refused = desk.post(f"{call}/session", data={"option": str(clinic.deep.id)})
    assert refused.status_code == 409
    assert "does not go with what you told us" in text(refused)
    assert desk.post(f"{call}/session", data={"option": "no"}).status_code == 422


def test_times_follow_what_the_caller_asks_for(desk: FlaskClient, db: Session, clinic: makers.Clinic) -> None:
    call = begin(desk)
    to_times(desk, call)
    tom = clinic.therapists[1]
    page = desk.get(f"{call}/time?on=2026-11-25&after=14:00&with={tom.id}")
    assert times_of(page)[0].startswith("2026-11-25T14:00Z")
    assert "Amara Osei</span><small>" not in text(page)
    woman = desk.get(f"{call}/time?with=woman")
    assert "Tom Whitfield</span>" not in text(woman)
    more = re.search(r'href="([^"]+skip=5[^"]*)"', text(woman))
    assert more
    later = desk.get(more.group(1).replace("&amp;", "&"))
    assert not set(times_of(later)) & set(times_of(woman))
    assert desk.get(f"{call}/time?on=nonsense&after=99:99&with=x&skip=x&site=x").status_code == 200


def test_where_nothing_is_free_the_caller_is_told_why_and_what_is_nearest(
    desk: FlaskClient, db: Session, clinic: makers.Clinic
) -> None:
    call = begin(desk)
    to_times(desk, call)
    amara, tom = clinic.therapists
    db.execute(sa.delete(WorkingBreak))
    db.execute(sa.delete(WorkingHours).where(WorkingHours.therapist_id == amara.id))
    db.commit()
    page = desk.get(f"{call}/time?with={amara.id}")
    assert "Nobody you asked for" not in page.text
    assert f"{amara.name} does not give this session at {clinic.site.name}." in page.text
    assert re.search(rf'href="[^"]+with={tom.id}&amp;on=2026-11-23">With {tom.name}: today, ', page.text)


def test_a_time_taken_meanwhile_gives_the_reason_and_the_three_nearest(
    desk: FlaskClient, db: Session, clinic: makers.Clinic, book: Book
) -> None:
    call = begin(desk)
    to_times(desk, call)
    other = book(TUESDAY_TEN, "Owen Price")
    slot = f"2026-11-24T10:15Z/{other.therapist_id}/{clinic.site.id}"
    page = desk.post(f"{call}/time", data={"slot": slot, "with": "any"})
    assert page.status_code == 409
    assert "Owen Price is with Amara Osei from 10:00 to 11:00." in text(page)
    assert len(times_of(page)) == 3
    done = desk.post(f"{call}/time", data={"slot": times_of(page)[0]})
    assert done.status_code == 303
    assert desk.post("/desk/caller/1/time", data={"slot": "x"}).status_code == 404


def test_a_free_time_of_the_board_is_offered_first(
    desk: FlaskClient, db: Session, clinic: makers.Clinic
) -> None:
    tom = clinic.therapists[1]
    clicked = {"at": "2026-11-26T15:00Z", "site": "canal-street", "therapist": tom.id}
    assert "2026-11-26T15:00Z" in text(desk.get("/desk/caller", query_string=clicked))
    page = to_times(desk, begin(desk, {**NEW, **clicked}))
    assert times_of(page)[0] == f"2026-11-26T15:00Z/{tom.id}/{clinic.site.id}"


def test_judged_answers_are_closed_to_the_desk(desk: FlaskClient, db: Session) -> None:
    call = begin(desk)
    ask_all(desk, call)
    for slug in PAGES:
        assert "/questions/" not in desk.get(f"{call}/questions/{slug}").location
    intake = db.scalars(sa.select(Intake)).one()
    before = intakes.answers_of(intake)
    desk.post(f"{call}/questions/safety", data={**PAGES["safety"], "now_signs": ["chest_pain"]})
    db.expire_all()
    assert intakes.answers_of(db.scalars(sa.select(Intake)).one()) == before


def test_all_that_is_wrong_with_a_new_caller_is_named_at_once(
    desk: FlaskClient, clinic: makers.Clinic
) -> None:
    typed = {"name": "", "phone": "??", "email": "anna at home"}
    answer = desk.post("/desk/caller", data=typed)
    refuses_all(
        answer,
        {
            "name": "Enter your full name.",
            "phone": "Enter a phone number like 020 7946 0142.",
            "email": "Enter an e-mail address like name@example.com.",
        },
    )
    keeps(answer.text, typed)
