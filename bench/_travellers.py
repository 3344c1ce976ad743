"""Clients on their way: brought by the services to the step that is measured, with their cookies."""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy.orm import Session

from bench._filling import House
from clinic.booking import journeys
from clinic.booking.models import Hold
from clinic.booking.slots import Slot, openings
from clinic.booking.statuses import HoldStatus
from clinic.kernel.errors import SlotTaken
from clinic.roster.models import DiaryEntry, Site
from tests.makers import ALL_WELL

ANYBODY = journeys.Filters()


class Cookies:
    """Signs a browser's cookie as the server does."""

    def __init__(self, secret_key: str) -> None:
        app = Flask(__name__)
        app.secret_key = secret_key
        signer = SecureCookieSessionInterface().get_signing_serializer(app)
        assert signer is not None
        self._signer = signer

    def of(self, token: str) -> str:
        """The cookie of a browser that is on the way of this token."""
        return f"clinic={self._signer.dumps({'journey': token, '_permanent': True})}"


def choosing_a_time(session: Session, house: House, now: datetime, count: int) -> list[str]:
    """The tokens of that many clients, all well, who have chosen the session and now look for a time."""
    return [_choosing(session, house, now)[0] for _ in range(count)]


def about_to_book(session: Session, house: House, now: datetime, count: int, seed: int) -> list[str]:
    """The tokens of that many clients who hold a time each, have said who they are, and check it all."""
    made, chance = [], random.Random(seed)
    free: list[Slot] = []
    for number in range(count):
        token, journey = _choosing(session, house, now)
        if not free:
            wish = journeys.wish_of(journey, _site(session, house), ANYBODY)
            first = house.first_day + timedelta(days=1)
            free = openings(session, wish, first, min(house.days, 28) - 1, now)
        while True:
            try:
                slot = chance.choice(free)
                filters = journeys.Filters(str(slot.therapist_id))
                journeys.take_time(session, now, journey.id, _site(session, house), filters, slot.starts_at)
                break
            except SlotTaken:
                continue
        address = f"{secrets.token_hex(8)}@client.example"
        who = journeys.Details(f"Ruth Carver {number}", address, "+442079460321", True)
        journeys.keep_details(session, now, journey.id, who)
        made.append(token)
    return made


def new_address(chance: random.Random) -> str:
    """An address on the network that nobody else has."""
    return f"10.{chance.randint(1, 255)}.{chance.randint(0, 255)}.{chance.randint(1, 254)}"


def give_all_back(session: Session, house: House) -> None:
    """Empties the diary of everything that was not in it when it was filled. Commits."""
    session.execute(sa.update(Hold).where(Hold.status == HoldStatus.OPEN).values(status=HoldStatus.RELEASED))
    session.execute(sa.delete(DiaryEntry).where(DiaryEntry.id > house.filled_up_to))
    session.commit()


def _choosing(session: Session, house: House, now: datetime) -> tuple[str, journeys.Journey]:
    token = secrets.token_urlsafe(24)
    journey = journeys.begin(session, now, token, ALL_WELL, clinic="Bench Rooms")
    journeys.see_outcome(session, now, journey.id)
    journeys.choose_option(session, now, journey.id, house.option_id)
    return token, journey


def _site(session: Session, house: House) -> Site:
    return session.get_one(Site, house.site_id)


def dates(house: House, days: int = 28) -> Sequence[str]:
    """The days that are asked for, as they stand in an address."""
    return [(house.first_day + timedelta(days=n)).isoformat() for n in range(1, min(house.days, days))]
