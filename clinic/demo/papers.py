"""Writes intakes as the services do: with the consent, judged by today's rules; many at one go."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from clinic.demo import place
from clinic.intake import services as intakes
from clinic.intake.models import Intake, IntakeStatus
from clinic.intake.questionnaire import load_questionnaire
from clinic.people import services as people
from clinic.people.models import ConsentKind


@dataclass(frozen=True, slots=True)
class Paper:
    """One filled-in questionnaire: whose (None for a visitor), when, by which way, and what was said."""

    client_id: int | None
    at: datetime
    channel: str
    answers: Mapping[str, Any]
    left_out: Mapping[str, str]


def write_papers(session: Session, papers: Sequence[Paper]) -> list[Intake]:
    """Adds an intake for each paper, judged at its instant."""
    made = []
    for paper in papers:
        intake = Intake(
            client_id=paper.client_id,
            status=IntakeStatus.DRAFT,
            channel=paper.channel,
            answers=json.dumps(dict(paper.answers)),
            questionnaire_version=load_questionnaire().version,
            created_at=paper.at,
        )
        # Judged before it is added, so that all of them go into the database together.
        intakes.judge(session, paper.at, intake, paper.left_out)
        made.append(intake)
    session.add_all(made)
    session.flush()
    wording = intakes.CONSENT_WORDING.format(clinic=place.CLINIC_NAME)
    for intake in made:
        people.record_consent(session, intake.created_at, ConsentKind.HEALTH, wording, intake_id=intake.id)
    session.flush()
    return made
