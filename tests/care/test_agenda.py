"""The day between the appointments, and the limits as data: arithmetic alone."""

from __future__ import annotations

from datetime import date

import pytest

from clinic.care import agenda, brief
from clinic.care.agenda import Kind
from clinic.intake.answers import Answers
from clinic.intake.questionnaire import load_questionnaire
from clinic.intake.restrictions import Restrictions
from clinic.intake.techniques import load_techniques
from clinic.kernel import walltime
from clinic.roster.availability import WorkingPattern

LONDON = "Europe/London"
ASKED, KNOWN = load_questionnaire(), load_techniques()


def at(day: date, clock: int) -> int:
    return walltime.minute_at(day, clock, walltime.zone(LONDON), 0)


def seen(day: date, busy: list[tuple[int, int]], **more: object) -> list[tuple[str, str, int]]:
    work = agenda.work_on(day, "Canal", LONDON, [WorkingPattern(day.weekday(), 540, 1020, ((720, 765),))])
    spans = [(at(day, a), at(day, b)) for a, b in busy]
    found = agenda.stretches(work, spans, **more)  # type: ignore[arg-type]
    zone = walltime.zone(LONDON)
    return [(s.kind.value, f"{walltime.local(s.starts_at, zone):%H:%M}", s.minutes) for s in found]


def test_gaps_breaks_and_what_is_too_short_to_sell() -> None:
    day = date(2026, 11, 24)
    assert seen(day, [(540, 615), (625, 720)]) == [("break", "12:00", 45), ("free", "12:45", 255)]


def test_what_is_over_is_not_free_any_more() -> None:
    day = date(2026, 11, 24)
    assert seen(day, [], since=at(day, 960)) == [("break", "12:00", 45), ("free", "16:00", 60)]


def test_time_off_shows_only_inside_the_hours() -> None:
    day = date(2026, 11, 24)
    away = [((at(day, 900), at(day, 1440)), "Dentist")]
    assert seen(day, [(540, 720)], away=away) == [
        ("break", "12:00", 45), ("free", "12:45", 135), ("away", "15:00", 120),
    ]  # fmt: skip


@pytest.mark.parametrize(("day", "minutes"), [(date(2026, 3, 29), 120), (date(2026, 10, 25), 240)])
def test_hours_over_the_night_of_the_clocks_are_as_long_as_they_are(day: date, minutes: int) -> None:
    work = agenda.work_on(day, "Canal", LONDON, [WorkingPattern(6, 0, 180)])
    assert sum(end - start for start, end in work[0].spans) == minutes
    assert [s.kind for s in agenda.stretches(work, [])] == [Kind.FREE]


def test_a_closed_day_has_no_work() -> None:
    day = date(2026, 11, 24)
    assert agenda.work_on(day, "Canal", LONDON, [WorkingPattern(1, 540, 1020)], {day}) == []


@pytest.mark.parametrize(
    ("minutes", "words"), [(45, "45 min"), (60, "1 h"), (75, "1 h 15"), (605, "10 h 05")]
)
def test_lengths_in_words(minutes: int, words: str) -> None:
    assert agenda.in_words(minutes) == words


def test_what_is_left_out_stands_first_and_is_never_worked_on() -> None:
    limits = Restrictions(avoid=("B07_low_back", "F08_tummy"), pressure_cap=3)
    answers = Answers(
        hurts=frozenset({"B07_low_back", "B05_upper_back"}), work=frozenset({"B05_upper_back", "F08_tummy"}),
        leave=frozenset({"F08_tummy"}), numbers={"pressure_pref": 4},
    )  # fmt: skip
    rows = [(row.area, row.do, row.press) for row in brief.area_rows(limits, answers, 5, ASKED, KNOWN)]
    assert rows == [
        ("Low back", "leave out", "–"),
        ("Tummy", "asked to leave alone", "–"),
        ("Upper back", "work, hurts", "3 medium"),
        ("Anywhere else", "likes it firm", "3 medium"),
    ]
    assert brief.marks(limits, answers)["work"] == ("B05_upper_back",)


def test_the_option_booked_bounds_the_pressure_too() -> None:
    rows = brief.area_rows(Restrictions(), Answers(), 1, ASKED, KNOWN)
    assert [(row.area, row.press) for row in rows] == [("Everywhere", "1 feather-light")]


def test_techniques_are_left_out_by_a_rule_a_cap_or_because_they_do_not_fit() -> None:
    limits = Restrictions(excluded={"shiatsu": ("A1",), "pregnancy": ()}, pressure_cap=2)
    rows = {row.name: (row.is_left_out, row.by_rule) for row in brief.technique_rows(limits, KNOWN)}
    assert rows["Shiatsu"] == (True, True)
    assert rows["Deep tissue"] == (True, True)
    assert rows["Pregnancy massage"] == (True, False)
    assert rows["Swedish"] == (False, False)


def test_changes_say_what_is_new_and_what_is_gone() -> None:
    before = Restrictions(avoid=("F08_tummy",), positions=("side_lying",))
    after = Restrictions(avoid=("B07_low_back",), pressure_cap=2, excluded={"shiatsu": ("A1",)})
    rows = [(row.kind, row.what, row.rest) for row in brief.changes(before, after, ASKED, KNOWN)]
    assert rows == [
        ("plus", "At most light,", "was no limit."),
        ("plus", "Low back:", "leave out."),
        ("minus", "", "Tummy may be worked on again."),
        ("minus", "", "Side-lying: no longer."),
        ("plus", "Left out now:", "shiatsu."),
    ]
    assert [row.kind for row in brief.changes(after, after, ASKED, KNOWN)] == ["same"]


def test_answers_in_words() -> None:
    plain = {
        "health_consent": "yes", "age_years": 40, "pressure_pref": 3, "allergies": ["nuts"], "skin": [],
        "body_map": {"hurts": ["B07_low_back"], "work": [], "leave": []},
        "anything_else": {"doctor_said_no": False, "text": "x"},
    }  # fmt: skip
    answers = [row.answer for _page, rows in brief.in_words(plain, ASKED) for row in rows]
    assert answers == [
        "40 years", "3 of 5", "Hurts: low back", "None of these", "Nuts", "No",
    ]  # fmt: skip
