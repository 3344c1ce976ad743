"""The owner's writing of users: who signs in, with which roles, and with a new password."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from clinic.audit import services as audit
from clinic.kernel.errors import BadInput, NotFound, Stale
from clinic.people import contact, services
from clinic.people.models import Role, RoleName, User, user_role

_DOUBLE = "There is a user with this e-mail already."


def all_users(session: Session) -> list[User]:
    """Everybody who signs in, those who may first, by name."""
    return list(session.scalars(sa.select(User).order_by(User.is_active.desc(), User.name, User.id)))


def open_account(
    session: Session,
    now: datetime,
    *,
    name: str,
    email: str,
    password: str,
    roles: Collection[RoleName],
    actor: str,
) -> User:
    """A new user with a first password; refuses an e-mail that has one already, and no role at all."""
    if not roles:
        raise BadInput("Choose at least one role.", "roles")
    try:
        with session.begin_nested():
            user = services.add_user(session, now, name=name, email=email, password=password, roles=roles)
    except IntegrityError:
        raise BadInput(_DOUBLE, "email") from None
    audit.record(session, now, actor, "add_user", "user", user.id)
    return user


def change_account(
    session: Session,
    now: datetime,
    user_id: int,
    *,
    name: str,
    email: str,
    roles: Collection[RoleName],
    is_active: bool,
    actor: str,
    version: int | None = None,
) -> User:
    """Changes name, e-mail, roles, and whether somebody may sign in; Stale where it changed meanwhile.

    The clinic always keeps one owner who may sign in. Switching somebody off ends their sessions at once.
    """
    # One change at a time: two owners who take the role from each other would each still see the other.
    session.execute(sa.select(Role.id).where(Role.name == RoleName.OWNER).with_for_update())
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound()
    if version is not None and user.version != version:
        raise Stale()
    if not roles:
        raise BadInput("Choose at least one role.", "roles")
    named, address = contact.read_name(name), contact.read_email(email)
    with session.no_autoflush:
        double = session.scalar(sa.select(User.id).where(User.email == address, User.id != user_id))
        if double is not None:
            raise BadInput(_DOUBLE, "email")
        _keep_an_owner(session, user, set(roles), is_active)
        if user.is_active and not is_active:
            user.session_key = secrets.token_hex(24)
        user.name, user.email, user.is_active = named, address, is_active
        user.roles = [_role(session, role) for role in sorted(set(roles))]
        flag_modified(user, "name")  # roles stand in a table of their own and would not raise the version
    session.flush()
    audit.record(session, now, actor, "change_user", "user", user.id)
    return user


def give_password(session: Session, now: datetime, user_id: int, password: str, *, actor: str) -> User:
    """A new password for somebody; ends all their sessions."""
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound()
    services.set_password(session, user, password)
    audit.record(session, now, actor, "set_password", "user", user.id)
    return user


def _keep_an_owner(session: Session, user: User, roles: set[RoleName], is_active: bool) -> None:
    if RoleName.OWNER not in user.role_names or (RoleName.OWNER in roles and is_active):
        return
    other = session.scalar(
        sa.select(User.id)
        .join(user_role, user_role.c.user_id == User.id)
        .join(Role, Role.id == user_role.c.role_id)
        .where(Role.name == RoleName.OWNER, User.is_active, User.id != user.id)
        .limit(1)
    )
    if other is None:
        raise BadInput("This is the only owner who may sign in. Make somebody else owner first.", "roles")


def _role(session: Session, name: RoleName) -> Role:
    role = session.scalar(sa.select(Role).where(Role.name == name))
    if role is None:
        role = Role(name=name)
        session.add(role)
    return role
