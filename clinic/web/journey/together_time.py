"""A time for two: the starts at which both can come, in two rooms or one; held for both when chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import pair_holds, pair_journeys, pairs
from clinic.booking.models import JourneyPair
from clinic.booking.pair_steps import PairStep
from clinic.kernel.errors import (
    BadInput,
    Excluded,
    NotCleared,
    NotOffered,
    Refusal,
    SlotTaken,
    Stale,
    TooMany,
)
from clinic.roster.models import Room, Site
from clinic.web import access, database, no_times, people_at, source
from clinic.web.journey import pair, shared, way, week
from clinic.web.journey.blueprint import blueprint
from clinic.web.limits import limiter
from clinic.web.numbers import read_whole
from clinic.web.times import read_slot, slot_value

WEEK = 7
LOOK_AHEAD_DAYS = 14
ROOMS = (("two", "Two rooms"), ("one", "One room for both"))


@dataclass(frozen=True, slots=True)
class Search:
    """What the address asks for, with anything odd in it left out."""

    site: Site
    one_room: bool
    first: date | None
    shows_all: bool

    def args(self, **changes: Any) -> dict[str, Any]:
        """The words of the address that say the same, with changes."""
        words: dict[str, Any] = {"site": self.site.slug, "rooms": "one" if self.one_room else "two"}
        if self.first:
            words["week"] = self.first.isoformat()
        if self.shows_all:
            words["all"] = "y"
        return {key: value for key, value in {**words, **changes}.items() if value is not None}


@blueprint.get("/book/together/time")
@access.public
def together_time() -> ResponseReturnValue:
    return shared.sent_elsewhere(PairStep.TIME) or (_draw(), 200)


@blueprint.post("/book/together/time")
@access.public
@limiter.limit("30 per minute; 300 per hour")
def together_hold() -> ResponseReturnValue:
    """Holds the time chosen for both; where it is gone, the page again with the three nearest."""
    if shared.sent_elsewhere(PairStep.TIME) is not None:
        return way.brought_back()
    starts_at = read_slot(request.form.get("soonest") or request.form.get("slot") or "")
    if starts_at is None:
        return _draw(BadInput("Choose a day and a time.", "slot")), 422
    search, looked_at = read_search(), [read_whole(each) or 0 for each in request.form.getlist("option")]
    try:
        with database.transaction() as session:
            pair_holds.take_time(
                session,
                database.now(),
                pair.expect().id,
                search.site,
                starts_at,
                one_room=search.one_room,
                looked_at=(looked_at[0], looked_at[-1]) if looked_at else (0, 0),
                source=source.current(),
            )
    except TooMany as refused:
        way.look_again()
        return _draw(refused), refused.status
    except (SlotTaken, NotOffered) as refused:
        way.look_again()
        return shared.sent_elsewhere(PairStep.TIME) or (_draw(refused, starts_at), 409)
    except NotCleared:
        return shared.nobody_decides()
    except (Stale, Excluded) as refused:
        way.look_again()
        return shared.sent_elsewhere(PairStep.TIME) or (_draw(refused), 409)
    way.look_again()
    return way.onward()


def read_search() -> Search:
    """What the address asks for; without one, what was chosen when a time was held."""
    session, found, main = database.session(), pair.expect(), way.site()
    held = pair_journeys.holds_of(found)
    slug = request.args.get("site")
    site = held[0].site if held is not None and slug is None else main
    if slug is not None and slug != main.slug:
        site = session.scalar(sa.select(Site).where(Site.slug == slug, Site.is_active)) or main
    asked = request.args.get("rooms")
    one_room = asked == "one" if asked is not None else found.is_one_room
    shows_all = request.args.get("all") == "y"
    return Search(site, one_room and has_wide(site), week.read_day(request.args.get("week")), shows_all)


def has_wide(site: Site) -> bool:
    """Whether a site has a room for two."""
    wanted = sa.select(Room.id).where(
        Room.site_id == site.id, Room.is_active, Room.places >= pairs.SHARED_PLACES
    )
    return database.session().scalar(wanted.limit(1)) is not None


def starts_of(search: Search, first: date, days: int) -> list[datetime]:
    """The starts at which both can come, in order; what they hold themselves does not stand in the way."""
    found, now = pair.expect(), database.now()
    wishes = pair_holds.wishes_of(found, search.site)
    pairs_found = pairs.find(
        database.session(),
        *wishes,
        first,
        days,
        now,
        one_room=search.one_room,
        ignore=pair_holds.entries_of(found),
    )
    earliest = shared.earliest(found, now)
    return [each.starts_at for each in pairs_found if each.starts_at >= earliest]


def nearest(search: Search, wanted: datetime) -> list[tuple[str, str, str]]:
    """The three starts for both that are nearest to one that is gone: value, label."""
    zone = ZoneInfo(search.site.tz)
    today = database.now().astimezone(zone).date()
    first = max(today, wanted.astimezone(zone).date() - timedelta(days=LOOK_AHEAD_DAYS // 2))
    found = [each for each in starts_of(search, first, LOOK_AHEAD_DAYS) if each != wanted]
    three = sorted(sorted(found, key=lambda each: abs(each - wanted))[:3])
    return [(slot_value(each), week.short_label(each, zone), "") for each in three]


def _draw(refused: Refusal | None = None, wanted: datetime | None = None) -> str:
    search = read_search()
    return render_template(
        "journey/pair_time.html",
        **_context(search),
        errors=[("slot", refused.sentence)] if isinstance(refused, BadInput) else [],
        gone=refused.sentence if refused and not isinstance(refused, BadInput) else "",
        nearest=nearest(search, wanted) if wanted is not None else [],
        chosen=request.form.get("slot"),
    )


def _context(search: Search) -> dict[str, Any]:
    found, now, site = pair.expect(), database.now(), search.site
    zone = ZoneInfo(site.tz)
    today = shared.earliest(found, now).astimezone(zone).date()
    last = now.astimezone(zone).date() + timedelta(days=site.horizon_days)
    first = min(max(search.first or today, today), last)
    starts = starts_of(search, first, WEEK)
    soonest = starts[0] if starts and first == today else _look_ahead(search, today, last, starts)
    if search.first is None and not starts and soonest is not None:
        first = soonest.astimezone(zone).date()
        starts = starts_of(search, first, WEEK)
    sites = database.session().scalars(sa.select(Site).where(Site.is_active).order_by(Site.id)).all()
    args, people = search.args, shared.people(found)
    before, after = first - timedelta(days=WEEK), first + timedelta(days=WEEK)
    return {
        "search": search,
        "site": site,
        "people": people,
        "not_certain": shared.not_certain([each.short for each in people if each.waits]),
        "options": [each.option_id for each in pair_journeys.both(found)],
        "week": week.draw(first, starts, zone, _reasons(site, first, last), shows_all=search.shows_all),
        "groups": _groups(search, sites),
        "others": [each for each in sites if each.id != site.id],
        "soonest": soonest,
        "soonest_label": week.short_label(soonest, zone) if soonest else "",
        "soonest_value": slot_value(soonest) if soonest else "",
        "soonest_href": _week_href(search, soonest.astimezone(zone).date()) if soonest else "",
        "before": (_week_href(search, max(before, today)), f"{max(before, today):%-d %b}")
        if first > today
        else None,
        "after": (_week_href(search, after), f"{after:%-d %b}") if after <= last else None,
        "action": url_for("journey.together_hold", **args(week=first.isoformat())),
        "held": _held(found, now),
        "first": first,
    }


def _reasons(site: Site, first: date, last: date) -> dict[date, no_times.Why]:
    """Why a day has no time for both: closed, nobody of theirs is in, not open yet; else full."""
    session, ids = database.session(), set[int]()
    for each in shared.people(pair.expect()):
        ids |= {who.id for who in people_at.load(session, each.option.offering.skill_id).at(site.id)}
    days = people_at.calendar(session, site, ids, first, with_away=False)
    return no_times.reasons(
        first, last=last, closed=days.closed, working=days.working, away=days.away, person=""
    )


def _look_ahead(search: Search, today: date, last: date, starts: list[datetime]) -> datetime | None:
    """The first start for both, however far off; only where the week asked for has none."""
    if starts:
        return None
    for step in range(0, (last - today).days + 1, LOOK_AHEAD_DAYS):
        found = starts_of(search, today + timedelta(days=step), LOOK_AHEAD_DAYS)
        if found:
            return found[0]
    return None


def _held(found: JourneyPair, now: datetime) -> Any:
    held = pair_journeys.holds_of(found)
    return held[0] if held is not None and pair_journeys.are_live(found, now) else None


def _week_href(search: Search, first: date) -> str:
    return url_for("journey.together_time", **search.args(week=first.isoformat()))


def _groups(search: Search, sites: Any) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """The filters: where, and one room or two where the site has one for two."""
    groups = []
    if len(sites) > 1:
        groups.append(("site", "Where", [(each.slug, each.name) for each in sites], search.site.slug))
    if has_wide(search.site):
        groups.append(("rooms", "Rooms", list(ROOMS), "one" if search.one_room else "two"))
    return groups
