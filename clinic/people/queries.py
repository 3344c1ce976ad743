"""Finding people."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.people.contact import name_key
from clinic.people.models import Client

MOST = 20


def search_clients(session: Session, text: str, limit: int = MOST) -> list[Client]:
    """Clients whose name has each word of `text` at the start of a word, or whose e-mail or telephone
    number has it; best first. Fewer than two signs find nobody."""
    text = text.strip()
    if len(text) < 2:
        return []
    query = sa.select(Client).where(Client.erased_at.is_(None))
    digits = "".join(sign for sign in text if sign.isdigit())
    if "@" in text:
        query = query.where(Client.email.startswith(text.lower(), autoescape=True))
    elif len(digits) >= 4 and len(digits) >= len(text.replace(" ", "")) - 2:
        query = query.where(Client.phone.contains(digits.lstrip("0"), autoescape=True))
    else:
        for word in name_key(text).split():
            query = query.where(
                sa.or_(
                    Client.name_key.startswith(word, autoescape=True),
                    Client.name_key.contains(f" {word}", autoescape=True),
                )
            )
    return list(session.scalars(query.order_by(Client.name_key, Client.id).limit(limit)))
