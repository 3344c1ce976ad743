"""A household: who answers for a child, and who shares an e-mail address. Services: the caller commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.kernel.errors import BadInput
from clinic.people import contact, services
from clinic.people.models import Client, Guardian


@dataclass(frozen=True, slots=True)
class Household:
    """Who belongs to a client: their guardian, their children, and others with the same e-mail address."""

    guardian: Client | None
    children: tuple[Client, ...]
    others: tuple[Client, ...]

    @property
    def members(self) -> tuple[Client, ...]:
        """All of them, the guardian first."""
        return (*([self.guardian] if self.guardian else []), *self.children, *self.others)

    def __bool__(self) -> bool:
        return bool(self.members)


def add_child(session: Session, now: datetime, guardian: Client, name: str) -> Client:
    """A child of a guardian: a client of their own, reached by the guardian's e-mail and telephone.

    The same name again is the same child. BadInput for the guardian's own name, or a child as guardian.
    """
    if contact.name_key(name) == guardian.name_key:
        raise BadInput("That is your own name. Enter the name of the child.", "name")
    child = services.find_or_add_client(
        session,
        now,
        name=name,
        email=guardian.email,
        phone=guardian.phone,
        wants_reminders=guardian.wants_reminders,
    )
    name_guardian(session, now, child, guardian)
    return child


def keep_guardian(session: Session, now: datetime, child: Client, name: str) -> Client:
    """Keeps that somebody of this name, reached as the child is, answers for them; gives who that is."""
    guardian = services.find_or_add_client(
        session,
        now,
        name=name,
        email=child.email,
        phone=child.phone,
        wants_reminders=child.wants_reminders,
    )
    name_guardian(session, now, child, guardian)
    return guardian


def spoken_to(session: Session, client: Client) -> dict[str, str]:
    """For a mail about a child: the guardian's `name`, and the child as `person`; empty for all others."""
    guardian = guardian_of(session, client)
    return {"name": guardian.name, "person": client.name} if guardian is not None else {}


def name_guardian(session: Session, now: datetime, child: Client, guardian: Client) -> None:
    """Keeps who answers for a child; another one later takes the place of the first.

    BadInput where somebody would answer for themselves, or for who answers for them.
    """
    if child.id == guardian.id or guardian_id_of(session, guardian.id) is not None:
        raise BadInput("Name a grown-up who answers for the child.", "booked_by")
    if session.scalar(sa.select(Guardian.child_id).where(Guardian.guardian_id == child.id).limit(1)):
        raise BadInput("Name a grown-up who answers for the child.", "booked_by")
    row = session.get(Guardian, child.id)
    if row is None:
        session.add(Guardian(child_id=child.id, guardian_id=guardian.id, created_at=now))
    else:
        row.guardian_id = guardian.id
    session.flush()
    session.expire(child, ["answered_for"])


def guardian_id_of(session: Session, client_id: int) -> int | None:
    """The number of who answers for a client, or None."""
    session.flush()
    return session.connection().execute(_GUARDIAN, {"child": client_id}).scalar()


_GUARDIAN = sa.select(Guardian.guardian_id).where(Guardian.child_id == sa.bindparam("child"))


def guardian_of(session: Session, client: Client) -> Client | None:
    """Who answers for a client: it is to them that we write. None for a grown-up, and for an erased one."""
    answering = client.answered_for
    guardian = session.get(Client, answering.guardian_id) if answering is not None else None
    return guardian if guardian is not None and guardian.erased_at is None else None


def household_of(session: Session, client: Client) -> Household:
    """Everybody of a client's household: three statements."""
    children = session.scalars(
        sa.select(Client)
        .join(Guardian, Guardian.child_id == Client.id)
        .where(Guardian.guardian_id == client.id, Client.erased_at.is_(None))
        .order_by(Client.name_key, Client.id)
    ).all()
    guardian = guardian_of(session, client)
    known = {client.id, *(each.id for each in children), *([guardian.id] if guardian else [])}
    others: list[Client] = []
    if client.email:
        others = [
            each
            for each in session.scalars(
                sa.select(Client)
                .where(Client.email == client.email, Client.erased_at.is_(None))
                .order_by(Client.name_key, Client.id)
            )
            if each.id not in known
        ]
    return Household(guardian, tuple(children), tuple(others))
