"""Where a request comes from, for counting holds: keyed digests of the browser and of its network."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress

from flask import current_app, request
from flask import session as cookie

from clinic.booking.hold_limits import Source
from clinic.kernel.codes import new_token

VISITOR = "visitor"
_V6_NETWORK = 64


def current() -> Source:
    """The visitor of this request. The browser gets a random name of its own, in its signed cookie.

    The address is that of the browser only where TRUSTED_PROXIES says how many proxies stand in front.
    """
    name = cookie.get(VISITOR)
    if not isinstance(name, str) or not name:
        name = cookie[VISITOR] = new_token()
        cookie.permanent = True
    at = network(request.remote_addr)
    return Source(visitor=_digest("visitor", name), address=_digest("address", at) if at else None)


def network(address: str | None) -> str | None:
    """What counts as one address: IPv4 as it is, IPv6 by its /64; None for what is no address."""
    try:
        found = ipaddress.ip_address((address or "").split("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, _V6_NETWORK), strict=False))
    return str(found)


def _digest(kind: str, text: str) -> str:
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, f"hold:{kind}:{text}".encode(), hashlib.sha256).hexdigest()
