"""A small clinic in the app's database, and a browser to walk with."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import makers
from tests.makers import Clinic
from tests.web.journey.steps import Walker


@pytest.fixture
def clinic(db: Session) -> Clinic:
    made = makers.clinic(db)
    db.commit()
    return made


@pytest.fixture
def walker(app: Flask, clinic: Clinic) -> Walker:
    return Walker(app)
