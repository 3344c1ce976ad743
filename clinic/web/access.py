"""Who may use a route. Every route declares it; a test asks every route."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user
from sqlalchemy.orm import Session

from clinic.kernel.errors import Forbidden
from clinic.people.models import RoleName, User

View = TypeVar("View", bound=Callable[..., Any])
PUBLIC = frozenset[RoleName]()
ANY_STAFF = frozenset(RoleName)
DESK = frozenset({RoleName.RECEPTION, RoleName.OWNER})
PRACTICE = frozenset({RoleName.THERAPIST})
OWNER = frozenset({RoleName.OWNER})


class SignedIn(UserMixin):
    """The user of this request, as the pages see them."""

    def __init__(self, user: User) -> None:
        self.id = user.id
        self.name = user.name
        self.email = user.email
        self.roles = user.role_names
        self._key = user.session_key

    @property
    def role_names(self) -> tuple[str, ...]:
        """Their roles as plain words, for templates."""
        return tuple(sorted(role.value for role in self.roles))

    def get_id(self) -> str:
        return self._key

    def has(self, *roles: str) -> bool:
        """Whether one of `roles` is theirs."""
        return bool(self.roles & {RoleName(role) for role in roles})

    @property
    def actor(self) -> str:
        """The name under which what they do is written down."""
        return f"user:{self.id}"

    @property
    def initials(self) -> str:
        words = self.name.split()
        return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def load_user(session: Session, key: str) -> SignedIn | None:
    """The active user whose session key this is."""
    user = session.scalar(sa.select(User).where(User.session_key == key, User.is_active))
    return SignedIn(user) if user else None


def public(view: View) -> View:
    """Declares that anybody may use this route."""
    view.allowed = PUBLIC  # type: ignore[attr-defined]
    return view


def allow(roles: frozenset[RoleName]) -> Callable[[View], View]:
    """Declares that only users with one of `roles` may use this route; others are sent to sign in."""

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            if not current_user.is_authenticated:
                back = request.full_path.rstrip("?") if request.method == "GET" else None
                return redirect(url_for("auth.sign_in", next=back))
            if not current_user.roles & roles:
                raise Forbidden()
            answer: ResponseReturnValue = view(*args, **kwargs)
            return answer

        guarded.allowed = roles  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return declare
