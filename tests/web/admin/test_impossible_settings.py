"""Figures and names that cannot be, for sites, session types, people and rooms: refused, nothing written."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import makers
from tests.web.admin.conftest import fields_of
from tests.web.refused import keeps, nothing_written, refuses_all, refuses_at

pytestmark = pytest.mark.database

HOURS = "Enter hours from 0 to 720, like 2 or 1.5."
UNKEPT = "There is a sign in this that cannot be kept. Type it again."


def number(low: int, high: int) -> str:
    return f"Enter a number from {low} to {high}."


def no_zone(name: str) -> str:
    return f"There is no time zone called {name!r}."


SITES: list[tuple[dict[str, str], str, str]] = [
    ({"tz": ""}, "tz", "Enter a time zone like Europe/London."),
    ({"tz": "Europe/Atlantis"}, "tz", no_zone("Europe/Atlantis")),
    ({"tz": "europe/london"}, "tz", no_zone("europe/london")),
    ({"tz": "Europe"}, "tz", no_zone("Europe")),
    ({"tz": "localtime"}, "tz", no_zone("localtime")),
    ({"tz": "right/Europe/London"}, "tz", no_zone("right/Europe/London")),
    ({"tz": "../../etc/passwd"}, "tz", no_zone("../../etc/passwd")),
    ({"tz": "+01:00"}, "tz", no_zone("+01:00")),
    ({"tz": "Z" * 5000}, "tz", no_zone("Z" * 60)),
    ({"horizon_days": "0"}, "horizon_days", number(1, 730)),
    ({"horizon_days": "36500"}, "horizon_days", number(1, 730)),
    ({"horizon_days": "-1"}, "horizon_days", number(1, 730)),
    ({"horizon_days": "٣٠"}, "horizon_days", number(1, 730)),
    ({"horizon_days": "9" * 5000}, "horizon_days", number(1, 730)),
    ({"horizon_days": "60\x00"}, "horizon_days", number(1, 730)),
    ({"min_notice": "-1"}, "min_notice", HOURS),
    ({"min_notice": "721"}, "min_notice", HOURS),
    ({"min_notice": "٢"}, "min_notice", HOURS),
    ({"min_notice": "1.1"}, "min_notice", HOURS),
    ({"min_notice": "1e9"}, "min_notice", HOURS),
    (
        {"min_notice": "72", "horizon_days": "3"},
        "min_notice",
        "That is as far as you book ahead: no time could be booked. Enter fewer.",
    ),
    ({"change_until": ""}, "change_until", HOURS),
    ({"change_until": "99999"}, "change_until", HOURS),
    ({"hold_minutes": "0"}, "hold_minutes", number(1, 60)),
    ({"hold_minutes": "1441"}, "hold_minutes", number(1, 60)),
    ({"talk_minutes": "-5"}, "talk_minutes", number(0, 60)),
    ({"talk_minutes": "7"}, "talk_minutes", "Enter a number of minutes that 5 goes into."),
    ({"grid_minutes": "0"}, "grid_minutes", number(1, 60)),
    ({"grid_minutes": "7"}, "grid_minutes", "Times can start every 5, 10, 15, 20 or 30 minutes."),
    ({"decide_within_hours": "0"}, "decide_within_hours", number(1, 336)),
    ({"provisional_hours": "-1"}, "provisional_hours", number(1, 720)),
    ({"name": "x" * 5000}, "name", "Use 80 signs or fewer."),
    ({"clinic_name": "a\x00b"}, "clinic_name", UNKEPT),
]


@pytest.mark.parametrize("where", ["/clinic/sites/1", "/clinic/sites/new"])
@pytest.mark.parametrize(("typed", "field", "sentence"), SITES)
def test_a_site_that_cannot_be_is_refused(
    db: Session,
    clinic: makers.Clinic,
    owner: FlaskClient,
    where: str,
    typed: dict[str, str],
    field: str,
    sentence: str,
) -> None:
    whole = {**fields_of(owner.get("/clinic/sites/1").text), "directions": "Green door"}
    if where.endswith("new"):
        whole["name"] = "Mill Lane"
    with nothing_written(db):
        answer = owner.post(where, data={**whole, **typed})
    refuses_at(answer, field, sentence)
    keeps(answer.text, {"directions": "Green door", **typed}, leaving_out=["grid_minutes"])


LENGTH = "Enter a length from 5 to 480 minutes that 5 goes into."
REST = "Enter minutes from 0 to 240 that 5 goes into."
PRICE = "Enter a price like 62 or 62.50."

LENGTHS: list[tuple[dict[str, str], str, str]] = [
    ({"n0-minutes": "0"}, "n0-minutes", number(5, 480)),
    ({"n0-minutes": "-60"}, "n0-minutes", number(5, 480)),
    ({"n0-minutes": "7"}, "n0-minutes", LENGTH),
    ({"n0-minutes": "62"}, "n0-minutes", LENGTH),
    ({"n0-minutes": "1500"}, "n0-minutes", number(5, 480)),
    ({"n0-minutes": "٣٠"}, "n0-minutes", number(5, 480)),
    ({"n0-minutes": "30.5"}, "n0-minutes", number(5, 480)),
    ({"n0-minutes": "9" * 5000}, "n0-minutes", number(5, 480)),
    ({"n0-minutes": "30\x00"}, "n0-minutes", number(5, 480)),
    ({"n0-minutes": "60"}, "n0-minutes", "This session type has that length already."),
    ({"n0-before": "1441"}, "n0-before", number(0, 240)),
    ({"n0-after": "2880"}, "n0-after", number(0, 240)),
    ({"n0-after": "7"}, "n0-after", REST),
    ({"n0-after": ""}, "n0-after", number(0, 240)),
    ({"n0-turnover": "-5"}, "n0-turnover", number(0, 240)),
    ({"n0-turnover": "1500"}, "n0-turnover", number(0, 240)),
    ({"n0-price": "-1"}, "n0-price", PRICE),
    ({"n0-price": "٦٢"}, "n0-price", PRICE),
    ({"n0-price": "1e9"}, "n0-price", PRICE),
    ({"n0-price": "999999"}, "n0-price", PRICE),
]


@pytest.mark.parametrize(("typed", "field", "sentence"), LENGTHS)
def test_a_length_that_cannot_be_is_refused_whole(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, typed: dict[str, str], field: str, sentence: str
) -> None:
    page = f"/clinic/session-types/{clinic.swedish.offering_id}"
    more = {"n0-minutes": "30", "n0-price": "40", "n0-before": "0", "n0-after": "15", "n0-turnover": "0"}
    whole: dict[str, Any] = {**fields_of(owner.get(page).text), **more, "summary": "Long strokes", **typed}
    with nothing_written(db):
        answer = owner.post(page, data=whole)
    refuses_at(answer, field, sentence)
    keeps(answer.text, {**more, "summary": "Long strokes", **typed})


@pytest.mark.parametrize(
    ("box", "typed", "sentence"),
    [
        ("before", "1441", number(0, 240)),
        ("after", "12", REST),
        ("turnover", "-15", number(0, 240)),
        ("price", "free", PRICE),
    ],
)
def test_a_length_that_is_there_cannot_become_one_that_cannot_be(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, box: str, typed: str, sentence: str
) -> None:
    page = f"/clinic/session-types/{clinic.swedish.offering_id}"
    field = f"o{clinic.swedish.id}-{box}"
    with nothing_written(db):
        answer = owner.post(page, data={**fields_of(owner.get(page).text), field: typed})
    refuses_at(answer, field, sentence)
    keeps(answer.text, {field: typed})


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"most_deep_in_row": "0"}, "most_deep_in_row", number(1, 20)),
        ({"most_deep_in_row": "٣"}, "most_deep_in_row", number(1, 20)),
        ({"most_hands_on_minutes_a_day": "1500"}, "most_hands_on_minutes_a_day", number(5, 1440)),
        ({"most_hands_on_minutes_a_day": "-60"}, "most_hands_on_minutes_a_day", number(5, 1440)),
        ({"least_break_minutes": "1441"}, "least_break_minutes", number(0, 240)),
        ({"least_break_minutes": "9" * 5000}, "least_break_minutes", number(0, 240)),
        ({"name": "a\x00b"}, "name", UNKEPT),
        ({"about": "a\x00b"}, "about", UNKEPT),
        ({"registration": "x" * 61}, "registration", "Use 60 signs or fewer."),
    ],
)
def test_a_person_who_cannot_be_is_refused(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, typed: dict[str, str], field: str, sentence: str
) -> None:
    page = f"/clinic/therapists/{clinic.therapists[0].id}"
    with nothing_written(db):
        answer = owner.post(page, data={**fields_of(owner.get(page).text), **typed})
    refuses_at(answer, field, sentence)
    keeps(answer.text, typed)


def test_every_number_that_is_none_is_named_at_once(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    row = f"o{clinic.swedish.id}"
    hours, price = "Enter hours from 0 to 720, like 2 or 1.5.", "Enter a price like 62 or 62.50."
    rest = "Enter a number from 0 to 240."
    for path, wrong in (
        (
            "/clinic/sites/1",
            {"min_notice": hours, "change_until": hours, "hold_minutes": "Enter a number from 1 to 60."},
        ),
        (
            f"/clinic/session-types/{clinic.swedish.offering_id}",
            {f"{row}-price": price, f"{row}-before": rest, f"{row}-turnover": rest},
        ),
        (
            f"/clinic/therapists/{clinic.therapists[0].id}",
            {
                "most_deep_in_row": "Enter a number from 1 to 20.",
                "least_break_minutes": "Enter a number from 0 to 240.",
            },
        ),
    ):
        typed = fields_of(owner.get(path).text) | dict.fromkeys(wrong, "a lot")
        with nothing_written(db):
            answer = owner.post(path, data=typed)
        refuses_all(answer, wrong)
        keeps(answer.text, dict.fromkeys(wrong, "a lot"))
