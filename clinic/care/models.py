"""What is kept of how a session went."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.booking.models import Appointment
from clinic.db import Base, EncryptedText, UtcDateTime


class SessionOutcome(Base):
    """The pain before and after a session (0 to 10, encrypted), as the client told the therapist."""

    __tablename__ = "session_outcome"

    appointment_id: Mapped[int] = mapped_column(sa.ForeignKey("appointment.id"), primary_key=True)
    pain_before: Mapped[str | None] = mapped_column(EncryptedText("session_outcome.pain_before"))
    pain_after: Mapped[str | None] = mapped_column(EncryptedText("session_outcome.pain_after"))
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(sa.String(80))
    version: Mapped[int] = mapped_column(default=1)
    appointment: Mapped[Appointment] = relationship()

    __mapper_args__ = {"version_id_col": version}
