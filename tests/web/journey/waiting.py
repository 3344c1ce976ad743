"""Somebody whose answers are held, and who asks: what the tests of that way share."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import decisions
from clinic.db import transaction
from clinic.intake.clearances import Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import Clearance, ClearanceStatus
from tests.web.journey.steps import Walker

HELD = {"bones": "fragility_fracture"}
CONTACT = {
    "name": "Ruth Carver", "email": "ruth@client.example", "phone": "020 7946 0321", "best_time": "morning",
}  # fmt: skip


def to_request(walker: Walker, **changes: str) -> str:
    """Answers, asks, and gives the address of the request's own page."""
    walker.answer_all(background=HELD)
    return str(walker.post("/book/request", {**CONTACT, **changes}).location)


def the_request(db: Session) -> Clearance:
    db.expire_all()
    return db.scalars(sa.select(Clearance)).one()


def decide(db: Session, now: datetime, status: ClearanceStatus, question: str = "") -> None:
    """A therapist with a clinician's word decides about the one request there is."""
    with transaction(db):
        decisions.decide(
            db,
            now,
            the_request(db).id,
            Ruling(
                status,
                "Letter from the bone clinic.",
                Signed("Dr Mehta", "Doctor", "GMC 7012345"),
                question=question,
            ),
            actor="user:1",
            power=Releaser.CLINICIAN,
        )
