"""Every setting, read once from the environment. No secret has a default outside demo mode.

| variable        | meaning                                                      | default                |
|-----------------|--------------------------------------------------------------|------------------------|
| SECRET_KEY      | signs cookies and links                                      | none: required         |
| FIELD_KEYS      | encrypts health text: id:base64[,id:base64…], newest first   | none: required         |
| DATABASE_URL    | SQLAlchemy URL                                               | SQLite in instance/    |
| SMTP_URL        | smtp://user:password@host:port, smtps://, smtp+starttls://   | none: mails wait       |
| MAIL_FROM       | sender of the mails                                          | the site's address     |
| BASE_URL        | address of the pages, for links in mails                     | http://127.0.0.1:8000  |
| CLINIC_DEMO     | 1: demo clinic, mails into files, keys made on first start   | off                    |
| CLINIC_INSTANCE | folder for the database and what set-up brings               | instance/              |
| TRUSTED_PROXIES | number of proxies in front that set X-Forwarded-*            | 0                      |
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent


class SettingMissing(Exception):
    """A setting without which the clinic does not start; the sentence says how to make one."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Settings:
    """The settings of one running process."""

    secret_key: str
    field_keys: tuple[tuple[str, bytes], ...]
    database_url: str
    instance: Path
    base_url: str = "http://127.0.0.1:8000"
    smtp_url: str | None = None
    mail_from: str | None = None
    is_demo: bool = False
    trusted_proxies: int = 0
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_secure(self) -> bool:
        """Whether the pages are served over https, so that cookies may insist on it."""
        return self.base_url.startswith("https://")

    @property
    def mail_folder(self) -> Path:
        """Where mails land as files in demo mode."""
        return self.instance / "outbox"


def read_keys(text: str) -> tuple[tuple[str, bytes], ...]:
    """The key ring from 'id:base64[,id:base64…]'; refuses a key that is not 32 bytes."""
    keys = []
    for part in text.split(","):
        name, _, encoded = part.strip().partition(":")
        try:
            key = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        except (binascii.Error, ValueError):
            key = b""
        if not name or len(key) != 32:
            raise SettingMissing(
                "FIELD_KEYS must be id:key pairs with keys of 32 bytes. Make one with: "
                "flask --app wsgi clinic new-key"
            )
        keys.append((name, key))
    return tuple(keys)


def new_field_key() -> str:
    """A fresh key of 32 bytes in the form FIELD_KEYS wants, without its id."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def _demo_keys(instance: Path) -> dict[str, str]:
    """Keys for the demo clinic, made on its first start and kept in instance/."""
    path = instance / "demo-keys.json"
    if not path.exists():
        instance.mkdir(parents=True, exist_ok=True)
        made = {"SECRET_KEY": secrets.token_urlsafe(32), "FIELD_KEYS": f"demo:{new_field_key()}"}
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(made))
        scratch.chmod(0o600)
        try:
            os.link(scratch, path)  # the first of several starting processes wins
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    keys: dict[str, str] = json.loads(path.read_text())
    return keys


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings from the environment; SettingMissing with a sentence where a secret is not set."""
    env = os.environ if environ is None else environ
    instance = Path(env.get("CLINIC_INSTANCE") or ROOT / "instance")
    is_demo = env.get("CLINIC_DEMO", "") in {"1", "true", "yes"}
    made = _demo_keys(instance) if is_demo else {}
    secret = env.get("SECRET_KEY") or made.get("SECRET_KEY")
    if not secret:
        raise SettingMissing(
            "SECRET_KEY is not set. Make one with: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    if len(secret) < 16:
        raise SettingMissing("SECRET_KEY is too short: it needs 16 signs or more.")
    ring = env.get("FIELD_KEYS") or made.get("FIELD_KEYS")
    if not ring:
        raise SettingMissing(
            "FIELD_KEYS is not set: health answers are kept encrypted. Make a key with: "
            "python3 -c 'import base64, os; "
            'print("k1:" + base64.urlsafe_b64encode(os.urandom(32)).decode())\''
        )
    proxies = env.get("TRUSTED_PROXIES", "0")
    if not proxies.isdigit():
        raise SettingMissing("TRUSTED_PROXIES must be a whole number.")
    instance.mkdir(parents=True, exist_ok=True)
    return Settings(
        secret_key=secret,
        field_keys=read_keys(ring),
        database_url=env.get("DATABASE_URL") or f"sqlite:///{instance / 'clinic.db'}",
        instance=instance,
        base_url=(env.get("BASE_URL") or "http://127.0.0.1:8000").rstrip("/"),
        smtp_url=env.get("SMTP_URL") or None,
        mail_from=env.get("MAIL_FROM") or None,
        is_demo=is_demo,
        trusted_proxies=int(proxies),
    )


if __name__ == "__main__":
    sys.exit(__doc__)
