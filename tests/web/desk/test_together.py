"""Two people at once at the desk: choose, preview, book; then move or cancel both."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking import parties
from clinic.booking.models import Appointment, Party
from clinic.booking.statuses import Status
from clinic.intake import returning
from clinic.notify.models import OutboxMessage
from clinic.people import household
from clinic.roster.models import Room
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import TUESDAY_TEN, Book

pytestmark = pytest.mark.database
HOUR = timedelta(hours=1)


def path(made: Appointment, what: str = "") -> str:
    return f"/desk/appointment/{made.reference}/together{what}"


def all_of(db: Session) -> list[Appointment]:
    db.rollback()
    db.expire_all()
    return list(db.scalars(sa.select(Appointment).order_by(Appointment.id)))


@pytest.fixture
def ben(db: Session) -> int:
    """Somebody with the same e-mail address as Anna, and fresh answers."""
    made = makers.client(db, NOW, "Ben Hall", email="anna@client.example")
    intake = makers.intake(db, NOW, makers.ALL_WELL)
    intake.client_id = made.id
    db.commit()
    assert returning.newest_of(db, made.id) is not None
    return made.id


@pytest.fixture
def wide(db: Session, clinic: makers.Clinic) -> None:
    db.add(Room(site_id=clinic.site.id, name="Room for two", places=2))
    db.commit()


def test_who_shares_the_address_is_offered_first(desk: FlaskClient, book: Book, ben: int) -> None:
    page = desk.get(path(book())).text
    assert f'name="person" value="{ben}"' in page
    assert "Ben Hall" in page
    assert "Two at once" in desk.get(path(book(TUESDAY_TEN + 3 * HOUR, "Cara Lane"))[:-9]).text


def test_the_second_person_is_booked_at_the_same_start(
    desk: FlaskClient, db: Session, clinic: makers.Clinic, book: Book, ben: int
) -> None:
    made = book()
    page = desk.get(path(made) + f"?person={ben}&option={clinic.deep.id}").text
    slots = re.findall(r'name="slot"[^>]*value="([^"]+)"', page)
    assert slots[0] == "2026-11-24T10:00Z"
    form = {
        "person": ben,
        "option": clinic.deep.id,
        "slot": slots[0],
        "version": made.version,
        "unchanged": "yes",
    }
    for _press in range(2):
        assert desk.post(path(made), data=form).status_code == 303
    one, other = all_of(db)
    assert one.starts_at == other.starts_at == TUESDAY_TEN
    assert one.therapist_id != other.therapist_id
    assert "Comes with" in desk.get(f"/desk/appointment/{other.reference}").text
    page = desk.get(f"/desk/appointment/{other.reference}/move").text
    assert "One of two: Ben Hall comes together with Anna Petrova." in page
    assert "Move only this one" in page
    assert f'href="/desk/appointment/{other.reference}/together"' in page


def test_whether_anything_has_changed_is_asked_first(
    desk: FlaskClient, db: Session, clinic: makers.Clinic, book: Book, ben: int
) -> None:
    made = book()
    form = {"person": ben, "option": clinic.deep.id, "slot": "2026-11-24T10:00Z", "version": made.version}
    page = desk.post(path(made), data=form)
    assert page.status_code == 422
    assert "Ask whether anything has changed" in page.text
    assert len(all_of(db)) == 1


def test_one_room_for_two_is_offered_where_there_is_one(
    desk: FlaskClient, db: Session, clinic: makers.Clinic, book: Book, ben: int, wide: None
) -> None:
    made = book()
    assert "One room for two" in desk.get(path(made) + f"?person={ben}").text
    form = {
        "person": ben,
        "option": clinic.swedish.id,
        "slot": "2026-11-24T10:00Z",
        "version": made.version,
        "unchanged": "yes",
        "rooms": "one",
    }
    assert desk.post(path(made), data=form).status_code == 303
    one, other = all_of(db)
    assert one.room.name == other.room.name == "Room for two"


def test_the_questions_come_first_for_somebody_without_answers(
    desk: FlaskClient, db: Session, book: Book
) -> None:
    new = makers.client(db, NOW, "New Person", email="new@client.example")
    db.commit()
    page = desk.get(path(book()) + f"?person={new.id}").text
    assert "The health questions come first." in page
    assert "Begin a call for New Person" in page


def test_two_who_are_booked_already_are_brought_together(desk: FlaskClient, db: Session, book: Book) -> None:
    anna = book()
    cara = book(TUESDAY_TEN + 3 * HOUR, "Cara Lane")
    page = desk.get(path(anna) + f"?person={cara.client_id}").text
    assert f'value="b{cara.id}"' in page
    form = {
        "person": cara.client_id,
        "option": f"b{cara.id}",
        "slot": "2026-11-24T10:00Z",
        "version": anna.version,
    }
    assert desk.post(path(anna), data=form).status_code == 303
    assert [each.starts_at for each in all_of(db)] == [TUESDAY_TEN, TUESDAY_TEN]


def test_both_are_moved_and_cancelled_together(desk: FlaskClient, db: Session, book: Book) -> None:
    anna = book()
    cara = book(TUESDAY_TEN, "Cara Lane")
    form = {"person": cara.client_id, "option": f"b{cara.id}", "slot": "2026-11-24T10:00Z"}
    desk.post(path(anna), data={**form, "version": anna.version})
    one, other = all_of(db)
    moved = {"slot": "2026-11-24T13:00Z", "version": one.version}
    assert desk.post(path(anna, "/move"), data=moved).status_code == 303
    one, other = all_of(db)
    assert one.starts_at == other.starts_at == TUESDAY_TEN + 3 * HOUR
    gone = {"who": "both", "version": one.version, "other": other.id, "other_version": other.version}
    where = f"/desk/appointment/{anna.reference}/cancel"
    assert desk.post(where, data=gone).status_code == 422
    for _press in range(2):
        assert desk.post(where, data={**gone, "reason": "client"}).status_code == 303
    assert [each.status for each in all_of(db)] == [Status.CANCELLED] * 2
    assert db.scalar(sa.select(sa.func.count()).select_from(Party)) == 1


def test_one_cancellation_of_two_in_one_room_is_taken_back_or_the_room_is_said_to_be_gone(
    desk: FlaskClient, db: Session, clinic: makers.Clinic, book: Book, ben: int, wide: None
) -> None:
    form = {"person": ben, "option": clinic.swedish.id, "slot": "2026-11-24T10:00Z"}
    made = book()
    more = {"version": made.version, "unchanged": "yes", "rooms": "one"}
    desk.post(path(made), data={**form, **more})
    one, other = all_of(db)
    here = f"/desk/appointment/{one.reference}"
    desk.post(f"{here}/cancel", data={"reason": "client", "version": one.version, "who": "one"})
    assert desk.post(f"{here}/undo", data={"version": all_of(db)[0].version}).status_code == 303
    assert [(each.status, each.room_id) for each in all_of(db)] == [(Status.BOOKED, one.room_id)] * 2
    one, other = all_of(db)
    gone = {"version": one.version, "other": other.id, "other_version": other.version}
    desk.post(f"{here}/cancel", data={**gone, "reason": "client", "who": "both"})
    db.rollback()
    parties.tidy(db)
    for each in clinic.rooms:
        db.get_one(Room, each.id).is_active = False
    db.commit()
    book(TUESDAY_TEN, "Cara Lane")
    refused = desk.post(f"{here}/undo", data={"version": all_of(db)[0].version})
    assert refused.status_code == 409
    assert "Somebody else has the room for two by now. It stays cancelled" in refused.text


@pytest.fixture
def pair(desk: FlaskClient, db: Session, book: Book) -> list[Appointment]:
    """Anna and Cara, who come together."""
    anna, cara = book(), book(TUESDAY_TEN + 3 * HOUR, "Cara Lane")
    form = {"person": cara.client_id, "option": f"b{cara.id}", "slot": "2026-11-24T10:00Z"}
    desk.post(path(anna), data={**form, "version": anna.version})
    return all_of(db)


def told(db: Session) -> list[tuple[str, str]]:
    """Who was told what of who comes along."""
    db.rollback()
    wanted = sa.select(OutboxMessage).where(OutboxMessage.kind == "companion")
    found = db.scalars(wanted.order_by(OutboxMessage.id))
    return [(each.to_address, json.loads(each.payload)["what"]) for each in found]


def test_whether_one_or_both_are_cancelled_is_asked_and_what_was_said_is_kept(
    desk: FlaskClient, db: Session, pair: list[Appointment]
) -> None:
    where = f"/desk/appointment/{pair[0].reference}/cancel"
    page = desk.get(where).text
    assert "One of two: Anna Petrova comes together with Cara Lane." in page
    assert "Only Anna Petrova" in page
    assert "The appointment of Cara Lane stays; a message goes to cara@client.example." in page
    refused = desk.post(where, data={"reason": "cannot", "version": pair[0].version})
    assert refused.status_code == 422
    assert "Choose whether one or both are cancelled." in refused.text
    assert re.search(r'value="cannot" checked', refused.text)
    assert [each.status for each in all_of(db)] == [Status.BOOKED] * 2


def test_one_of_two_is_cancelled_at_the_desk_and_who_still_comes_is_told(
    desk: FlaskClient, db: Session, pair: list[Appointment]
) -> None:
    where = f"/desk/appointment/{pair[0].reference}"
    form = {"reason": "therapist", "version": pair[0].version, "who": "one"}
    for _press in range(2):
        assert desk.post(f"{where}/cancel", data=form).status_code == 303
    assert [each.status for each in all_of(db)] == [Status.CANCELLED, Status.BOOKED]
    assert told(db) == [("cara@client.example", "cancelled")]
    assert "The appointment of Cara Lane stays; a message goes to" in desk.get(where).text
    desk.post(f"{where}/undo", data={"version": all_of(db)[0].version})
    assert [what for _to, what in told(db)] == ["cancelled", "back"]


def test_one_of_two_is_moved_at_the_desk_and_who_still_comes_is_told(
    desk: FlaskClient, db: Session, pair: list[Appointment]
) -> None:
    one, other = pair
    where = f"/desk/appointment/{one.reference}/move"
    slot = f"2026-11-24T14:00Z/{one.therapist_id}/{one.site_id}"
    for _press in range(2):
        assert desk.post(where, data={"slot": slot, "version": one.version}).status_code == 303
    assert [each.starts_at for each in all_of(db)] == [TUESDAY_TEN + 4 * HOUR, TUESDAY_TEN]
    assert told(db) == [("cara@client.example", "moved")]
    assert "Comes with" not in desk.get(f"/desk/appointment/{other.reference}").text


def test_who_still_comes_brings_somebody_else(
    desk: FlaskClient, db: Session, clinic: makers.Clinic, pair: list[Appointment], ben: int
) -> None:
    gone, stays = pair
    form = {"reason": "client", "version": gone.version, "who": "one"}
    desk.post(f"/desk/appointment/{gone.reference}/cancel", data=form)
    wanted = {"person": ben, "option": clinic.deep.id, "slot": "2026-11-24T10:00Z", "unchanged": "yes"}
    assert desk.post(path(stays), data={**wanted, "version": all_of(db)[1].version}).status_code == 303
    other = parties.companion(db, all_of(db)[1].id)
    assert other is not None
    assert (other.client_id, other.starts_at) == (ben, TUESDAY_TEN)


def test_two_who_were_parted_are_brought_together_again_at_a_time_that_is_shown(
    desk: FlaskClient, db: Session, pair: list[Appointment]
) -> None:
    one, other = pair
    slot = f"2026-11-24T14:00Z/{one.therapist_id}/{one.site_id}"
    desk.post(f"/desk/appointment/{one.reference}/move", data={"slot": slot, "version": one.version})
    asked = {"person": other.client_id, "option": f"b{other.id}"}
    page = desk.get(f"{path(one)}?person={other.client_id}&option=b{other.id}").text
    shown = re.findall(r'name="slot"[^>]*value="([^"]+)"', page)
    assert shown[0] == "2026-11-24T14:00Z"
    form = {**asked, "slot": shown[0], "version": all_of(db)[0].version}
    assert desk.post(path(one), data=form).status_code == 303
    assert parties.companion(db, all_of(db)[0].id) is not None


def test_both_are_not_cancelled_where_the_other_one_has_changed_meanwhile(
    desk: FlaskClient, db: Session, pair: list[Appointment]
) -> None:
    one, other = pair
    form = {"version": one.version, "other": other.id, "other_version": other.version - 1}
    where = f"/desk/appointment/{one.reference}/cancel"
    refused = desk.post(where, data={**form, "reason": "client", "who": "both"})
    assert refused.status_code == 409
    assert "Someone changed this meanwhile" in refused.text
    assert [each.status for each in all_of(db)] == [Status.BOOKED] * 2


def test_who_has_no_address_is_to_be_told_by_the_desk(
    desk: FlaskClient, db: Session, pair: list[Appointment]
) -> None:
    pair[1].client.email = None
    db.commit()
    words = "The appointment of Cara Lane stays. There is no e-mail address: tell them yourself."
    where = f"/desk/appointment/{pair[0].reference}"
    assert words in desk.get(f"{where}/cancel").text
    assert words in desk.get(f"{where}/move").text


@pytest.mark.parametrize("what", ["move", "together"])
def test_for_who_waits_no_time_is_shown_that_is_too_near_to_decide_before(
    desk: FlaskClient, db: Session, pair: list[Appointment], what: str
) -> None:
    where = f"/desk/appointment/{pair[0].reference}/{what}?on=2026-11-23"
    assert 'name="slot"' in desk.get(where).text
    pair[0].status, pair[0].lapses_at = Status.PROVISIONAL, NOW + timedelta(hours=20)
    db.commit()
    assert 'name="slot"' not in desk.get(where).text


def test_a_clients_page_shows_the_household_and_books_for_it(
    desk: FlaskClient, db: Session, book: Book, ben: int
) -> None:
    anna = book()
    child = household.add_child(db, NOW, anna.client, "Kim Petrova")
    db.commit()
    page = desk.get(f"/desk/client/{anna.client_id}").text
    for words in ("Household", "Kim Petrova", "Child", "Ben Hall", "Same e-mail address"):
        assert words in page
    page = desk.get(f"/desk/client/{child.id}").text
    assert "Parent or guardian: we write to them" in page


def test_reception_adds_a_child_to_a_household(desk: FlaskClient, db: Session, book: Book) -> None:
    anna = book()
    path = f"/desk/client/{anna.client_id}/child"
    wrong = desk.post(path, data={"name": "Anna Petrova"})
    assert wrong.status_code == 422
    assert "Enter the name of the child." in wrong.text
    for _press in range(2):
        assert desk.post(path, data={"name": "Kim Petrova"}).status_code == 303
    page = desk.get(f"/desk/client/{anna.client_id}").text
    assert page.count("<h3>") == 1
    child = household.household_of(db, anna.client).children[0]
    assert "Add a child" not in desk.get(f"/desk/client/{child.id}").text
