"""Somebody comes with me: each answers alone, then one time, one page and one button for both."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import diary_check, parties, services
from clinic.booking.models import Hold, Journey
from clinic.booking.statuses import HoldStatus
from clinic.notify.links import Links
from clinic.notify.models import OutboxMessage
from clinic.people import household
from clinic.roster.models import Closure, Room
from tests import makers
from tests.makers import Clinic
from tests.web.journey.steps import Walker, heading, slots_of
from tests.web.journey.two import NAMES, REACH, TEN, TwoWalkers, appointments

pytestmark = pytest.mark.database


def test_two_grown_ups_are_booked_from_the_first_page_to_the_last(
    two: TwoWalkers, clinic: Clinic, db: Session, now: datetime
) -> None:
    assert "Somebody comes with me" in two.to_time(clinic.swedish.id).text
    assert Walker.post(two, "/book/together", NAMES).location == "/book/together/turn"
    assert heading(two.get("/book/together/turn").text) == "Hand the screen to Carl"
    assert two.second(clinic.deep.id).status_code == 303
    assert heading(two.browser.get("/book", follow_redirects=True).text) == "Your part is done, Carl"
    assert two.turn("both").location == "/book/together/time"
    times = two.get("/book/together/time").text
    assert TEN in slots_of(times)
    assert two.hold(clinic).location == "/book/together/details"
    assert Walker.post(two, "/book/together/details", REACH).location == "/book/together/check"
    check = two.get("/book/together/check").text
    assert "Ruth Carver" in check
    assert "Carl Hall" in check
    assert two.book_both().location == "/book/together/booked"
    page = two.get("/book/together/booked").text
    assert heading(page).endswith("You are both booked, Ruth and Carl")
    one, other = appointments(db)
    assert (one.client.name, one.option_id) == ("Ruth Carver", clinic.swedish.id)
    assert (other.client.name, other.option_id) == ("Carl Hall", clinic.deep.id)
    assert one.starts_at == other.starts_at
    assert parties.companion(db, one.id) == other
    assert one.intake_id != other.intake_id
    assert db.scalar(sa.select(sa.func.count()).select_from(OutboxMessage)) == 2
    assert diary_check.look(db, now) == []
    for who, each in (("first", one), ("second", other)):
        assert each.reference.lower() in two.get(f"/book/together/booked/{who}.ics").text


def test_one_room_for_both_where_there_is_one(
    two: TwoWalkers, clinic: Clinic, db: Session, wide: Room
) -> None:
    page = two.to_pair_time(clinic).text
    assert "One room for both" in page
    two.hold(clinic, query="?rooms=one")
    Walker.post(two, "/book/together/details", REACH)
    assert "One room for both" in two.get("/book/together/check").text
    two.book_both()
    assert {each.room_id for each in appointments(db)} == {wide.id}


def test_a_double_press_books_once_and_back_leads_to_what_is_booked(
    two: TwoWalkers, clinic: Clinic, db: Session
) -> None:
    page = two.to_pair_check(clinic).text
    ids = re.findall(r'name="hold" value="(\d+)"', page)
    for _press in range(2):
        assert Walker.post(two, "/book/together/check", {"hold": ids}).location == "/book/together/booked"
    assert len(appointments(db)) == 2
    for path in ("time", "details", "check", "turn"):
        assert two.get(f"/book/together/{path}").location == "/book/together/booked"
    for path in ("/book/together", "/book/time", "/book/safety", "/book/outcome", "/book/check"):
        assert two.get(path).location == "/book/together/booked"
    assert two.get("/book").location == "/book/safety"


# --- a time that goes --------------------------------------------------------------------------------


def test_a_hold_that_lapsed_can_be_held_again_and_nothing_typed_is_lost(
    two: TwoWalkers, clinic: Clinic, db: Session, now: datetime
) -> None:
    two.to_pair_check(clinic)
    later = now + timedelta(minutes=clinic.site.hold_minutes)
    two.app.config["CLOCK"] = lambda: later
    page = two.get("/book/together/check")
    assert page.status_code == 409
    assert "The time we held has gone back" in page.text
    assert "Hold it again" in page.text
    assert two.hold(clinic).location == "/book/together/check"
    assert two.book_both().location == "/book/together/booked"


def test_a_time_taken_meanwhile_shows_the_nearest_for_both(
    two: TwoWalkers, clinic: Clinic, db: Session, now: datetime
) -> None:
    two.to_pair_time(clinic)
    who = makers.client(db, now)
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    at = datetime.fromisoformat(TEN)
    services.book(db, now, wish, at, who, makers.intake(db, now), actor="desk")
    db.commit()
    page = two.hold(clinic)
    assert page.status_code == 409
    found = re.findall(r'name="soonest" value="([^"]+)">', page.text)
    assert found
    assert Walker.post(two, "/book/together/time", {
        "soonest": found[-1], "option": [clinic.swedish.id, clinic.deep.id]}).status_code == 303  # fmt: skip


def test_a_day_on_which_the_clinic_is_closed_says_so(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    two.to_pair_time(clinic)
    db.rollback()
    day = date(2026, 11, 25)
    db.add(Closure(site_id=clinic.site.id, name="Stocktaking", starts_on=day, ends_on=day))
    db.commit()
    page = two.get("/book/together/time").text
    assert "Closed" in page
    assert "2026-11-25T10:00Z" not in slots_of(page)


def test_changing_a_part_gives_the_held_time_back(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    two.to_pair_check(clinic)
    assert two.turn("second").location == "/book/session"
    assert {each.status for each in db.scalars(sa.select(Hold))} == {HoldStatus.RELEASED}
    two.post("/book/session", {"option": clinic.swedish.id})
    assert two.turn("both").location == "/book/together/time"
    stale = two.hold(clinic)
    assert stale.status_code == 409
    assert "chose another session" in stale.text


def test_a_session_the_form_names_is_not_what_is_booked(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    two.to_pair_time(clinic)
    data = {"slot": TEN, "option": [clinic.deep.id, clinic.swedish.id]}
    assert Walker.post(two, "/book/together/time", data).status_code == 409
    assert db.scalars(sa.select(Hold)).all() == []


# --- who they are ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"second": ""}, "name"),
        ({"second": "ruth carver"}, "same name twice"),
        ({"who": "somebody"}, "Choose who comes with you."),
    ],
)
def test_names_that_will_not_do_are_said_at_the_field(
    two: TwoWalkers, clinic: Clinic, changes: dict[str, str], sentence: str
) -> None:
    page = two.begin(clinic, **changes)
    assert page.status_code == 422
    assert sentence in page.text
    assert "Ruth Carver" in page.text


def test_a_parent_and_a_child_are_booked_and_the_parent_answers_for_the_child(
    two: TwoWalkers, clinic: Clinic, db: Session
) -> None:
    two.begin(clinic, who="child", second="Ben Carver")
    assert heading(two.get("/book/together/turn").text) == "Now answer for Ben"
    two.second(clinic.swedish.id, about_you={"age_years-year": "2009", "guardian_ok": "attend"})
    two.turn("both")
    two.hold_same(clinic)
    page = two.get("/book/together/details").text
    assert "other_email" not in page
    Walker.post(two, "/book/together/details", REACH)
    two.book_both()
    one, other = appointments(db)
    guardian = household.guardian_of(db, other.client)
    assert guardian is not None
    assert guardian.id == one.client_id


CHILD = {"age_years-year": "2009", "guardian_ok": "attend"}


def test_a_parent_who_answered_for_the_child_first_books_for_both(
    two: TwoWalkers, clinic: Clinic, db: Session
) -> None:
    two.to_time(clinic.swedish.id, about_you=CHILD)
    assert "Of the child you answered for." in two.get("/book/together").text
    Walker.post(two, "/book/together", {"first": "Ben Carver", "second": "Ruth Carver"})
    two.second(clinic.swedish.id)
    two.turn("both")
    two.hold_same(clinic)
    assert "We write to Ruth here" in two.get("/book/together/details").text
    Walker.post(two, "/book/together/details", REACH)
    two.book_both()
    one, other = appointments(db)
    by_name = {each.client.name: each for each in (one, other)}
    guardian = household.guardian_of(db, by_name["Ben Carver"].client)
    assert guardian is not None
    assert guardian.id == by_name["Ruth Carver"].client_id
    party = parties.party_of(db, one.id)
    assert party is not None
    assert party.booked_by == f"client:{guardian.id}"


def test_two_children_are_booked_on_the_telephone(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    two.to_time(clinic.swedish.id, about_you=CHILD)
    Walker.post(two, "/book/together", {"first": "Ben Carver", "second": "Ida Carver"})
    two.second(clinic.swedish.id, about_you=CHILD)
    two.turn("both")
    assert "Ring us to book for two children" in two.get("/book/together/time").text
    assert two.hold_same(clinic).status_code == 303
    assert db.scalars(sa.select(Hold)).all() == []


def test_somebody_who_is_back_books_with_who_they_bring(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    two.to_check(clinic.swedish.id)
    assert two.book().location == "/book/booked"
    (before,) = appointments(db)
    links = Links("a secret for tests only", "http://127.0.0.1:8000")
    token = links.manage_token(before.id, before.ends_at)
    Walker.post(two, f"/appointment/{token}/again")
    two.answer("safety")
    two.post("/book/changes", {"anything_changed": "none"})
    two.post("/book/wishes")
    two.post("/book/outcome")
    two.post("/book/session", {"option": clinic.swedish.id})
    assert 'value="Ruth Carver"' in two.get("/book/together").text
    Walker.post(two, "/book/together", NAMES)
    two.second(clinic.swedish.id)
    two.turn("both")
    assert TEN not in slots_of(two.get("/book/together/time?all=y").text)  # Ruth is there already
    data = {"slot": "2026-11-25T10:00Z", "option": [clinic.swedish.id, clinic.swedish.id]}
    assert Walker.post(two, "/book/together/time", data).location == "/book/together/details"
    Walker.post(two, "/book/together/details", REACH)
    assert two.book_both().location == "/book/together/booked"
    made = appointments(db)
    assert [each.client_id for each in made].count(before.client_id) == 2
    assert len(made) == 3


def test_the_other_may_have_an_email_of_their_own(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    two.to_pair_time(clinic)
    two.hold(clinic)
    own = {**REACH, "other_email": "carl@client.example"}
    Walker.post(two, "/book/together/details", own)
    assert "carl@client.example" in two.get("/book/together/check").text
    two.book_both()
    assert [each.client.email for each in appointments(db)] == [REACH["email"], "carl@client.example"]


def test_who_is_not_that_far_does_not_begin_as_two(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    assert two.get("/book/together").location == "/book/safety"
    assert Walker.post(two, "/book/together", NAMES).location == "/book/safety"
    assert db.scalars(sa.select(Journey)).all() == []


def test_who_goes_alone_asks_the_database_nothing_of_pairs(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    said: list[str] = []

    def count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", count)
    try:
        walker.to_check(clinic.swedish.id)
        walker.book()
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", count)
    assert not [each for each in said if "journey_pair" in each]
