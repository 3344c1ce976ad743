"""The checker knows two who choose once more, and of whom one waits for a yes: histories written by hand."""

from __future__ import annotations

import pytest

from tests.race.history import Operation
from tests.race.story import TEN, rules, sentences
from tests.race.story_of_two import StoryOfTwo

LATER = TEN + 75
ASKED = 5  # the answers about which somebody is asked


@pytest.fixture
def story() -> StoryOfTwo:
    return StoryOfTwo()


# --- Another time


@pytest.mark.parametrize("one_room", [False, True])
def test_two_who_choose_another_time_leave_the_first_to_others(story: StoryOfTwo, one_room: bool) -> None:
    story.hold_pair(one_room=one_room)
    story.confirm_pair(story.choose_again(LATER, one_room=one_room))
    story.party(clients=(5, 6), one_room=True)
    assert sentences(story) == ""


def test_what_two_held_before_is_stale_once_they_chose_another(story: StoryOfTwo) -> None:
    before = story.hold_pair()
    story.choose_again(LATER)
    story.ask("confirm_pair", "Stale", pair=1, holds=before, clients=[7, 8])
    assert sentences(story) == ""


def test_two_who_still_hold_what_they_held_before_are_found(story: StoryOfTwo) -> None:
    before = story.hold_pair()
    story.choose_again(LATER)
    for number in before:
        story.holds[number]["status"] = "open"
    assert rules(story) == ["lost"]
    assert "gave the time of two back, and hold 1 was kept" in sentences(story)


def test_two_who_book_what_they_chose_no_more_are_found(story: StoryOfTwo) -> None:
    before = story.hold_pair()
    story.choose_again(LATER)
    story.confirm_pair(before)
    assert "hold 1 was kept" not in sentences(story)  # it is an appointment by now
    assert "lost" in rules(story)


def test_half_of_another_time_is_found(story: StoryOfTwo) -> None:
    story.hold_pair()
    del story.holds[story.choose_again(LATER)[1]]
    assert "made 1 of two" in sentences(story)


def test_who_is_told_that_a_time_is_theirs_already_must_hold_it(story: StoryOfTwo) -> None:
    story.hold_pair()
    again = {"facts": {"pair": 1, "is_kept": True, "is_new": False}, "pair": 1, "options": [1, 1]}
    story.ask("choose_again", starts=TEN, one_room=False, **again)
    assert sentences(story) == ""
    story.ask("choose_again", starts=LATER, one_room=False, **again)
    assert rules(story) == ["lost"]


def test_their_own_time_is_no_reason_against_another(story: StoryOfTwo) -> None:
    story.hold_pair()
    story.ask("choose_again", "SlotTaken", pair=1, starts=TEN + 30, options=[1, 1], one_room=False)
    assert rules(story) == ["refusal"]
    story.operations.pop()
    story.book(LATER, client=9)
    story.ask("choose_again", "SlotTaken", pair=1, starts=TEN + 30, options=[1, 1], one_room=False)
    assert sentences(story) == ""


def test_no_other_time_is_chosen_once_they_are_booked(story: StoryOfTwo) -> None:
    holds = story.hold_pair()
    story.ask("choose_again", "Stale", pair=1, starts=LATER, options=[1, 1], one_room=False)
    assert rules(story) == ["refusal"]
    story.operations.pop()
    story.confirm_pair(holds)
    story.ask("choose_again", "Stale", pair=1, starts=LATER, options=[1, 1], one_room=False)
    assert sentences(story) == ""


# --- One of them waits for a yes


def one_waits(story: StoryOfTwo, starts: int = TEN) -> list[int]:
    """Two who hold a time, where somebody is asked about the answers of the second."""
    holds = story.hold_pair(starts, held=True)
    story.holds[holds[1]]["intake"] = ASKED
    story.rulings.append((ASKED, story.operations[-1].id, "asked"))
    return holds


def book(story: StoryOfTwo, holds: list[int], event: str = "provisional") -> Operation:
    story.confirm_pair(holds)
    asked = story.operations[-1]
    story.events[-1] = (holds[1], asked.id, event)
    story.appointments[holds[1]] |= {"status": event, "intake": ASKED}
    return asked


def decide(story: StoryOfTwo, says: str) -> Operation:
    asked = story.ask("decide", clearance=9, intake=ASKED, says=says)
    story.rulings.append((ASKED, asked.id, says))
    return asked


def settle(story: StoryOfTwo, asked: Operation, appointment: int, event: str, mails: int = 1) -> None:
    story.events.append((appointment, asked.id, event))
    story.mails[appointment] += mails
    becomes = {"confirmed": "booked", "reopened": "provisional"}.get(event, event)
    row = story.appointments[appointment]
    row |= {"status": becomes, "version": row["version"] + 1}


@pytest.mark.parametrize(("says", "event"), [("allowed", "confirmed"), ("refused", "cancelled")])
def test_the_one_who_waits_stays_or_goes_and_the_other_is_booked(
    story: StoryOfTwo, says: str, event: str
) -> None:
    holds = one_waits(story)
    book(story, holds)
    settle(story, decide(story, says), holds[1], event)
    assert sentences(story) == ""


def test_a_decision_that_leaves_the_one_who_waits_as_they_were_is_found(story: StoryOfTwo) -> None:
    book(story, one_waits(story))
    decide(story, "refused")
    assert rules(story) == ["lost"]


def test_a_decision_that_reaches_the_other_one_too_is_found(story: StoryOfTwo) -> None:
    holds = one_waits(story)
    book(story, holds)
    asked = decide(story, "refused")
    for number in holds:
        settle(story, asked, number, "cancelled")
    assert "state" in rules(story)


def test_decided_before_they_book_both_are_booked_or_neither(story: StoryOfTwo) -> None:
    holds = one_waits(story)
    decide(story, "allowed")
    book(story, holds, "booked")
    assert sentences(story) == ""
    other = StoryOfTwo()
    holds = one_waits(other)
    other.ask("confirm_pair", "NotCleared", pair=1, holds=holds, clients=[7, 8])
    assert rules(other) == ["refusal"]
    other.operations.pop()
    decide(other, "refused")
    other.ask("confirm_pair", "NotCleared", pair=1, holds=holds, clients=[7, 8])
    assert sentences(other) == ""
    other.ask("choose_again", "NotCleared", pair=1, starts=LATER, options=[1, 1], one_room=False)
    assert sentences(other) == ""


def test_one_who_is_booked_without_a_yes_is_found(story: StoryOfTwo) -> None:
    book(story, one_waits(story), "booked")
    assert rules(story) == ["state"]


def test_what_the_one_who_waits_had_booked_before_waits_too(story: StoryOfTwo) -> None:
    earlier = story.book(LATER, client=8)
    holds = one_waits(story)
    asked = book(story, holds)
    assert rules(story) == ["lost"]
    assert f"was done, and appointment {earlier} was left out" in sentences(story)
    settle(story, asked, earlier, "reopened", mails=2)
    story.appointments[earlier]["intake"] = ASKED
    assert sentences(story) == ""


def test_what_the_other_one_had_booked_before_stays(story: StoryOfTwo) -> None:
    earlier = story.book(LATER, client=7)
    asked = book(story, one_waits(story))
    settle(story, asked, earlier, "reopened", mails=2)
    story.appointments[earlier]["intake"] = ASKED
    assert "state" in rules(story)
