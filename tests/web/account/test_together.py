"""Two who come together, from the link of one: only mine or both, and the other one is told."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from clinic.booking import diary_check, parties, services
from clinic.booking.models import Appointment, Party
from clinic.booking.parties import Guest
from clinic.booking.statuses import Status
from clinic.notify.models import OutboxMessage
from clinic.people import household
from clinic.roster.models import Closure, Room
from tests import makers
from tests.conftest import NOW
from tests.makers import Clinic
from tests.web.account.test_appointment import TOMORROW_TEN, path

pytestmark = pytest.mark.database
THREE_LATER = TOMORROW_TEN + timedelta(hours=3)
Both = tuple[Appointment, Appointment]
ONE = "2026-11-25T13:00Z"


@pytest.fixture
def clinic(db: Session) -> Clinic:
    return makers.clinic(db)


@pytest.fixture
def web(app: Flask) -> FlaskClient:
    return app.test_client()


def book(db: Session, clinic: Clinic, *, other_email: str, one_room: bool = False) -> Party:
    guests = []
    for name, email in (("Ruth Carver", "ruth@client.example"), ("Carl Hall", other_email)):
        who = makers.client(db, NOW, name=name, email=email)
        guests.append(Guest(who, makers.intake(db, NOW), clinic.wish(client_id=who.id)))
    party = parties.book(db, NOW, *guests, TOMORROW_TEN, actor="client", one_room=one_room, via="web")
    db.commit()
    return party


@pytest.fixture
def pair(db: Session, clinic: Clinic) -> Both:
    """Both are reached at one address."""
    return two(db, book(db, clinic, other_email="ruth@client.example"))


@pytest.fixture
def apart(db: Session, clinic: Clinic) -> Both:
    """Each has an address of their own; Ruth booked both."""
    party = book(db, clinic, other_email="carl@client.example")
    one, other = two(db, party)
    party.booked_by = f"client:{one.client_id}"
    db.commit()
    return one, other


def two(db: Session, party: Party) -> Both:
    db.refresh(party, ["members"])
    one, other = parties.coming(party)
    return one, other


def form_of(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return dict(
        re.findall(r'<input type="hidden" name="(version|other|other_version|week)" value="([^"]*)"', page)
    )


def send(web: FlaskClient, appointment: Appointment, what: str, **changes: str) -> TestResponse:
    page = web.get(path(appointment, f"/{what}")).text
    return web.post(path(appointment, f"/{what}"), data={**form_of(page), **changes})


def again(db: Session, *found: Appointment) -> list[Appointment]:
    db.rollback()
    for each in found:
        db.refresh(each)
    return list(found)


def mails(db: Session, kind: str) -> list[OutboxMessage]:
    db.rollback()
    return list(db.scalars(sa.select(OutboxMessage).where(OutboxMessage.kind == kind)))


def test_the_page_says_who_comes_too_and_offers_both(web: FlaskClient, pair: Both) -> None:
    page = web.get(path(pair[0])).text
    assert "You come together" in page
    assert "<b>Carl</b>" in page
    assert "Move both of you" in page
    assert "Cancel one or both" in page
    assert "Only mine" in web.get(path(pair[0], "/cancel")).text


def test_only_mine_is_cancelled_and_the_other_one_is_told(web: FlaskClient, db: Session, apart: Both) -> None:
    assert send(web, apart[0], "cancel", who="mine").status_code == 303
    one, other = again(db, *apart)
    assert (one.status, other.status) == (Status.CANCELLED, Status.BOOKED)
    (told,) = mails(db, "companion")
    assert told.to_address == "carl@client.example"
    facts = json.loads(told.payload)
    assert (facts["other"], facts["what"], facts["appointment_id"]) == ("Ruth", "cancelled", other.id)
    assert "You come together" not in web.get(path(other)).text


def test_both_are_cancelled_where_that_is_asked_for(web: FlaskClient, db: Session, apart: Both) -> None:
    assert send(web, apart[0], "cancel", who="both").status_code == 303
    assert [each.status for each in again(db, *apart)] == [Status.CANCELLED] * 2
    assert len(mails(db, "cancelled")) == 2
    assert mails(db, "companion") == []
    assert diary_check.look(db, NOW) == []


def test_who_did_not_book_for_both_changes_only_their_own(web: FlaskClient, db: Session, apart: Both) -> None:
    page = web.get(path(apart[1], "/cancel")).text
    assert "Both of us" not in page
    assert "We tell Ruth" in page
    assert send(web, apart[1], "cancel", who="both").status_code == 403
    assert [each.status for each in again(db, *apart)] == [Status.BOOKED] * 2
    refused = web.get(path(apart[1], "/move-both"))
    assert refused.status_code == 403
    forged = {**form_of(web.get(path(apart[1], "/cancel")).text), "slot": ONE}
    assert web.post(path(apart[1], "/move-both"), data=forged).status_code == 403
    assert [each.starts_at for each in again(db, *apart)] == [TOMORROW_TEN] * 2


def test_a_parent_may_change_both(web: FlaskClient, db: Session, apart: Both) -> None:
    party = parties.party_of(db, apart[0].id)
    assert party is not None
    party.booked_by = None
    household.name_guardian(db, NOW, apart[1].client, apart[0].client)
    db.commit()
    assert send(web, apart[0], "cancel", who="both").status_code == 303
    assert [each.status for each in again(db, *apart)] == [Status.CANCELLED] * 2


def test_an_old_page_cancels_neither(web: FlaskClient, db: Session, pair: Both) -> None:
    old = form_of(web.get(path(pair[0], "/cancel")).text)
    services.move(db, NOW, pair[1].id, THREE_LATER, actor="desk")
    db.commit()
    refused = web.post(path(pair[0], "/cancel"), data={**old, "who": "both"})
    assert refused.status_code == 409
    assert [each.status for each in again(db, *pair)] == [Status.BOOKED] * 2


def test_only_mine_is_moved_and_the_other_one_is_told(web: FlaskClient, db: Session, apart: Both) -> None:
    page = web.get(path(apart[0], "/move")).text
    assert "Only your appointment moves." in page
    assert send(web, apart[0], "move", slot=ONE).status_code == 303
    one, other = again(db, *apart)
    assert (one.starts_at, other.starts_at) == (THREE_LATER, TOMORROW_TEN)
    (told,) = mails(db, "companion")
    assert json.loads(told.payload)["what"] == "moved"


@pytest.mark.parametrize("one_room", [False, True], ids=["two rooms", "one room"])
def test_both_are_moved_together_and_pressed_twice_once(
    web: FlaskClient, db: Session, clinic: Clinic, one_room: bool
) -> None:
    if one_room:
        db.add(Room(site_id=clinic.site.id, name="Room for two", places=2))
    pair = two(db, book(db, clinic, other_email="ruth@client.example", one_room=one_room))
    page = web.get(path(pair[0], "/move-both")).text
    assert "Choose a new time for both" in page
    data = {**form_of(page), "slot": ONE}
    where = path(pair[0], "/move-both")
    assert web.post(where, data=data).status_code == 303
    assert web.post(where, data=data).status_code == 303
    assert [(each.starts_at, each.sequence) for each in again(db, *pair)] == [(THREE_LATER, 1)] * 2
    assert len({each.room_id for each in pair}) == (1 if one_room else 2)
    assert len(mails(db, "moved")) == 2
    assert diary_check.look(db, NOW) == []


def test_a_time_for_one_alone_moves_neither(
    web: FlaskClient, db: Session, clinic: Clinic, pair: Both
) -> None:
    form = form_of(web.get(path(pair[0], "/move-both")).text)
    busy = clinic.wish(therapist_id=clinic.therapists[1].id)
    who = makers.client(db, NOW, name="Cara Lane", email="cara@client.example")
    services.book(db, NOW, busy, THREE_LATER, who, makers.intake(db, NOW), actor="desk")
    db.commit()
    refused = web.post(path(pair[0], "/move-both"), data={**form, "slot": ONE})
    assert refused.status_code == 409
    assert "You cannot both come then." in refused.text
    assert ONE not in web.get(path(pair[0], "/move-both")).text
    assert [each.starts_at for each in again(db, *pair)] == [TOMORROW_TEN] * 2
    assert web.post(path(pair[0], "/move-both"), data=form).status_code == 422


def test_both_are_held_to_the_sites_policy(web: FlaskClient, db: Session, clinic: Clinic, pair: Both) -> None:
    clinic.site.change_until_minutes = 7 * 24 * 60
    db.commit()
    seen = {"version": pair[0].version, "other": pair[1].id, "other_version": pair[1].version}
    data = {name: str(value) for name, value in seen.items()}
    assert web.post(path(pair[0], "/move-both"), data={**data, "slot": ONE}).status_code == 409
    web.post(path(pair[0], "/cancel"), data={**data, "who": "both"})
    assert [(each.status, each.starts_at) for each in again(db, *pair)] == [(Status.BOOKED, TOMORROW_TEN)] * 2


def test_who_comes_alone_is_offered_nothing_for_two(web: FlaskClient, db: Session, clinic: Clinic) -> None:
    made = services.book(
        db, NOW, clinic.wish(), TOMORROW_TEN, makers.client(db, NOW), makers.intake(db, NOW), actor="test"
    )
    db.commit()
    assert "together" not in web.get(path(made)).text
    assert "What shall we cancel?" not in web.get(path(made, "/cancel")).text
    assert "You do not come together any more." in web.get(path(made, "/move-both")).text


def test_a_week_without_a_time_for_both_leads_to_the_first_one(
    web: FlaskClient, db: Session, clinic: Clinic, pair: Both
) -> None:
    monday = TOMORROW_TEN.date() - timedelta(days=TOMORROW_TEN.weekday())
    db.add(
        Closure(site_id=clinic.site.id, name="Paint", starts_on=monday, ends_on=monday + timedelta(days=8))
    )
    db.commit()
    page = web.get(path(pair[0], f"/move-both?week={monday.isoformat()}")).text
    assert "No time for both this week" in page
    assert "It takes two therapists at once, and two rooms." in page
    assert "Go to Wed 2 Dec, 09:00" in page
    assert "week=2026-11-30" in page
    assert clinic.site.phone[-4:] in page


@pytest.mark.parametrize("what", ["move", "move-both"])
def test_no_time_is_shown_that_is_too_near_to_decide_before(
    web: FlaskClient, db: Session, pair: Both, what: str
) -> None:
    where = path(pair[0], f"/{what}?week=2026-11-23")
    assert "2026-11-23T" in web.get(where).text
    pair[0].status, pair[0].lapses_at = Status.PROVISIONAL, NOW + timedelta(hours=20)
    db.commit()
    page = web.get(where).text
    assert "2026-11-23T" not in page
    assert "2026-11-24T09:00Z" in page
