"""Made-up clinics for the availability engine, and an oracle that finds free starts the slow, plain way.

The oracle walks over every minute and shares no code with what it judges. It reads the same scenarios as
`flask clinic slots`.
"""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

# Nights on which the clocks change (or a whole day is left out), by zone; a quiet day where there is none.
NIGHTS = {
    "Europe/London": ["2027-03-28", "2027-10-31", "2028-02-29"],
    "America/New_York": ["2027-03-14", "2027-11-07"],
    "Asia/Kolkata": ["2027-03-28"],
    "Australia/Lord_Howe": ["2027-04-04", "2027-10-03"],
    "Pacific/Apia": ["2011-12-30", "2012-04-01", "2027-01-01"],
    "America/St_Johns": ["2027-03-14", "2027-11-07", "2010-03-14", "2010-11-07"],
    "America/Havana": ["2027-03-14", "2027-11-07"],
    "America/Nuuk": ["2027-03-27", "2027-10-30"],
    "Asia/Kathmandu": ["2028-02-28"],
    "Pacific/Chatham": ["2027-04-04", "2027-09-26"],
    "Africa/Casablanca": ["2027-02-07", "2027-03-14"],
}


def oracle(scenario: dict[str, Any]) -> dict[str, list[str]]:
    """Give the free starts of each offering therapist by trying every minute of every working span."""
    meta = scenario["meta"]
    query, zone = meta["query"], ZoneInfo(meta["tz"])
    before, ahead = query.get("buffer_before", 0), query["duration"] + query["buffer_after"]
    no_sooner = datetime(1, 1, 1, tzinfo=UTC)
    if "now" in meta:
        no_sooner = whole_minute(datetime.fromisoformat(meta["now"])) + meta.get("min_notice", 0) * MINUTE
    answer = {}
    for therapist in scenario["therapists"]:
        if query["technique"] not in therapist["offers"]:
            continue
        busy = [(reading(a, zone), reading(b, zone)) for a, b in therapist["time_off"]]
        for start, end, rest, *lead in therapist["appointments"]:
            busy.append((reading(start, zone) - sum(lead) * MINUTE, reading(end, zone) + rest * MINUTE))
        free_starts = set()
        for opens, closes, pauses in spans_worked(therapist, meta, zone):
            blocked = busy + pauses
            run, runs = 0, {}  # how many minutes in a row are free up to and including this one
            for at in minutes_between(opens, closes):
                run = 0 if any(low <= at < high for low, high in blocked) else run + 1
                runs[at] = run
            for at in runs:
                last = at + (ahead - 1) * MINUTE
                wall = at.astimezone(zone)
                if (
                    runs.get(last, 0) >= before + ahead
                    and (wall.hour * 60 + wall.minute) % meta["grid"] == 0
                    and at >= no_sooner
                ):
                    free_starts.add(at)
        answer[str(therapist["id"])] = [f"{at:%Y-%m-%dT%H:%M:00Z}" for at in sorted(free_starts)]
    return answer


def spans_worked(therapist: dict[str, Any], meta: dict[str, Any], zone: ZoneInfo) -> list[Any]:
    found = []
    for step in range(meta["days"]):
        day = date.fromisoformat(meta["first_day"]) + step * DAY
        hours = therapist["working_hours"].get(str(day.weekday()))
        if hours:
            opens, closes = on_the_wall(day, hours["start"], zone, 0), on_the_wall(day, hours["end"], zone, 1)
            pauses = [
                (on_the_wall(day, a, zone, 1), on_the_wall(day, b, zone, 0)) for a, b in hours["breaks"]
            ]
            found.append((opens, closes, pauses))
    return found


def on_the_wall(day: date, clock: str, zone: ZoneInfo, fold: int) -> datetime:
    if clock == "24:00":
        day, clock = day + DAY, "00:00"
    wall = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone, fold=fold)
    return whole_minute(wall)


def reading(text: str, zone: ZoneInfo) -> datetime:
    at = datetime.fromisoformat(text)
    return whole_minute(at if at.tzinfo else at.replace(tzinfo=zone))


def whole_minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def minutes_between(start: datetime, end: datetime) -> list[datetime]:
    return [start + step * MINUTE for step in range(max(0, (end - start) // MINUTE))]


def fingerprint(answer: dict[str, list[str]]) -> tuple[int, str]:
    """Give how many starts there are, and a digest of them all."""
    lines = [f"{therapist}@{start}" for therapist in sorted(answer) for start in answer[therapist]]
    return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def busy_clinic(seed: int, therapists: int, days: int) -> dict[str, Any]:
    """Make a clinic in London with full diaries, the same for the same seed, over the October change."""
    chance = random.Random(seed)
    first_day = date(2027, 10, 24)
    people = []
    for number in range(1, therapists + 1):
        hours = {}
        for weekday in chance.sample(range(7), 5):
            opens = chance.randrange(7, 12) * 60
            hours[str(weekday)] = {
                "start": clock(opens),
                "end": clock(opens + 480),
                "breaks": [[clock(opens + 240), clock(opens + 285)]],
            }
        appointments, time_off = [], []
        for step in range(days):
            day = first_day + step * DAY
            at = 8 * 60
            while at < 19 * 60:
                length = chance.choice([30, 60, 60, 90])
                if chance.random() < 0.6:
                    appointments.append([f"{day}T{clock(at)}", f"{day}T{clock(at + length)}", 15])
                at += length + chance.choice([15, 15, 30, 75])
            if chance.random() < 0.1:
                time_off.append([f"{day}T00:00", f"{day}T{clock(chance.randrange(600, 1440))}"])
        offers = ["swedish", "shiatsu"] if number == 1 else chance.sample(["swedish", "shiatsu", "deep"], 2)
        people.append(
            {
                "id": number,
                "offers": offers,
                "working_hours": hours,
                "time_off": time_off,
                "appointments": appointments,
            }
        )
    query = {"technique": "swedish", "duration": 60, "buffer_after": 15}
    meta = {"tz": "Europe/London", "first_day": str(first_day), "days": days, "grid": 15, "query": query}
    return {"meta": meta, "therapists": people}


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@st.composite
def nasty_scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """Draw small clinics with odd hours, odd grids and untidy diaries about a night the clocks change."""
    name = draw(st.sampled_from(sorted(NIGHTS)))
    first_day = date.fromisoformat(draw(st.sampled_from(NIGHTS[name]))) - draw(st.integers(0, 1)) * DAY
    query = {
        "technique": "shiatsu",
        "duration": draw(st.sampled_from([1, 20, 30, 45, 60, 90])),
        "buffer_after": draw(st.sampled_from([0, 0, 5, 10, 15])),
    }
    if draw(st.booleans()):
        query["buffer_before"] = draw(st.sampled_from([0, 5, 10, 30]))
    meta = {
        "tz": name,
        "first_day": str(first_day),
        "days": draw(st.integers(0, 3)),
        "grid": draw(st.sampled_from([1, 5, 7, 10, 15, 15, 20, 25, 30, 45, 60, 100])),
        "query": query,
    }
    if draw(st.booleans()):
        meta["now"] = f"{first_day + draw(st.integers(-1, 1)) * DAY}T{clock(draw(st.integers(0, 1439)))}:30Z"
        if draw(st.booleans()):
            meta["min_notice"] = draw(st.integers(0, 600))
    zone = ZoneInfo(name)
    therapists = [draw(_therapists(number, first_day, zone)) for number in range(draw(st.integers(1, 2)))]
    return {"meta": meta, "therapists": therapists}


@st.composite
def _therapists(draw: st.DrawFn, number: int, first_day: date, zone: ZoneInfo) -> dict[str, Any]:
    hours = {}
    for weekday in range(7):
        if draw(st.integers(0, 5)):
            start, end = draw(_clock_pairs())
            hours[str(weekday)] = {
                "start": start,
                "end": end,
                "breaks": [list(draw(_clock_pairs())) for _ in range(draw(st.sampled_from([0, 0, 1, 3])))],
            }
    spells = st.tuples(_instants(first_day), _instants(first_day))
    time_off = [_in_order(draw(spells), zone) for _ in range(draw(st.sampled_from([0, 0, 1, 3])))]
    appointments: list[list[Any]] = []
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, 3 * 1440))
        end = at + draw(st.integers(0, 120))
        pair = (_local(first_day, at), _local(first_day, end))
        rest = draw(st.lists(st.integers(0, 40), min_size=1, max_size=2))
        appointments.append([*_in_order(pair, zone), *rest])
    return {
        "id": number,
        "offers": draw(st.sampled_from([["shiatsu"], ["shiatsu", "deep"], ["deep"]])),
        "working_hours": hours,
        "time_off": time_off,
        "appointments": appointments,
    }


@st.composite
def _clock_pairs(draw: st.DrawFn) -> tuple[str, str]:
    some = st.sampled_from([0, 1, 60, 90, 120, 150, 180, 540, 1020, 1320, 1380, 1440]) | st.integers(0, 1440)
    start, end = sorted([draw(some), draw(some)])
    return clock(start), clock(end)


@st.composite
def _instants(draw: st.DrawFn, first_day: date) -> str:
    text = _local(first_day, draw(st.integers(-600, 4 * 1440)))
    return text + draw(st.sampled_from(["", "", "Z", ":30Z"]))


def _local(first_day: date, minute: int) -> str:
    days, rest = divmod(minute, 1440)
    return f"{first_day + days * DAY}T{clock(rest)}"


def _in_order(pair: tuple[str, str], zone: ZoneInfo) -> list[str]:
    return sorted(pair, key=lambda text: reading(text, zone))
