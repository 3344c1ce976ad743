"""The owner gives somebody hours at two sites that keep different time."""

from __future__ import annotations

import re
from datetime import date

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.roster.models import Site, WorkingHours
from tests import makers
from tests.web.admin.conftest import fields_of, look_again
from tests.web.admin.test_people import address, hours_form

pytestmark = pytest.mark.database


@pytest.fixture
def pune(db: Session, clinic: makers.Clinic) -> Site:
    made = makers.site(db, name="Pune", slug="pune", tz="Asia/Kolkata")
    db.commit()
    return made


def second_span(pune: Site, opens: str, closes: str) -> dict[str, str]:
    """One more row on Tuesday, beside London's 9:00 to 17:00."""
    return {"h1_1_site": str(pune.id), "h1_1_opens": opens, "h1_1_closes": closes}


def test_hours_that_lie_apart_on_the_two_clocks_are_saved(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, pune: Site
) -> None:
    form = hours_form(owner, clinic, **second_span(pune, "9:00", "13:00"))  # 3:30 to 7:30 in London
    answer = owner.post(address(clinic), data=form | {"from_on": "2026-12-01"})
    assert answer.status_code == 303
    assert db.scalars(sa.select(WorkingHours.opens).where(WorkingHours.site_id == pune.id)).all() == [540]


def test_hours_that_are_the_same_time_say_so_at_their_box_and_keep_what_was_typed(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, pune: Site
) -> None:
    form = hours_form(owner, clinic, **second_span(pune, "21:00", "23:00"))  # 15:30 to 17:30 in London
    answer = owner.post(address(clinic), data=form | {"from_on": "2026-12-01"})
    assert answer.status_code == 422
    sentence = "On Tuesday 1 December 2026 these hours overlap with those at Pune, 21:00 to 23:00 there."
    assert sentence in answer.text
    assert re.search(r'id="h1-0-opens-error"', answer.text) or 'href="#h1-0-opens"' in answer.text
    assert 'value="21:00"' in answer.text
    assert db.scalars(sa.select(WorkingHours).where(WorkingHours.site_id == pune.id)).all() == []


def test_looking_first_says_it_too(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, pune: Site
) -> None:
    form = hours_form(owner, clinic, **second_span(pune, "12:30", "14:00"))  # apart in winter alone
    form.pop("save")
    answer = owner.post(address(clinic), data=form | {"from_on": "2026-12-01", "look": "1"})
    assert "On Tuesday 30 March 2027 these hours overlap with those at Pune" in answer.text


def test_a_new_zone_in_which_hours_of_two_sites_meet_is_refused_with_names_and_days(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, pune: Site
) -> None:
    form = hours_form(owner, clinic, **second_span(pune, "9:00", "13:00"))  # 3:30 to 7:30 in London
    assert owner.post(address(clinic), data=form | {"from_on": "2026-12-01"}).status_code == 303
    page = f"/clinic/sites/{pune.id}"
    refused = owner.post(page, data=fields_of(owner.get(page).text) | {"tz": "Europe/London"})
    assert refused.status_code == 422
    sentence = (
        "In that zone hours here would overlap with hours at another site: "
        f"{clinic.therapists[0].name} on Tuesday. Change the hours first."
    )
    assert sentence in refused.text
    assert 'id="tz-error"' in refused.text
    assert 'value="Europe/London"' in refused.text
    look_again(db)
    assert pune.tz == "Asia/Kolkata"
    # An hour and a half apart still, on both clocks.
    taken = owner.post(page, data=fields_of(owner.get(page).text) | {"tz": "Asia/Karachi"})
    assert taken.status_code == 303


def test_hours_that_are_over_are_no_reason_against_a_new_zone(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, pune: Site
) -> None:
    makers.therapist(db, pune, "Kiran Rao", [])
    amara = clinic.therapists[0].id
    db.add(
        WorkingHours(
            therapist_id=amara, site_id=pune.id, weekday=1, opens=540, closes=780,
            valid_from_on=date(2026, 1, 1), valid_until_on=date(2026, 11, 1),
        )
    )  # fmt: skip
    db.commit()
    page = f"/clinic/sites/{pune.id}"
    form = fields_of(owner.get(page).text) | {"tz": "Europe/London"}
    assert owner.post(page, data=form).status_code == 303
