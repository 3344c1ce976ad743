"""Answers before a yes: they travel in the client's own cookie, sealed, and are kept nowhere on our side."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from flask import session as cookie

from clinic.db import key_ring

KEY = "page_one"
CONTEXT = "journey.page_one"
VALID = timedelta(hours=4)


def keep(answers: Mapping[str, Any], now: datetime) -> None:
    """Puts the answers of page one into the cookie."""
    text = json.dumps({"at": now.isoformat(), "answers": dict(answers)})
    cookie[KEY] = base64.urlsafe_b64encode(key_ring.seal(text, CONTEXT)).decode()


def read(now: datetime) -> dict[str, Any] | None:
    """The answers in the cookie; None where there are none, they are too old or somebody changed them."""
    text = cookie.get(KEY)
    if not isinstance(text, str):
        return None
    try:
        kept = json.loads(key_ring.open(base64.urlsafe_b64decode(text), CONTEXT))
        age = now - datetime.fromisoformat(kept["at"])
    except (binascii.Error, InvalidTag, KeyError, IndexError, TypeError, ValueError):
        return None
    answers: dict[str, Any] = kept["answers"]
    return answers if timedelta(0) <= age <= VALID else None


def forget() -> None:
    """Takes them out of the cookie."""
    cookie.pop(KEY, None)
