"""What a browser is remembered by, in its own signed cookie: the way it is on, and the requests it opened."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import session as cookie

WAY = "journey"
TWO = "two"
OPENED = "opened"
TRUSTED_FOR = timedelta(hours=12)
MOST = 5


def set_out(token: str) -> None:
    """Puts the token of a new way into the cookie: the way of one."""
    cookie[WAY] = token
    cookie.pop(TWO, None)
    cookie.permanent = True


def set_out_as_two() -> None:
    """Notes that two go the way of the token together: only then is it looked up whose turn it is."""
    cookie[TWO] = True


def is_two() -> bool:
    """Whether two may be on the way of the token."""
    return bool(cookie.get(TWO))


def way_token() -> str | None:
    """The token of the way this browser is on."""
    token = cookie.get(WAY)
    return token if isinstance(token, str) and token else None


def trust(clearance_id: int, now: datetime) -> None:
    """Lets this browser see what a request for clearance rests on: it made it, or knew the date of birth."""
    opened = {key: at for key, at in _opened().items() if key != str(clearance_id)}
    newest = list(opened.items())[-(MOST - 1) :]
    cookie[OPENED] = {**dict(newest), str(clearance_id): int(now.timestamp())}
    cookie.permanent = True


def is_trusted(clearance_id: int, now: datetime) -> bool:
    """Whether this browser may see it, for twelve hours from then on."""
    at = _opened().get(str(clearance_id))
    return isinstance(at, int) and 0 <= now.timestamp() - at <= TRUSTED_FOR.total_seconds()


def close_opened() -> None:
    """Trusts this browser with no request any more: somebody else has the screen."""
    cookie.pop(OPENED, None)


def forget() -> None:
    """Forgets all of it: somebody else may sit here now."""
    cookie.pop(WAY, None)
    cookie.pop(TWO, None)
    cookie.pop(OPENED, None)


def _opened() -> dict[str, int]:
    found = cookie.get(OPENED)
    return found if isinstance(found, dict) else {}
