"""Writing and checking people."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from clinic import batch
from clinic.kernel.errors import BadInput
from clinic.people import contact, passwords
from clinic.people.models import Client, Consent, ConsentKind, Role, RoleName, User

DEMO_PASSWORD = "linden-demo-2026"  # noqa: S105 - shown on the sign-in page of the demo clinic
DEMO_DOMAIN = "@demo.example"


def sign_in(session: Session, email: str, password: str) -> User | None:
    """The active user with this e-mail and password, or None; equally slow either way."""
    user = session.scalar(sa.select(User).where(User.email == email.strip().lower()))
    fits = passwords.matches(user.password if user else None, password)
    return user if user and fits and user.is_active else None


def demo_sign_ins(session: Session) -> list[tuple[str, str, str]]:
    """E-mail, password and role of the demo clinic's users, one for each role; empty elsewhere."""
    users = session.scalars(
        sa.select(User).where(User.email.endswith(DEMO_DOMAIN), User.is_active).order_by(User.id)
    ).all()
    first: dict[RoleName, str] = {}
    for user in users:
        for role in sorted(user.role_names):
            first.setdefault(role, user.email)
    return [(first[role], DEMO_PASSWORD, role.value) for role in RoleName if role in first]


def add_user(
    session: Session, now: datetime, *, name: str, email: str, password: str | None, roles: Iterable[RoleName]
) -> User:
    """A new user; refuses an e-mail that has one already."""
    address = contact.read_email(email)
    if session.scalar(sa.select(User.id).where(User.email == address)):
        raise BadInput("There is a user with this e-mail already.", "email")
    user = User(
        name=contact.read_name(name),
        email=address,
        password=passwords.hash_password(password) if password else None,
        session_key=secrets.token_hex(24),
        created_at=now,
        roles=[_role(session, role) for role in dict.fromkeys(roles)],
    )
    session.add(user)
    session.flush()
    return user


def _role(session: Session, name: RoleName) -> Role:
    role = session.scalar(sa.select(Role).where(Role.name == name))
    if role is None:
        role = Role(name=name)
        session.add(role)
    return role


def set_password(session: Session, user: User, password: str) -> None:
    """Changes the password and ends every session of this user."""
    user.password = passwords.hash_password(password)
    user.session_key = secrets.token_hex(24)
    session.flush()


def add_client(
    session: Session,
    now: datetime,
    *,
    name: str,
    email: str | None,
    phone: str | None,
    wants_reminders: bool = True,
) -> Client:
    """A new client; the values are taken as `people.contact` reads them."""
    client = Client(
        name=name,
        name_key=contact.name_key(name),
        email=email,
        phone=phone,
        wants_reminders=wants_reminders,
        created_at=now,
    )
    session.add(client)
    session.flush()
    set_committed_value(client, "answered_for", None)  # nobody can answer yet for who has just come
    return client


def find_or_add_client(
    session: Session,
    now: datetime,
    *,
    name: str,
    email: str | None,
    phone: str | None,
    wants_reminders: bool = True,
) -> Client:
    """The client of this name and e-mail (or phone, where there is no e-mail), or a new one.

    One e-mail address may have several people: a child, a partner.
    """
    known = find_client(session, name, email, phone)
    return kept_client(
        session, now, known, name=name, email=email, phone=phone, wants_reminders=wants_reminders
    )


def find_client(session: Session, name: str, email: str | None, phone: str | None) -> Client | None:
    """The client of this name and e-mail, or of this name and phone where there is no e-mail."""
    if not email and not phone:
        return None
    same = _BY_EMAIL if email else _BY_PHONE
    return session.scalar(same, {"name": contact.name_key(name), "email": email, "phone": phone})


_BY_NAME = (
    sa.select(Client)
    .where(Client.name_key == sa.bindparam("name"), Client.erased_at.is_(None))
    .options(joinedload(Client.answered_for))
    .order_by(Client.id)
    .limit(1)
)
_BY_EMAIL = _BY_NAME.where(Client.email == sa.bindparam("email"))
_BY_PHONE = _BY_NAME.where(Client.phone == sa.bindparam("phone"))


def kept_client(
    session: Session,
    now: datetime,
    known: Client | None,
    *,
    name: str,
    email: str | None,
    phone: str | None,
    wants_reminders: bool,
) -> Client:
    """A known client with the phone and the wish for reminders given now, or a new one."""
    if known is None:
        return add_client(session, now, name=name, email=email, phone=phone, wants_reminders=wants_reminders)
    known.phone = phone or known.phone
    known.wants_reminders = wants_reminders
    return known


def record_consents(
    session: Session, now: datetime, agreed: Mapping[ConsentKind, str], *, client_id: int
) -> None:
    """Keeps that a client agreed to exactly these words, one for each kind."""
    for kind, wording in agreed.items():
        batch.add(session, Consent, kind=kind, wording=wording, given_at=now, client_id=client_id)


def name_consents(session: Session, *, intake_id: int | None, client_id: int) -> None:
    """Says who agreed to what was agreed to with an intake, before it was known who answers."""
    batch.write(session, _NAME_CONSENTS, {"intake": intake_id, "client": client_id})


_NAME_CONSENTS = (
    sa.update(Consent.__table__)  # type: ignore[arg-type]
    .where(Consent.intake_id == sa.bindparam("intake"))
    .values(client_id=sa.bindparam("client"))
)


def record_consent(
    session: Session,
    now: datetime,
    kind: ConsentKind,
    wording: str,
    *,
    client_id: int | None = None,
    intake_id: int | None = None,
) -> None:
    """Keeps that somebody agreed to exactly these words."""
    session.add(Consent(kind=kind, wording=wording, given_at=now, client_id=client_id, intake_id=intake_id))
