"""Choosing a time: a week at a site, with anybody, a woman, a man or one therapist; held when chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import journeys, slots
from clinic.booking.journey import Step
from clinic.booking.journeys import Filters
from clinic.booking.models import Journey
from clinic.booking.slots import Slot, Wish
from clinic.kernel.errors import BadInput, NotCleared, NotOffered, Refusal, SlotTaken, Stale, TooMany
from clinic.roster.explaining import Way
from clinic.roster.models import Site, Therapist
from clinic.web import access, database, no_times, people_at, source
from clinic.web.journey import asked, provisional, way, week
from clinic.web.journey.blueprint import blueprint
from clinic.web.limits import limiter
from clinic.web.numbers import read_whole
from clinic.web.people_at import Staffing
from clinic.web.times import read_slot, slot_value

LOOK_AHEAD_DAYS = 14
MOST_WHOLE = 7
ANYBODY = (("any", "Anyone"), ("woman", "A woman"), ("man", "A man"))


@dataclass(frozen=True, slots=True)
class Search:
    """What the address of the page asks for, with anything odd in it left out."""

    site: Site
    filters: Filters
    first: date | None
    shows_all: bool
    whole: frozenset[date] = frozenset()

    def args(self, **changes: Any) -> dict[str, Any]:
        """The words of the address that say the same, with changes."""
        words: dict[str, Any] = {"site": self.site.slug, "with": self.filters.person}
        if self.filters.is_step_free:
            words["step_free"] = "y"
        if self.first:
            words["week"] = self.first.isoformat()
        if self.shows_all:
            words["all"] = "y"
        elif self.whole:
            words["all"] = [day.isoformat() for day in sorted(self.whole)]
        return {key: value for key, value in {**words, **changes}.items() if value is not None}


@blueprint.get("/book/time", endpoint="time")
@access.public
def choose_time() -> ResponseReturnValue:
    return way.sent_elsewhere(Step.TIME) or _not_given_any_more() or (_draw(), 200)


@blueprint.post("/book/time", endpoint="hold")
@access.public
@limiter.limit("30 per minute; 300 per hour")
def hold() -> ResponseReturnValue:
    """Holds the time chosen; where it is gone, the page again with the three nearest."""
    starts_at = read_slot(request.form.get("soonest") or request.form.get("slot") or "")
    if starts_at is None:
        return way.lost(Step.TIME) or (_draw(BadInput("Choose a day and a time.", "slot")), 422)
    try:
        with database.transaction() as session:
            journey = way.lock(session, Step.TIME)
            journeys.take_time(
                session,
                database.now(),
                journey,
                asked.site(journey),
                asked.filters(journey),
                starts_at,
                option_id=read_whole(request.form.get("option")),
                source=source.current(),
            )
    except NotCleared:
        return provisional.not_any_more()
    except TooMany as refused:
        way.look_again()
        return _draw(refused), refused.status
    except (SlotTaken, NotOffered) as refused:
        way.look_again()
        return _not_given_any_more() or (_draw(refused, starts_at), 409)
    except Stale as stale:
        return way.lost(Step.TIME) or (_draw(stale), 409)
    return way.onward()


def _not_given_any_more() -> ResponseReturnValue | None:
    """Back to the sessions where the one chosen has been taken out meanwhile: its times are nobody's."""
    option = way.expect().option
    if option is None or (option.is_active and option.offering.is_active):
        return None
    flash("That session is not offered any more. Choose another.", "info")
    return redirect(url_for("journey.session"), code=303)


def read_search(journey: Journey) -> tuple[Search, Staffing]:
    """What the address asks for; without one, what was chosen when a time was held."""
    option = journey.option
    if option is None:
        raise Stale()
    staffing = people_at.load(database.session(), option.offering.skill_id)
    kept = journeys.filters_of(journey)
    fallback = journey.hold.site_id if journey.hold else way.site().id
    site = staffing.site(request.args.get("site")) or staffing.site_by_id(fallback) or way.site()
    person = request.args.get("with") or kept.person
    step_free = request.args.get("step_free") == "y" if request.args else kept.is_step_free
    filters = Filters(person if staffing.knows(site.id, person) else "any", step_free)
    first = week.read_day(request.args.get("week"))
    of_all = request.values.getlist("all")
    whole = frozenset(filter(None, map(week.read_day, of_all[:MOST_WHOLE])))
    return Search(site, filters, first, "y" in of_all, whole), staffing


def _draw(refused: Refusal | None = None, wanted: datetime | None = None) -> str:
    journey = way.expect()
    search, staffing = read_search(journey)
    page = _Page(journey, search, staffing)
    return render_template(
        "journey/time.html",
        **page.context(),
        errors=[("slot", refused.sentence)] if isinstance(refused, BadInput) else [],
        gone=refused.sentence if refused and not isinstance(refused, BadInput) else "",
        is_too_much=isinstance(refused, TooMany),
        nearest=page.nearest(wanted) if wanted is not None else [],
        chosen=request.form.get("slot"),
    )


class _Page:
    """The page of one week; asks the database the same few things however many work there."""

    def __init__(self, journey: Journey, search: Search, staffing: Staffing) -> None:
        self.session, self.now = database.session(), database.now()
        self.journey, self.staffing = journey, staffing
        self.site = search.site
        self.zone = ZoneInfo(self.site.tz)
        self.earliest = provisional.earliest(journey, self.now)
        self.last = self.now.astimezone(self.zone).date() + timedelta(days=self.site.horizon_days)
        self.today = self.earliest.astimezone(self.zone).date()
        self.people = staffing.at(self.site.id)
        # Everybody's times come in one search; the person is chosen from what it gives.
        self.wish = journeys.wish_of(journey, self.site, search.filters)
        self.search = self._with_week(search)

    def _with_week(self, search: Search) -> Search:
        first = min(max(search.first or self.today, self.today), self.last)
        self.found = self._find(first)
        self.soonest: Slot | None = None
        mine = self._mine()
        if mine and first == self.today:
            self.soonest = mine[0]
        else:
            self.soonest = self._look_ahead()
        if search.first is None and not mine and self.soonest is not None:
            first = self.soonest.starts_at.astimezone(self.zone).date()
            self.found = self._find(first)
        return replace(search, first=first)

    def _find(self, first: date) -> list[Slot]:
        anyone: Wish = replace(self.wish, therapist_id=None, gender=None)
        found = slots.openings(self.session, anyone, first, 7, self.now)
        return [slot for slot in found if slot.starts_at >= self.earliest]

    def _look_ahead(self) -> Slot | None:
        """The first time there is, however far off; for whoever waits, the first far enough ahead."""
        if self.earliest <= self.now:
            return slots.soonest(self.session, self.wish, self.now)
        for step in range(0, self.site.horizon_days + 1, LOOK_AHEAD_DAYS):
            first = self.today + timedelta(days=step)
            found = slots.openings(self.session, self.wish, first, LOOK_AHEAD_DAYS, self.now)
            far = next((slot for slot in found if slot.starts_at >= self.earliest), None)
            if far is not None:
                return far
        return None

    def _mine(self) -> list[Slot]:
        """The times of whoever the client wants."""
        wanted = self.wish
        return [
            slot
            for slot in self.found
            if wanted.therapist_id in (None, slot.therapist_id)
            and (wanted.gender is None or self.staffing.genders.get(slot.therapist_id) == wanted.gender)
        ]

    def context(self) -> dict[str, Any]:
        option = self.journey.option
        search, mine = self.search, self._mine()
        assert search.first is not None
        drawn = week.draw(
            search.first,
            (slot.starts_at for slot in mine),
            self.zone,
            self._reasons(search.first),
            shows_all=search.shows_all,
            whole=search.whole,
            more=self._more_of,
        )
        return {
            "option": option,
            "is_waiting": provisional.is_waiting(self.journey),
            "talk": journeys.talk_minutes(self.journey, self.site),
            "site": self.site,
            "search": search,
            "week": drawn,
            "nothing": self.nothing(search.first) if not drawn.count else ("", []),
            "groups": self._groups(),
            "summary_person": self._person_words(),
            "soonest": self.soonest,
            "soonest_label": week.short_label(self.soonest.starts_at, self.zone) if self.soonest else "",
            "soonest_value": slot_value(self.soonest.starts_at) if self.soonest else "",
            "soonest_href": self._soonest_href(),
            "before": self._week_href(-7),
            "after": self._week_href(7),
            "action": url_for("journey.hold", **search.args()),
            "held": self.journey.hold if journeys.is_live(self.journey.hold, self.now) else None,
            "others": [each for each in self.staffing.sites if each.id != self.site.id],
        }

    def _more_of(self, day: date) -> tuple[str, str]:
        """Where all times of a day are: this page with that day whole, and the day alone."""
        words, iso = self.search.args(), day.isoformat()
        alone = {name: words[name] for name in ("site", "with", "step_free") if name in words}
        words["all"] = [*words.get("all", []), iso]
        return url_for("journey.time", **words, _anchor=f"day-{iso}"), url_for(
            "journey.day", day=iso, **alone
        )

    def nearest(self, wanted: datetime) -> list[tuple[str, str, str]]:
        """The three free times nearest to the one that is gone: value, label, with whom."""
        horizon = self.now + timedelta(days=self.site.horizon_days)
        middle = min(max(wanted, self.earliest), horizon)
        count = 3 if self.earliest <= self.now else 12
        found = slots.nearest_slots(self.session, self.wish, middle, self.now, count=count)
        far_enough = [slot for slot in found if slot.starts_at >= self.earliest]
        return [
            (
                slot_value(slot.starts_at),
                week.short_label(slot.starts_at, self.zone),
                self.staffing.names.get(slot.therapist_id, ""),
            )
            for slot in far_enough[:3]
        ]

    def _reasons(self, first: date) -> dict[date, no_times.Why]:
        person = self._person()
        ids = {person.id} if person else set(self._wanted_ids())
        calendar = people_at.calendar(self.session, self.site, ids, first, person is not None)
        return no_times.reasons(
            first,
            last=self.last,
            closed=calendar.closed,
            working=calendar.working,
            away=calendar.away,
            person=person.name.split()[0] if person else "",
            instead=self._with_anyone(),
            others={slot.starts_at.astimezone(self.zone).date() for slot in self.found},
        )

    def nothing(self, first: date) -> tuple[str, list[tuple[str, str]]]:
        """Why the week has no time, and the nearest ways out: words and address."""
        found = slots.why_nothing(
            self.session,
            self.wish,
            first,
            7,
            max(self.now, self.earliest),
            options=self._shorter(),
            other_sites=[site.id for site in self.staffing.sites if site.id != self.site.id],
        )
        if found is None or self.journey.option is None:
            return "", []
        person = self._person()
        said = no_times.explained(
            found,
            no_times.Names(
                people=self.staffing.names,
                sites={site.id: (site.name, site.tz) for site in self.staffing.sites},
                site=self.site.name,
                minutes=self.journey.option.minutes,
                person=person.name if person else "",
            ),
            self.now,
        )
        return said.sentence, [(way.words, self._way_href(way.out)) for way in said.ways]

    def _shorter(self) -> list[int]:
        """Other lengths of the session that are no firmer: whoever may have the one may have them."""
        option = self.journey.option
        if option is None:
            return []
        most = option.pressure_lightest
        return [each.id for each in option.offering.options if each.pressure_lightest <= most]

    def _way_href(self, way: slots.WayOut) -> str:
        """Where a way out is taken: the sessions for another length, this page for everything else."""
        if way.way is Way.SHORTER:
            return url_for("journey.session")
        site = self.staffing.site_by_id(way.site_id) or self.site
        day = way.slot.starts_at.astimezone(ZoneInfo(site.tz)).date()
        changes: dict[str, Any] = {"site": site.slug, "week": day.isoformat()}
        if way.way is Way.OTHER_THERAPIST:
            changes["with"] = way.slot.therapist_id
        return url_for("journey.time", **self.search.args(**changes))

    def _with_anyone(self) -> str:
        return url_for("journey.time", **self.search.args(**{"with": "any"}))

    def _wanted_ids(self) -> list[int]:
        gender = self.wish.gender
        return [each.id for each in self.people if gender is None or each.gender == gender]

    def _person(self) -> Therapist | None:
        return next((each for each in self.people if each.id == self.wish.therapist_id), None)

    def _person_words(self) -> str:
        person = self._person()
        return person.name if person else dict(ANYBODY)[self.search.filters.person].lower()

    def _groups(self) -> list[tuple[str, str, list[tuple[Any, ...]], str]]:
        """The filters: where, with whom, step-free."""
        sites = [(site.slug, site.name) for site in self.staffing.sites]
        first_of: dict[int, datetime] = {}
        for slot in self.found:
            first_of.setdefault(slot.therapist_id, slot.starts_at)
        who: list[tuple[Any, ...]] = [(value, words) for value, words in ANYBODY if self._is_known(value)]
        for each in self.people:
            start = first_of.get(each.id)
            hint = f"First: {week.short_label(start, self.zone)}" if start else "Nothing this week"
            who.append((each.id, each.name, hint))
        groups = [("with", "Who with", who, self.search.filters.person)]
        if len(sites) > 1:
            groups.insert(0, ("site", "Where", list(sites), self.site.slug))
        step_free = [("", "Any room"), ("y", "A room without steps")]
        groups.append(("step_free", "Getting in", list(step_free), "y" if self.wish.is_step_free else ""))
        return groups

    def _is_known(self, person: str) -> bool:
        return self.staffing.knows(self.site.id, person)

    def _week_href(self, days: int) -> tuple[str, str] | None:
        """Address and words of the week before or after; None beyond what can be booked."""
        assert self.search.first is not None
        first = self.search.first + timedelta(days=days)
        if first > self.last or (self.search.first <= self.today and days < 0):
            return None
        first = max(first, self.today)
        words = f"{first.day} {first:%b}"
        every = "y" if self.search.shows_all else None
        return url_for("journey.time", **self.search.args(week=first.isoformat(), all=every)), words

    def _soonest_href(self) -> str:
        if self.soonest is None:
            return ""
        first = self.soonest.starts_at.astimezone(self.zone).date()
        return url_for("journey.time", **self.search.args(week=first.isoformat()))
