"""What the client chose, beside what fitted best: kept in the ledger, as the choice is theirs."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import OfferingOption
from clinic.intake import ledger
from clinic.intake.models import Decision, DecisionKind, Intake
from clinic.kernel.errors import NotFound


def record(session: Session, now: datetime, intake: Intake, option_id: int, best: str | None) -> bool:
    """Writes down what was chosen and what the best fit was; False where that is what stands there already.

    `best` is the name of the session that was shown as the best fit, None where nothing was.
    """
    option = session.get(OfferingOption, option_id)
    if option is None:
        raise NotFound()
    fit = f"best fit was {best}" if best else "nothing was shown as the best fit"
    reason = f"chose {option.offering.name}, {option.minutes} minutes; {fit}"
    last = session.scalar(
        sa.select(Decision)
        .where(Decision.intake_id == intake.id, Decision.kind == DecisionKind.CHOSEN)
        .order_by(Decision.id.desc())
        .limit(1)
    )
    if last is not None and last.reason == reason:
        return False
    grounds = ledger.Grounds(reason=reason)
    ledger.write(session, now, intake, DecisionKind.CHOSEN, actor=ledger.CLIENT, grounds=grounds)
    return True
