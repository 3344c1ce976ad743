"""The timetable: the database asked for free times.

A search costs the same five statements whatever the number of therapists, days or sites, and reads plain
tuples (`facts`). Every opening given can be entered, until someone else does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from clinic.kernel import walltime
from clinic.roster import choosing, facts, reading, soonest
from clinic.roster.availability import Opening
from clinic.roster.facts import Facts, Search, SiteRules
from clinic.roster.soonest import Placed

# How long someone may look at the times shown before the site's notice shuts the first of them.
GRACE_MINUTES = 15
# The first look for the first times anywhere; nearly always there is enough in it.
# Days that are read first, and next where they are not enough, before all of them.
FIRST_LOOKS = (2, 7)


def find_openings(session: Session, search: Search, rules: SiteRules | None = None) -> list[Opening]:
    """Give every opening by start: each therapist who can, with the first room free. NotFound if no site.

    `rules` are those of the site of the search, where they are known already.
    """
    rules = rules or reading.read_site(session, search.site_id)
    known = reading.read(session, search, {rules.id: rules})
    return known.openings(rules.id, *facts.bounds(search, rules))


def first_openings(session: Session, search: Search, limit: int) -> list[Opening]:
    """Give the first `limit` openings, by start. NotFound if there is no such site."""
    rules = reading.read_site(session, search.site_id)
    return [placed.opening for placed in _first(session, search, limit, {rules.id: rules})]


def first_anywhere(
    session: Session, search: Search, limit: int, site_ids: Collection[int] | None = None
) -> list[Placed]:
    """Give the first `limit` openings at any of the open sites (those named, or all), by start.

    The site of the search does not matter here; its days count at each site by that site's calendar. Two days
    are read first, then a week, and all of them only where that is not enough: five, nine or thirteen
    statements.
    """
    return _first(session, search, limit, reading.read_sites(session, site_ids))


def _first(session: Session, search: Search, limit: int, sites: dict[int, SiteRules]) -> list[Placed]:
    found: list[Placed] = []
    for days in dict.fromkeys(min(look, search.days) for look in (*FIRST_LOOKS, search.days)):
        if not sites:
            break
        known = reading.read(session, replace(search, days=days), sites)
        places = [known.site_time(site_id, *facts.bounds(search, sites[site_id])) for site_id in sites]
        found = soonest.first_anywhere(places, known.client_busy, limit=limit)
        if len(found) >= limit and _lies_inside(found[-1], search, days, known):
            break
    return found


def _lies_inside(last: Placed, search: Search, days: int, known: Facts) -> bool:
    """Tell whether nothing sooner than the last found can lie beyond the days that were read."""
    beyond = search.first_day + timedelta(days=days)
    opens = min(walltime.minute_at(beyond, 0, site.zone, 0) for site in known.sites.values())
    return last.opening.start < opens


def nearest_openings(session: Session, search: Search, wanted_at: datetime, count: int = 3) -> list[Opening]:
    """Give the openings of the search closest to the wanted start, one for each start, closest first."""
    return choosing.nearest(find_openings(session, search), walltime.epoch_minute(wanted_at), count)


def opening_at(session: Session, search: Search, starts_at: datetime) -> Opening | None:
    """Give the opening at exactly that start, with the first therapist and room that suit, or None.

    The days of the search do not matter here. A start off the site's grid is no opening. The site's notice
    is stretched by `GRACE_MINUTES`, so that a time which was shown can still be taken.
    """
    found = openings_at(session, search, starts_at)
    return found[0] if found else None


def openings_at(session: Session, search: Search, starts_at: datetime) -> list[Opening]:
    """Give each therapist who suits and is free at exactly that start, with the first room free."""
    return openings_in(read_around(session, search, starts_at, whole_day=False), starts_at)


def read_around(
    session: Session,
    search: Search,
    starts_at: datetime,
    rules: SiteRules | None = None,
    *,
    whole_day: bool = True,
) -> Facts:
    """Read what is known of the day on which that start lies: four statements where the rules are known.

    Without the `whole_day` no more of the diary than matters for that start.
    Where clocks change nearby, the days on either side are read as well: at a change at midnight a start can
    belong to their hours.
    """
    site = rules or reading.read_site(session, search.site_id)
    day, minute = walltime.local(starts_at, site.zone).date(), walltime.epoch_minute(starts_at)
    near = 2 * walltime.DAY_MINUTES
    if len(walltime.steady_stretches(minute - near, minute + near, site.zone)) == 1:
        search = replace(search, first_day=day, days=1)
    else:
        search = replace(search, first_day=day - timedelta(days=1), days=3)
    return reading.read(session, search, {site.id: site}, only_at=None if whole_day else minute)


def openings_in(known: Facts, starts_at: datetime) -> list[Opening]:
    """Give `openings_at` from what was read around that start."""
    site, minute = known.sites[known.search.site_id], walltime.epoch_minute(starts_at)
    earliest, latest = facts.bounds(known.search, site, GRACE_MINUTES)
    is_in_time = earliest <= minute and (latest is None or minute <= latest)
    if not is_in_time or starts_at != walltime.from_epoch_minute(minute):
        return []
    return known.openings(site.id, minute, minute)
