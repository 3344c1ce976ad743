"""An empty search explained from the database: why, and what is nearest with one condition given up.

Five statements, whatever was asked for: everybody who has the skill is read, at the site and at the others
named, from the first day on as far as may be booked. The rest is arithmetic (`why`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.orm import Session

from clinic.kernel import walltime
from clinic.roster import facts, reading, soonest
from clinic.roster.availability import working_spans
from clinic.roster.facts import Facts, Search, SiteRules, Worker
from clinic.roster.soonest import Placed, SiteTime
from clinic.roster.why import Case, Nothing, Person, Reason, Relaxation, Way, why_nothing

# How far ahead ways out are looked for, where a site may be booked so far.
LOOK_AHEAD_DAYS = 60


def explain(
    session: Session, search: Search, *, shorter: Sequence[Search] = (), other_sites: Collection[int] = ()
) -> Nothing | None:
    """Give why a search finds nothing and the nearest ways out; None where it finds something.

    `shorter` are searches for a shorter session of the same offering. A way out that is no nearer than
    waiting for the same is left out. NotFound if there is no such site.
    """
    site_ids = {search.site_id, *other_sites}
    sites = reading.read_sites(session, site_ids)
    if search.site_id not in sites:
        reading.read_site(session, search.site_id)  # refuses
    days = max(search.days, min(LOOK_AHEAD_DAYS, _days_left(search, sites[search.site_id])))
    wide = replace(search, therapist_id=None, gender=None, days=days)
    known = reading.read(session, wide, sites, every_weekday=True)
    reason = why_nothing(_case(replace(known, search=replace(wide, days=search.days)), search))
    if reason is None:
        return None
    return Nothing(reason, _ways(known, search, shorter))


def _days_left(search: Search, site: SiteRules) -> int:
    last = walltime.local(search.now, site.zone).date() + timedelta(days=site.horizon_days)
    return max(1, (last - search.first_day).days + 1)


def _case(known: Facts, search: Search) -> Case:
    site = known.sites[search.site_id]
    skilled = known.workers.get(site.id, [])
    last = search.first_day + timedelta(days=search.days - 1)
    people = [
        Person(
            known.therapist(worker, site, closed=known.closed.get(site.id, ())),
            working_spans(worker.patterns, search.first_day, search.days, site.zone),
            known.diary.away.get(worker.therapist_id, ()),
        )
        for worker in _asked_for(skilled, search)
    ]
    return Case(
        demand=facts.demand_at(known.search, site, *facts.bounds(search, site)),
        first=walltime.minute_at(search.first_day, 0, site.zone, 0),
        until=walltime.minute_at(last, walltime.DAY_MINUTES, site.zone, 1),
        is_skilled=bool(skilled),
        people=people,
        rooms=list(known.rooms(site.id)),
        client_busy=known.client_busy,
    )


def _asked_for(workers: Iterable[Worker], search: Search) -> list[Worker]:
    return [
        worker
        for worker in workers
        if search.therapist_id in (None, worker.therapist_id) and search.gender in (None, worker.gender)
    ]


def _ways(known: Facts, search: Search, shorter: Sequence[Search]) -> tuple[Relaxation, ...]:
    here, minutes = [search.site_id], search.minutes
    elsewhere = [site_id for site_id in known.sites if site_id != search.site_id]
    later = _first(known, search, here)
    found = [_relaxed(Way.OTHER_SITE, _first(known, search, elsewhere), minutes)]
    if search.therapist_id is not None or search.gender is not None:
        anyone = replace(search, therapist_id=None, gender=None)
        found.append(_relaxed(Way.OTHER_THERAPIST, _first(known, anyone, here), minutes))
    shortened = [_relaxed(Way.SHORTER, _first(known, each, here), each.minutes) for each in shorter]
    found.append(min(filter(None, shortened), key=_nearest_and_longest, default=None))
    wait = None if later is None else later.opening.start
    nearer = [each for each in found if each is not None and (wait is None or each.opening.start < wait)]
    if later is not None:
        nearer.append(Relaxation(Way.LATER, later.opening, later.site_id, minutes))
    return tuple(sorted(nearer, key=lambda each: each.opening.start))


def _first(known: Facts, search: Search, site_ids: Sequence[int]) -> Placed | None:
    """The first time for a search at any of these sites, of what is known."""
    places = [_place(known, search, known.sites[site_id]) for site_id in site_ids]
    found = soonest.first_anywhere(places, known.client_busy, limit=1)
    return found[0] if found else None


def _place(known: Facts, search: Search, site: SiteRules) -> SiteTime:
    asked = replace(search, days=known.search.days)
    closed = known.closed.get(site.id, ())
    people = _asked_for(known.workers.get(site.id, []), search)
    return SiteTime(
        site.id,
        facts.demand_at(asked, site, *facts.bounds(search, site)),
        [known.therapist(worker, site, closed=closed) for worker in people],
        list(known.rooms(site.id)),
    )


def _relaxed(way: Way, placed: Placed | None, minutes: int) -> Relaxation | None:
    return None if placed is None else Relaxation(way, placed.opening, placed.site_id, minutes)


def _nearest_and_longest(each: Relaxation) -> tuple[int, int]:
    return each.opening.start, -each.minutes


__all__ = ["Nothing", "Reason", "Relaxation", "Way", "explain"]
