"""Signed links for mails: made when a mail is written, read when it is followed; the database holds none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from clinic.kernel.errors import NotFound

KEPT_DAYS = 60
_MANAGE = "clinic.manage"
_CLEARANCE = "clinic.clearance"


class LinkExpired(NotFound):
    """A link that was good once; its time is over."""

    status = 410
    default = "This link has expired."


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads the links of one clinic; another secret key makes all of them unknown."""

    secret_key: str
    base_url: str

    def manage_token(self, appointment_id: int, ends_at: datetime) -> str:
        """The token with which a client sees, moves or cancels; good until 60 days after `ends_at`."""
        until = ends_at.astimezone(UTC) + timedelta(days=KEPT_DAYS)
        return str(self._signer(_MANAGE).dumps([appointment_id, int(until.timestamp())]))

    def clearance_token(self, clearance_id: int, since: datetime) -> str:
        """The token with which a client follows a request for clearance; good until 60 days after `since`."""
        until = since.astimezone(UTC) + timedelta(days=KEPT_DAYS)
        return str(self._signer(_CLEARANCE).dumps([clearance_id, int(until.timestamp())]))

    def clearance_url(self, clearance_id: int, since: datetime) -> str:
        """The whole address of that page, for a mail; it names nothing of health."""
        return f"{self.base_url}/request/{self.clearance_token(clearance_id, since)}"

    def manage_url(self, appointment_id: int, ends_at: datetime) -> str:
        """The whole address of that page, for a mail."""
        return f"{self.base_url}/appointment/{self.manage_token(appointment_id, ends_at)}"

    def read_manage(self, token: str, now: datetime) -> int:
        """The appointment's id; NotFound for what we never signed, LinkExpired for what is over."""
        return self._read(_MANAGE, token, now)

    def read_clearance(self, token: str, now: datetime) -> int:
        """The clearance's id; refuses as `read_manage` does, also a link of another purpose."""
        return self._read(_CLEARANCE, token, now)

    def _read(self, purpose: str, token: str, now: datetime) -> int:
        try:
            number, until = self._signer(purpose).loads(token)
        except (BadData, ValueError, TypeError):
            raise NotFound("We do not know this link.") from None
        if now.timestamp() > until:
            raise LinkExpired()
        return int(number)

    def _signer(self, purpose: str) -> URLSafeSerializer:
        return URLSafeSerializer(
            self.secret_key,
            salt=purpose,
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )
