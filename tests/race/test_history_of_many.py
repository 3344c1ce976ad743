"""The checker knows what waits for a yes, and what is changed together: small histories, written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.race.history import Operation
from tests.race.story import MINUTE, TEN, Story, rules, sentences


@pytest.fixture
def story() -> Story:
    return Story()


# --- Answers that wait for a yes, and what is changed together


def wait(story: Story, starts: int = TEN, client: int = 7, intake: int = 5, **more: Any) -> int:
    """A hold for held answers, confirmed before anybody decided; gives the appointment's number."""
    hold = story.hold(starts, held=True)
    story.holds[hold]["intake"] = intake
    story.rulings.append((intake, story.operations[-1].id, "asked"))
    story.confirm(hold, client, event="provisional", facts={"appointment": hold, "hold": hold}, **more)
    story.appointments[hold] |= {"status": "provisional", "intake": intake}
    return hold


def decide(story: Story, says: str = "allowed", intake: int = 5, **more: Any) -> Operation:
    asked = story.ask("decide", clearance=9, intake=intake, says=says, **more)
    story.rulings.append((intake, asked.id, says))
    return asked


def leave(story: Story, asked: Operation, appointment: int, event: str, mails: int = 1) -> None:
    """What `asked` left in the ledger, and in the row."""
    story.events.append((appointment, asked.id, event))
    story.mails[appointment] += mails
    row = story.appointments[appointment]
    row["version"] += 1
    row["status"] = {"confirmed": "booked", "reopened": "provisional", "moved": row["status"]}.get(
        event, event
    )


def renew(story: Story, *, held: bool, intake: int = 6, client: int = 7, **more: Any) -> Operation:
    asked = story.ask("renew", client=client, held=held, facts={"intake": intake}, **more)
    story.intakes[intake] = asked.now
    if held:
        story.rulings.append((intake, asked.id, "asked"))
    return asked


def test_a_time_that_waits_and_is_booked_with_a_yes_is_right(story: Story) -> None:
    visit = wait(story)
    leave(story, decide(story), visit, "confirmed")
    assert sentences(story) == ""


def test_what_waits_may_lapse_and_its_time_go_to_somebody_else(story: Story) -> None:
    visit = wait(story)
    story.book(client=8, room=2, now=61 * MINUTE)
    leave(story, story.ask("lapse", now=62 * MINUTE), visit, "lapsed")
    assert sentences(story) == ""


def test_what_waits_stands_in_the_way_until_it_lapses(story: Story) -> None:
    visit = wait(story)
    story.book(client=8, room=2)
    assert rules(story) == ["double"]
    other = Story()
    visit = wait(other)
    leave(other, other.ask("lapse", now=59 * MINUTE), visit, "lapsed")
    assert rules(other) == ["state"]


def test_held_answers_are_not_booked_without_a_yes(story: Story) -> None:
    hold = story.hold(held=True)
    story.holds[hold]["intake"] = 5
    story.rulings.append((5, story.operations[-1].id, "asked"))
    story.confirm(hold)
    story.appointments[hold]["intake"] = 5
    assert rules(story) == ["state"]


def test_a_decision_that_left_out_what_waited_for_it_is_found(story: Story) -> None:
    wait(story)
    decide(story)
    assert rules(story) == ["lost"]
    assert "was done, and appointment 1 was left out" in sentences(story)


def test_a_decision_that_is_nowhere_is_found(story: Story) -> None:
    wait(story)
    story.ask("decide", clearance=9, intake=5, says="allowed")
    assert rules(story) == ["lost"]


def test_a_decision_may_be_refused_only_where_newer_answers_came(story: Story) -> None:
    visit = wait(story)
    story.ask("decide", "WrongState", clearance=9, intake=5, says="allowed")
    assert rules(story) == ["refusal"]
    story.operations.pop()
    asked = renew(story, held=True)
    story.rulings.append((5, asked.id, "ended"))
    leave(story, asked, visit, "renewed", mails=0)
    story.appointments[visit] |= {"status": "provisional", "intake": 6}
    story.ask("decide", "WrongState", clearance=9, intake=5, says="allowed")
    assert sentences(story) == ""


def test_worse_answers_make_it_wait_and_both_sides_are_told(story: Story) -> None:
    visit = story.book()
    leave(story, renew(story, held=True), visit, "reopened", mails=1)
    story.appointments[visit]["intake"] = 6
    assert rules(story) == ["lost"]
    assert "owes 2 mails instead of 3" in sentences(story)
    story.mails[visit] += 1
    assert sentences(story) == ""


def test_worse_answers_that_left_something_booked_are_found(story: Story) -> None:
    story.book()
    renew(story, held=True)
    assert rules(story) == ["lost"]


def in_a_series(story: Story) -> list[int]:
    """Three of a series, a day apart."""
    first = story.book()
    starts = [TEN + 1440, TEN + 2880]
    dates = [[at, 1] for at in starts]
    asked = story.ask("series", after=first, client=7, option=1, dates=dates, facts={"made": [2, 3]})
    for number, at in enumerate(starts, start=2):
        story._of_series(number, asked, at)
    story.series = dict.fromkeys((1, 2, 3), (1, asked.id))
    return [1, 2, 3]


def change_series(story: Story, kind: str, reach: str, answer: str | None = "ok", by: int = 60) -> Operation:
    args = {"appointment": 2, "series": 1, "version": None, "reach": reach, "starts": TEN + 1440 + by}
    return story.ask(kind, answer, by=by, **args)


def test_a_series_is_called_off_from_one_on(story: Story) -> None:
    numbers = in_a_series(story)
    asked = change_series(story, "cancel_series", "following")
    for number in numbers[1:]:
        leave(story, asked, number, "cancelled", mails=0)
    assert sentences(story) == ""


def test_a_series_called_off_in_part_is_found(story: Story) -> None:
    in_a_series(story)
    leave(story, change_series(story, "cancel_series", "following"), 2, "cancelled", mails=0)
    assert rules(story) == ["lost"]
    assert "appointment 3 was left out" in sentences(story)


def test_a_series_is_moved_to_one_time_of_day(story: Story) -> None:
    numbers = in_a_series(story)
    asked = change_series(story, "move_series", "all")
    for number in numbers:
        leave(story, asked, number, "moved", mails=0)
        row = story.appointments[number]
        row["starts"], row["ends"] = row["starts"] + 60, row["ends"] + 60
        story.moved_to[number, asked.id] = row["starts"]
    assert sentences(story) == ""
    story.moved_to[3, asked.id] += 15
    story.appointments[3]["starts"] += 15
    story.appointments[3]["ends"] += 15
    assert "state" in rules(story)


def test_a_series_is_refused_only_where_one_of_it_meets_somebody(story: Story) -> None:
    in_a_series(story)
    change_series(story, "move_series", "all", "SlotTaken")
    assert rules(story) == ["refusal"]
    other = Story()
    in_a_series(other)
    other.book(TEN + 2880 + 75, client=8, room=2)
    change_series(other, "move_series", "all", "SlotTaken")
    assert sentences(other) == ""
    change_series(other, "move_series", "this", "SlotTaken")
    assert rules(other) == ["refusal"]
