"""Rules that were changed after they were published judge nobody: a plain page says to ring."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from sqlalchemy.orm import Session

from clinic.intake import publishing
from clinic.intake.models import Publication
from clinic.intake.rules import load_rules
from tests import makers


def test_a_changed_file_of_rules_is_a_page_with_a_telephone_and_no_fault(
    app: Flask, db: Session, now: datetime
) -> None:
    makers.clinic(db)
    rules = load_rules()
    db.add(
        Publication(
            rules_version=rules.version,
            rules_digest="0" * 64,
            questionnaire_version=rules.questionnaire.version,
            questionnaire_digest=rules.questionnaire.digest,
            published_at=now,
            actor="user:1",
        )
    )
    db.commit()
    assert publishing.publications(db)
    client = app.test_client()
    client.get("/book/safety")
    answer = client.post(
        "/book/safety",
        data={"now_signs": "none", "saddle_numb": "no", "bladder_bowel": "none", "nerve_signs": "none"},
    )
    body = answer.get_data(as_text=True)
    assert answer.status_code == 503
    assert "Ring us and we will go through it with you." in body
    assert "tel:" in body
