"""A small clinic in the app's database, and browsers to walk with: of one, and of two who go together."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from clinic.roster.models import Room
from tests import makers
from tests.makers import Clinic
from tests.web.journey.steps import Walker
from tests.web.journey.two import TwoWalkers


@pytest.fixture
def clinic(db: Session) -> Clinic:
    made = makers.clinic(db)
    db.commit()
    return made


@pytest.fixture
def walker(app: Flask, clinic: Clinic) -> Walker:
    return Walker(app)


@pytest.fixture
def two(app: Flask, clinic: Clinic) -> TwoWalkers:
    return TwoWalkers(app)


@pytest.fixture
def wide(db: Session, clinic: Clinic) -> Room:
    made = Room(site_id=clinic.site.id, name="Room for two", places=2)
    db.add(made)
    db.commit()
    return made
