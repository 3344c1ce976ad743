"""Session types, lengths and skills: what the services keep and what they refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from clinic.catalog import listing, services
from clinic.catalog.services import OptionFacts
from clinic.kernel.errors import BadInput, NotFound, Stale
from tests import makers

pytestmark = pytest.mark.database
HOUR = OptionFacts(60, 6200, "GBP")


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    return makers.clinic(session)


def test_a_length_takes_the_pressures_of_its_technique(session: Session, clinic: makers.Clinic) -> None:
    made = services.save_option(session, clinic.deep.offering_id, replace(HOUR, minutes=45))
    assert (made.pressure_lightest, made.pressure_firmest) == (4, 5)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"minutes": 0}, "minutes"),
        ({"minutes": 47}, "minutes"),
        ({"minutes": 485}, "minutes"),
        ({"minutes": 60}, "minutes"),
        ({"price_minor": -1}, "price"),
        ({"price_minor": 10**9}, "price"),
        ({"currency": "XXX"}, "currency"),
        ({"buffer_before_minutes": 3}, "buffer_before_minutes"),
        ({"buffer_after_minutes": 245}, "buffer_after_minutes"),
        ({"turnover_minutes": -5}, "turnover_minutes"),
        ({"pressure_lightest": 3, "pressure_firmest": 2}, "pressure_firmest"),
        ({"pressure_firmest": 5}, "pressure_lightest"),
    ],
)
def test_a_length_that_cannot_be_is_refused_at_its_field(
    session: Session, clinic: makers.Clinic, changes: dict[str, int], field: str
) -> None:
    facts = replace(HOUR, **{"minutes": 90, **changes})  # type: ignore[arg-type]
    with pytest.raises(BadInput) as refusal:
        services.save_option(session, clinic.swedish.offering_id, facts)
    assert refusal.value.field == field


def test_a_length_keeps_its_minutes_and_an_offering_its_technique(
    session: Session, clinic: makers.Clinic
) -> None:
    with pytest.raises(BadInput, match="A length stays"):
        services.save_option(
            session, clinic.swedish.offering_id, replace(HOUR, minutes=75), clinic.swedish.id
        )
    with pytest.raises(BadInput, match="The technique stays"):
        services.save_offering(
            session, name="Swedish", desk_name="Swe", technique="shiatsu",
            skill_id=clinic.swedish.offering.skill_id, offering_id=clinic.swedish.offering_id,
        )  # fmt: skip


def test_an_option_of_another_offering_is_not_found(session: Session, clinic: makers.Clinic) -> None:
    with pytest.raises(NotFound):
        services.save_option(session, clinic.deep.offering_id, HOUR, clinic.swedish.id)
    with pytest.raises(NotFound):
        services.save_option(session, 999, HOUR)


def test_old_versions_are_stale(session: Session, clinic: makers.Clinic) -> None:
    with pytest.raises(Stale):
        services.save_option(session, clinic.swedish.offering_id, HOUR, clinic.swedish.id, version=9)
    with pytest.raises(Stale):
        services.save_offering(
            session, name="Swedish", desk_name="Swe", technique="swedish", skill_id=1,
            offering_id=clinic.swedish.offering_id, version=9,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "Deep  tissue"}, "name"),
        ({"desk_name": ""}, "desk_name"),
        ({"technique": "reiki"}, "technique"),
        ({"skill_id": 999}, "skill_id"),
        ({"position": -1}, "position"),
        ({"summary": "x" * 1001}, "summary"),
    ],
)
def test_an_offering_that_cannot_be_is_refused_at_its_field(
    session: Session, clinic: makers.Clinic, changes: dict[str, object], field: str
) -> None:
    facts = {"name": "New", "desk_name": "New", "technique": "shiatsu", "skill_id": 1} | changes
    facts.setdefault("skill_id", clinic.swedish.offering.skill_id)
    if "skill_id" not in changes:
        facts["skill_id"] = clinic.swedish.offering.skill_id
    with pytest.raises(BadInput) as refusal:
        services.save_offering(session, **facts)  # type: ignore[arg-type]
    assert refusal.value.field == field


def test_two_skills_have_two_names(session: Session, clinic: makers.Clinic) -> None:
    with pytest.raises(BadInput):
        services.save_skill(session, " Swedish ")
    with pytest.raises(BadInput):
        services.save_skill(session, "x" * 81)
    with pytest.raises(NotFound):
        services.save_skill(session, "Other", 999)
    assert [skill.name for skill in listing.all_skills(session)] == ["Deep tissue", "Swedish"]
