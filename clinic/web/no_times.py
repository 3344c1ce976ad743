"""Why a day or a whole search has no time to show: in plain words, with ways on. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinic.booking.slots import NoTimes, WayOut
from clinic.kernel import walltime
from clinic.roster.explaining import Reason, Way
from clinic.web.filters import local_date, short_day


@dataclass(frozen=True, slots=True)
class Why:
    """What is known of a day on which nothing is free: its word and what to do next (address, words)."""

    word: str
    link: tuple[str, str, str] | None = None


def reasons(
    first: date,
    *,
    last: date,
    closed: Collection[date],
    working: Collection[date],
    away: Collection[date],
    person: str = "",
    instead: str = "",
    others: Collection[date] = (),
) -> dict[date, Why]:
    """Why a day of the week may have nothing: not open yet, closed, away, not in, or full.

    `closed` are also the days on which nobody works; `working` those on which whom was asked for has
    hours, `away` those of their time off.
    `instead` is the address of the same week with anybody, where somebody was asked for; it is given for the
    days on which `others` have a time.
    """
    found = {}
    for step in range(7):
        day = first + timedelta(days=step)
        if day > last:
            word = "Not open yet"
        elif day in closed:
            word = "Closed"
        elif day in away:
            word = f"{person} is away"
        elif day not in working:
            word = f"{person} is not in" if person else "Not in"
        else:
            word = "Full"
        link = (instead, "Try anyone", f"on {day:%A} {day.day} {day:%B}") if day in others else None
        found[day] = Why(word, link)
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """A way out in words, and what it stands for."""

    words: str
    out: WayOut


@dataclass(frozen=True, slots=True)
class Explained:
    """One sentence about why there is nothing, and the ways out, the nearest first."""

    sentence: str
    ways: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """What the words need: people and sites by number (a site with its zone), and what was asked for.

    `person` is the name of the therapist asked for, or empty; `minutes` the length of the session.
    """

    people: Mapping[int, str]
    sites: Mapping[int, tuple[str, str]]
    site: str
    minutes: int
    person: str = ""


def explained(found: NoTimes, names: Names, now: datetime, *, at_desk: bool = False) -> Explained:
    """Why a search found nothing, for the client or for reception to read out."""
    sentence = _sentence(found.reason, names, at_desk)
    return Explained(sentence, tuple(Said(_way_words(way, names, now), way) for way in found.ways))


def _sentence(reason: Reason, names: Names, at_desk: bool) -> str:
    person, site = names.person, names.site
    if person and reason in _OF_ONE:
        return _OF_ONE[reason].format(person=person, site=site)
    if at_desk and reason in _AT_DESK:
        return _AT_DESK[reason]
    return _OF_ALL[reason].format(site=site)


_OF_ONE = {
    Reason.NOBODY_SUITS: "{person} does not give this session at {site}.",
    Reason.NOT_IN: "{person} does not work at {site} on these days.",
    Reason.TOO_LONG: "This session is longer than {person} works in one go on these days.",
    Reason.AWAY: "{person} is away on these days.",
    Reason.FULL: "{person} is booked up on these days.",
    Reason.LIMITS: "{person} has no more time for this session on these days.",
}
_OF_ALL = {
    Reason.NO_SKILL: "Nobody gives this session at {site}.",
    Reason.NOBODY_SUITS: "Nobody you asked for gives this session at {site}.",
    Reason.NO_ROOM: "No room at {site} suits what you asked for.",
    Reason.NOT_OPEN_YET: "These days cannot be booked yet.",
    Reason.TOO_SOON: "It is too late to book these days online. Ring us, we may have a time.",
    Reason.NOT_IN: "Nobody who gives this session works on these days.",
    Reason.CLOSED: "We are closed on these days.",
    Reason.TOO_LONG: "This session is too long for our hours on these days.",
    Reason.AWAY: "Everyone who gives this session is away on these days.",
    Reason.FULL: "All times on these days are taken.",
    Reason.LIMITS: "Nobody has more time for this session on these days.",
    Reason.ROOMS_FULL: "All our rooms are taken when someone is free.",
    Reason.CLIENT_BUSY: "You have another appointment when someone is free.",
}
_AT_DESK = {
    Reason.TOO_SOON: "These days are over.",
    Reason.ROOMS_FULL: "A therapist is free, but no room.",
    Reason.CLIENT_BUSY: "The client has another appointment when someone is free.",
}


def _way_words(way: WayOut, names: Names, now: datetime) -> str:
    """'With Tom Whitfield: today, 15:00', '45 minutes instead of 60: tomorrow, 10:00'."""
    site, tz = names.sites[way.site_id]
    who = names.people.get(way.slot.therapist_id, "")
    start = {
        Way.LATER: "",
        Way.OTHER_THERAPIST: f"With {who}: " if who else "With someone else: ",
        Way.SHORTER: f"{way.minutes} minutes instead of {names.minutes}: ",
        Way.OTHER_SITE: f"At {site}: ",
    }[way.way]
    day, today = local_date(way.slot.starts_at, tz), local_date(now, tz)
    near = {today: "today", today + timedelta(days=1): "tomorrow"}
    words = (
        f"{start}{near.get(day) or short_day(day)}, {walltime.clock(way.slot.starts_at, walltime.zone(tz))}"
    )
    return words[0].upper() + words[1:]
