"""A household: a child is a client of their own, and it is the guardian we write to."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.kernel.errors import BadInput
from clinic.notify.models import OutboxMessage
from clinic.people import household
from tests import makers

pytestmark = pytest.mark.database


def test_a_child_is_a_client_of_their_own_reached_by_the_guardian(session: Session, now: datetime) -> None:
    anna = makers.client(session, now)
    ben = household.add_child(session, now, anna, "Ben Petrov")
    assert (ben.email, ben.phone) == (anna.email, anna.phone)
    assert ben.id != anna.id
    assert household.guardian_of(session, ben) == anna
    assert household.add_child(session, now, anna, "ben petrov").id == ben.id


def test_a_household_is_guardian_children_and_who_shares_the_address(session: Session, now: datetime) -> None:
    anna = makers.client(session, now)
    ben = household.add_child(session, now, anna, "Ben Petrov")
    partner = makers.client(session, now, "Carl Hall")
    makers.client(session, now, "Dora Lane", email="dora@client.example")
    of_anna = household.household_of(session, anna)
    assert (of_anna.guardian, of_anna.children, of_anna.others) == (None, (ben,), (partner,))
    of_ben = household.household_of(session, ben)
    assert (of_ben.guardian, of_ben.children, of_ben.others) == (anna, (), (partner,))


def test_nobody_answers_for_themselves_or_for_who_answers_for_them(session: Session, now: datetime) -> None:
    anna = makers.client(session, now)
    ben = household.add_child(session, now, anna, "Ben Petrov")
    with pytest.raises(BadInput):
        household.add_child(session, now, anna, "Anna Petrova")
    with pytest.raises(BadInput):
        household.name_guardian(session, now, anna, ben)


def test_a_mail_about_a_child_greets_the_guardian_and_says_for_whom(session: Session, now: datetime) -> None:
    clinic = makers.clinic(session)
    anna = makers.client(session, now)
    ben = household.add_child(session, now, anna, "Ben Petrov")
    at = now + timedelta(days=1)
    services.book(session, now, clinic.wish(), at, ben, makers.intake(session, now), actor="desk")
    mail = session.scalars(sa.select(OutboxMessage)).one()
    told = json.loads(mail.payload)
    assert mail.to_name == "Anna Petrova"
    assert (told["name"], told["person"]) == ("Anna Petrova", "Ben Petrov")
