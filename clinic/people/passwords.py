"""Passwords: argon2id, checked against length alone (NIST SP 800-63B: no composition rules)."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from clinic.kernel import signs
from clinic.kernel.errors import BadInput

SHORTEST = 10
LONGEST = 200
_hasher = PasswordHasher()
# Checked when there is no such user, so that the answer takes as long as for a wrong password.
_NOBODY = _hasher.hash("nobody signs in with this")


def hash_password(password: str) -> str:
    """The argon2id hash; refuses a password shorter than ten signs or longer than 200."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(f"Use a password of {SHORTEST} to {LONGEST} signs.", "password")
    signs.check(password, "password")
    return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`; takes its time also when there is none."""
    try:
        return _hasher.verify(stored or _NOBODY, password[:LONGEST]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
