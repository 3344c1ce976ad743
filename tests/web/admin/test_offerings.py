"""Session types: lengths, prices, rooms, refusals, and what is booked staying as it was agreed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.catalog.models import Offering, OfferingOption, Skill
from clinic.roster import queries
from tests import makers
from tests.web.admin.conftest import book, fields_of, look_again

pytestmark = pytest.mark.database


def address(clinic: makers.Clinic) -> str:
    return f"/clinic/session-types/{clinic.swedish.offering_id}"


def test_a_new_price_is_for_new_appointments_only(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    booked = book(db, clinic, 1.5)
    form = fields_of(owner.get(address(clinic)).text)
    row = f"o{clinic.swedish.id}"
    look = owner.post(address(clinic), data=form | {f"{row}-price": "68", "look": "1"}).text
    assert "60 minutes: £68," in look
    assert "was £62" in look
    assert "1 coming appointment keeps its price and length." in look
    assert owner.post(address(clinic), data=form | {f"{row}-price": "£68,50"}).status_code == 303
    look_again(db)
    assert db.get(OfferingOption, clinic.swedish.id).price_minor == 6850  # type: ignore[union-attr]
    assert booked.price_minor == 6200


def test_what_is_no_price_is_not_shown_as_one_beside_the_form(
    clinic: makers.Clinic, owner: FlaskClient
) -> None:
    form = fields_of(owner.get(address(clinic)).text) | {f"o{clinic.swedish.id}-price": "a lot"}
    for answer in (
        owner.post(address(clinic), data=form | {"look": "1"}),
        owner.post(address(clinic), data=form),
    ):
        assert "£a lot" not in answer.text
        assert "A length or price that is not a number yet is left out here." in answer.text


def test_a_length_is_added_and_another_switched_off(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    form = fields_of(owner.get(address(clinic)).text)
    del form[f"o{clinic.swedish.id}-active"]
    answer = owner.post(address(clinic), data=form | {"n0-minutes": "90", "n0-price": "90"})
    assert answer.status_code == 303
    look_again(db)
    rows = db.scalars(
        sa.select(OfferingOption)
        .where(OfferingOption.offering_id == clinic.swedish.offering_id)
        .order_by(OfferingOption.minutes)
    ).all()
    assert [(r.minutes, r.is_active, r.pressure_firmest) for r in rows] == [(60, False, 4), (90, True, 4)]


def test_rooms_can_be_chosen_and_unknown_ones_cannot(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    form = fields_of(owner.get(address(clinic)).text)
    assert owner.post(address(clinic), data=form | {"rooms": [str(clinic.rooms[0].id)]}).status_code == 303
    assert queries.rooms_of_offering(db, clinic.swedish.offering_id) == {clinic.rooms[0].id}
    again = fields_of(owner.get(address(clinic)).text)
    answer = owner.post(address(clinic), data=again | {"rooms": ["77"]})
    assert answer.status_code == 422
    assert "Choose from the rooms shown." in answer.text


def test_a_session_type_is_added_whole_or_not_at_all(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    form = fields_of(owner.get("/clinic/session-types/new").text) | {
        "name": "Shiatsu", "desk_name": "Shiatsu", "technique": "shiatsu",
        "skill_id": str(clinic.swedish.offering.skill_id), "n0-minutes": "60", "n0-price": "66",
    }  # fmt: skip
    wrong = owner.post("/clinic/session-types/new", data=form | {"n1-minutes": "62", "n1-price": "70"})
    assert wrong.status_code == 422
    assert db.scalar(sa.select(Offering).where(Offering.name == "Shiatsu")) is None
    assert owner.post("/clinic/session-types/new", data=form).status_code == 303
    look_again(db)
    made = db.scalars(sa.select(Offering).where(Offering.name == "Shiatsu")).one()
    assert [(o.minutes, o.price_minor, o.pressure_lightest) for o in made.options] == [(60, 6600, 2)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Enter a name."),
        ({"name": "Deep tissue"}, "There is a session type of that name already."),
        ({"desk_name": "x" * 41}, "Use 40 signs or fewer."),
        ({"skill_id": "99"}, "Choose one of the skills."),
        ({"position": "first"}, "Enter a number from 0 to 999."),
        ({"{row}-price": "sixty"}, "Enter a price like 62 or 62.50."),
        ({"{row}-price": "-5"}, "Enter a price like 62 or 62.50."),
        ({"{row}-after": "245"}, "Enter a number from 0 to 240."),
        ({"{row}-before": "7"}, "Enter minutes from 0 to 240 that 5 goes into."),
        ({"n0-minutes": "60", "n0-price": "70"}, "This session type has that length already."),
        ({"n0-minutes": "47", "n0-price": "70"}, "Enter a length from 5 to 480 minutes that 5 goes into."),
        ({"n0-minutes": "500", "n0-price": "70"}, "Enter a number from 5 to 480."),
        ({"n0-minutes": "90", "n0-price": ""}, "Enter a price like 62 or 62.50."),
    ],
)
def test_what_cannot_be_saved_says_why_and_keeps_what_was_typed(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, changes: dict[str, str], sentence: str
) -> None:
    form = fields_of(owner.get(address(clinic)).text) | {"summary": "Long strokes, kept."}
    row = f"o{clinic.swedish.id}"
    answer = owner.post(address(clinic), data=form | {k.format(row=row): v for k, v in changes.items()})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Long strokes, kept." in answer.text
    look_again(db)
    assert db.get(Offering, clinic.swedish.offering_id).summary == ""  # type: ignore[union-attr]


def test_a_stale_page_says_how_it_stands(db: Session, clinic: makers.Clinic, owner: FlaskClient) -> None:
    old = fields_of(owner.get(address(clinic)).text)
    row = f"o{clinic.swedish.id}"
    assert owner.post(address(clinic), data=old | {f"{row}-price": "70"}).status_code == 303
    answer = owner.post(address(clinic), data=old | {f"{row}-price": "75"})
    assert answer.status_code == 409
    assert "£70, rest 0 and 15, room 0" in answer.text
    assert 'value="75"' in answer.text
    assert owner.post(address(clinic), data=fields_of(answer.text)).status_code == 303


def test_skills_are_added_renamed_and_refused(db: Session, clinic: makers.Clinic, owner: FlaskClient) -> None:
    assert owner.post("/clinic/skills", data={"name": "Shiatsu"}).status_code == 303
    made = db.scalars(sa.select(Skill).where(Skill.name == "Shiatsu")).one()
    double = owner.post("/clinic/skills", data={"name": " Swedish "})
    assert (double.status_code, "There is a skill of that name already." in double.text) == (422, True)
    assert owner.post(f"/clinic/skills/{made.id}", data={"name": "Zen shiatsu"}).status_code == 303
    look_again(db)
    assert (made.name, made.is_active) == ("Zen shiatsu", False)
    assert owner.post("/clinic/skills/999", data={"name": "Other"}).status_code == 404
