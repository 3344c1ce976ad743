"""Somebody comes with me: each answers alone, then one time, one page and one button for both."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from clinic.booking import diary_check, parties, services
from clinic.booking.models import Appointment, Hold, Journey, JourneyPair
from clinic.booking.statuses import HoldStatus
from clinic.intake.models import Intake
from clinic.notify.links import Links
from clinic.notify.models import OutboxMessage
from clinic.people import household
from clinic.roster.models import Closure, Room
from tests import makers
from tests.makers import Clinic
from tests.web.journey.steps import ANSWERS, Walker, heading, slots_of
from tests.web.journey.waiting import CONTACT, HELD

pytestmark = pytest.mark.database
TEN = "2026-11-24T10:00Z"
NAMES = {"first": "Ruth Carver", "second": "Carl Hall", "who": "grown_up"}
REACH = {"email": "ruth@client.example", "phone": "020 7946 0321", "reminders": "yes"}
STOPPED = {"safety": {"now_signs": "chest_pain"}}


class TwoWalkers(Walker):
    """One browser that two people use in turns."""

    def post(self, path: str, data: dict[str, Any] | None = None) -> Any:
        """Sends what a page of theirs would: with whose it is."""
        return super().post(path, {"whose": self.whose(), **(data or {})})

    def whose(self) -> str:
        """The mark that the pages of whoever has the screen carry."""
        found = re.search(r'name="whose" value="([^"]*)"', self.get("/book/session").text)
        found = found or re.search(r'name="whose" value="([^"]*)"', self.browser.get(
            "/book", follow_redirects=True).text)  # fmt: skip
        return found.group(1) if found else ""

    def turn(self, who: str) -> Any:
        return super().post("/book/together/turn", {"who": who})

    def begin(self, clinic: Clinic, **names: str) -> Any:
        """The first person up to the hand-over."""
        self.to_time(clinic.swedish.id)
        return super().post("/book/together", {**NAMES, **names})

    def second(self, option_id: int, **pages: dict[str, Any]) -> Any:
        """The second person's part up to the last word of it."""
        self.turn("second")
        self.to_session(**pages)
        return self.post("/book/session", {"option": option_id})

    def to_pair_time(self, clinic: Clinic, **pages: dict[str, Any]) -> Any:
        self.begin(clinic)
        self.second(clinic.deep.id, **pages)
        self.turn("both")
        return self.get("/book/together/time")

    def hold(self, clinic: Clinic, slot: str = TEN, query: str = "") -> Any:
        data = {"slot": slot, "option": [clinic.swedish.id, clinic.deep.id]}
        return Walker.post(self, f"/book/together/time{query}", data)

    def hold_same(self, clinic: Clinic) -> Any:
        """Holds for two who both chose the same session."""
        data = {"slot": TEN, "option": [clinic.swedish.id, clinic.swedish.id]}
        return Walker.post(self, "/book/together/time", data)

    def to_pair_check(self, clinic: Clinic, query: str = "") -> Any:
        self.to_pair_time(clinic)
        self.hold(clinic, query=query)
        Walker.post(self, "/book/together/details", REACH)
        return self.get("/book/together/check")

    def book_both(self) -> Any:
        page = self.get("/book/together/check").text
        ids = re.findall(r'name="hold" value="(\d+)"', page)
        return Walker.post(self, "/book/together/check", {"hold": ids})


@pytest.fixture
def two(app: Flask, clinic: Clinic) -> TwoWalkers:
    return TwoWalkers(app)


@pytest.fixture
def wide(db: Session, clinic: Clinic) -> Room:
    made = Room(site_id=clinic.site.id, name="Room for two", places=2)
    db.add(made)
    db.commit()
    return made


def leaf(page: str) -> str:
    """What a page says of itself, without the way and what stands under every page."""
    return page.partition('<div class="leaf')[2].partition("<footer")[0].lower()


def appointments(db: Session) -> list[Appointment]:
    db.rollback()
    db.expire_all()
    return list(db.scalars(sa.select(Appointment).order_by(Appointment.id)))


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


# --- nobody reads or writes the other's answers ------------------------------------------------------


def test_in_the_turn_of_the_second_nothing_of_the_first_is_shown(two: TwoWalkers, clinic: Clinic) -> None:
    two.to_session(background={"blood": "blood_thinner"})
    assert "bruis" in two.get("/book/outcome").text.lower() or "Light" in two.get("/book/outcome").text
    two.post("/book/session", {"option": clinic.swedish.id})
    Walker.post(two, "/book/together", NAMES)
    assert two.get("/book/outcome").location == "/book/together/turn"
    assert two.get("/book/background").location == "/book/together/turn"
    two.turn("second")
    page = two.get("/book/safety").text
    assert not re.findall(r"<input[^>]* checked[^>]*>", page)
    assert "Carl’s part." in page
    assert two.get("/book/background").location == "/book/safety"
    assert two.get("/book/outcome").location == "/book/safety"


def test_a_page_of_the_first_sent_in_the_turn_of_the_second_changes_nothing(
    two: TwoWalkers, clinic: Clinic, db: Session
) -> None:
    two.begin(clinic)
    two.turn("second")
    old = Walker.post(two, "/book/safety", {**ANSWERS["safety"], "now_signs": "chest_pain"})
    assert old.location == "/book/safety"
    assert "out of date" in two.get("/book/safety").text
    other = db.scalars(sa.select(JourneyPair)).one()
    marked = {**ANSWERS["safety"], "whose": f"{other.id}-first"}
    assert Walker.post(two, "/book/safety", marked).location == "/book/safety"
    assert db.scalar(sa.select(sa.func.count()).select_from(Intake)) == 1


def test_on_the_pages_for_both_nobodys_answers_can_be_opened_or_sent(two: TwoWalkers, clinic: Clinic) -> None:
    two.to_pair_time(clinic)
    for slug in ("safety", "about-you", "background", "outcome", "session", "time", "details", "check"):
        assert two.get(f"/book/{slug}").location == "/book/together/time"
    assert Walker.post(two, "/book/wishes", ANSWERS["wishes"]).location == "/book/together/time"


def test_the_pages_for_both_have_no_health_word(two: TwoWalkers, clinic: Clinic) -> None:
    limits = {"background": {"skin": "eczema"}, "wishes": {"goal": "relax", "pressure_pref": "1"}}
    two.begin(clinic)
    two.second(clinic.swedish.id, **limits)
    pages = [two.get("/book/together/turn").text]
    two.turn("both")
    pages.append(two.get("/book/together/time").text)
    pages.append(two.get("/book/together").text)
    two.hold_same(clinic)
    pages.append(two.get("/book/together/details").text)
    Walker.post(two, "/book/together/details", REACH)
    pages.append(two.get("/book/together/check").text)
    two.book_both()
    pages.append(two.get("/book/together/booked").text)
    for page in pages:
        for word in ("eczema", "skin", "lighter", "pressure", "keep in mind", "pain", "relax", "caution"):
            assert word not in leaf(page), word


# --- one of the two cannot be booked -----------------------------------------------------------------


def stop_second(two: TwoWalkers, clinic: Clinic, **pages: dict[str, Any]) -> str:
    two.begin(clinic)
    two.turn("second")
    return str(two.answer_all(**pages).text)


@pytest.mark.parametrize("pages", [STOPPED, {"background": HELD}], ids=["stopped", "clearance"])
def test_where_the_second_cannot_be_booked_the_first_goes_on_alone(
    two: TwoWalkers, clinic: Clinic, db: Session, pages: dict[str, dict[str, Any]]
) -> None:
    page = stop_second(two, clinic, **pages)
    assert "Give the screen to Ruth" in page
    assert two.turn("both").location == "/book/together/turn"
    shared = two.get("/book/together/turn").text
    assert heading(shared) == "We can book one of you here"
    for word in ("chest", "bone", "fracture", "doctor", "emergency", "health", "clearance"):
        assert word not in leaf(shared), word
    assert clinic.site.phone[-4:] in shared
    gone = Walker.post(two, "/book/together/alone", {"who": "first"})
    assert gone.location == "/book/time"
    Walker.post(two, "/book/time", {"slot": TEN})
    assert two.get("/book/details").status_code == 200
    assert db.scalar(sa.select(sa.func.count()).select_from(JourneyPair)) == 0


def test_whoever_was_stopped_may_look_again(two: TwoWalkers, clinic: Clinic) -> None:
    stop_second(two, clinic, **STOPPED)
    two.turn("both")
    two.turn("second")
    assert two.answer_all().status_code == 200
    assert heading(two.get("/book/outcome").text).startswith("You can book")


def test_the_second_goes_on_alone_where_the_first_changes_an_answer_and_is_stopped(
    two: TwoWalkers, clinic: Clinic, db: Session
) -> None:
    two.to_pair_time(clinic)
    two.turn("first")
    assert two.answer("safety", now_signs="chest_pain").status_code == 303
    page = two.browser.get("/book", follow_redirects=True).text
    assert "Give the screen to Carl" in page
    two.turn("both")
    assert "Book for Carl alone" in two.get("/book/together/turn").text
    assert Walker.post(two, "/book/together/alone", {"who": "first"}).location == "/book/together/turn"
    assert Walker.post(two, "/book/together/alone", {"who": "second"}).location == "/book/time"
    assert "Deep tissue" in two.get("/book/time").text


def test_who_does_not_let_us_keep_their_answers_leaves_the_other_the_choice(
    two: TwoWalkers, clinic: Clinic
) -> None:
    two.begin(clinic)
    two.turn("second")
    two.answer("safety")
    assert two.answer("about-you", health_consent="no").location == "/book/together/turn"
    assert heading(two.get("/book/together/turn").text) == "We can book one of you here"


def test_starting_again_in_the_second_turn_begins_that_part_alone(
    two: TwoWalkers, clinic: Clinic, db: Session
) -> None:
    two.begin(clinic)
    two.turn("second")
    two.answer_all()
    assert two.post("/book").location == "/book/safety"
    db.expire_all()
    found = db.scalars(sa.select(JourneyPair)).one()
    assert (found.second_id, found.first.option_id) == (None, clinic.swedish.id)


def test_a_request_sent_in_the_second_turn_leaves_the_way_of_the_first_open(
    two: TwoWalkers, clinic: Clinic
) -> None:
    stop_second(two, clinic, background=HELD)
    sent = two.post("/book/request", {**CONTACT, "name": "Carl Hall"})
    assert sent.location == "/book/outcome"
    page = two.get("/book/outcome").text
    assert "We have your request" in page
    assert "Give the screen to Ruth" in page
    request = re.findall(r'href="(/request/[^"]+)"', page)[0]
    assert 'name="born-day"' not in two.get(request).text
    two.turn("both")
    assert 'name="born-day"' in two.get(request).text  # the other one has the screen now
    assert Walker.post(two, f"{request}/time").status_code == 303
    assert Walker.post(two, "/book/together/alone", {"who": "first"}).location == "/book/time"


def test_keeping_a_time_for_the_second_does_not_end_the_way_of_both(
    two: TwoWalkers, clinic: Clinic, db: Session
) -> None:
    stop_second(two, clinic, background=HELD)
    two.post("/book/request", {**CONTACT, "name": "Carl Hall"})
    request = re.findall(r'href="(/request/[^"]+)"', two.get("/book/outcome").text)[0]
    assert Walker.post(two, f"{request}/time").location == "/book/session"  # in their turn it is their way
    two.turn("both")
    born = {"born-day": "27", "born-month": "3", "born-year": "1985"}
    Walker.post(two, f"{request}/open", born)
    refused = Walker.post(two, f"{request}/time")
    assert refused.status_code == 409
    assert "Two of you are on the way in this browser." in refused.text
    assert Walker.post(two, "/book/together/alone", {"who": "first"}).location == "/book/time"


def test_booking_again_from_a_link_ends_the_way_of_both(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    two.to_pair_check(clinic)
    two.book_both()
    page = two.get("/book/together/booked").text
    link = re.findall(r'href="(/appointment/[^"]+)"', page)[0]
    two.get("/book")
    two.to_pair_time(clinic)
    two.hold(clinic)
    assert Walker.post(two, f"{link}/again").status_code == 303
    db.rollback()
    assert db.scalar(sa.select(sa.func.count()).select_from(JourneyPair)) == 1
    assert not [each for each in db.scalars(sa.select(Hold)) if each.status is HoldStatus.OPEN]


def test_a_time_held_for_one_goes_back_when_two_begin(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    two.to_details(clinic.swedish.id)
    assert "The time that we hold for you goes back." in two.get("/book/together").text
    Walker.post(two, "/book/together", NAMES)
    assert {each.status for each in db.scalars(sa.select(Hold))} == {HoldStatus.RELEASED}


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
