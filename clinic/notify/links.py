"""Signed links for mails: made when a mail is written, read when it is followed; the database holds none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from clinic.kernel.errors import NotFound

KEPT_DAYS = 60
_MANAGE = "clinic.manage"


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

    def manage_url(self, appointment_id: int, ends_at: datetime) -> str:
        """The whole address of that page, for a mail."""
        return f"{self.base_url}/appointment/{self.manage_token(appointment_id, ends_at)}"

    def read_manage(self, token: str, now: datetime) -> int:
        """The appointment's id; NotFound for what we never signed, LinkExpired for what is over."""
        try:
            appointment_id, until = self._signer(_MANAGE).loads(token)
        except (BadData, ValueError, TypeError):
            raise NotFound("We do not know this link.") from None
        if now.timestamp() > until:
            raise LinkExpired()
        return int(appointment_id)

    def _signer(self, purpose: str) -> URLSafeSerializer:
        return URLSafeSerializer(
            self.secret_key,
            salt=purpose,
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )
