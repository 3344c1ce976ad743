"""References people read out on the telephone, and tokens nobody can guess."""

from __future__ import annotations

import secrets

# No 0 O 1 I L U: letters and figures that are told apart by ear and by eye.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 6


def new_reference() -> str:
    """A fresh appointment reference of six signs, such as 'K7M2PX' (about 7e8 of them)."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown_reference(reference: str) -> str:
    """'K7M2PX' as it is printed and read out: 'K7M-2PX'."""
    return f"{reference[:3]}-{reference[3:]}"


def read_reference(text: str) -> str | None:
    """The reference somebody typed, in any case, with or without hyphen; None where it is not one."""
    plain = "".join(sign for sign in text.upper() if sign not in " -–.")
    if len(plain) == LENGTH and all(sign in ALPHABET for sign in plain):
        return plain
    return None


def new_token() -> str:
    """Thirty-two url-safe signs with 192 bits of chance."""
    return secrets.token_urlsafe(24)
