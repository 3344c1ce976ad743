"""The checker knows two people at once: small histories, written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.race.checker import violations
from tests.race.story import DAY, MINUTE, TEN, rules, sentences
from tests.race.story_of_two import StoryOfTwo


@pytest.fixture
def story() -> StoryOfTwo:
    return StoryOfTwo()


# --- What is right


@pytest.mark.parametrize("one_room", [False, True])
def test_two_who_come_together_are_right(story: StoryOfTwo, one_room: bool) -> None:
    story.party(one_room=one_room)
    story.confirm_pair(story.hold_pair(TEN + 75, one_room=one_room))
    assert sentences(story) == ""


def test_one_who_goes_leaves_the_other_and_their_room(story: StoryOfTwo) -> None:
    story.cancel(story.party(one_room=True)[0])
    story.book(client=9, room=1)
    assert sentences(story) == ""
    story.ask("book", "SlotTaken", starts=TEN, therapist=1, option=1, client=8)
    assert sentences(story) == ""


def test_two_who_go_give_their_room_back(story: StoryOfTwo) -> None:
    both = story.party(one_room=True)
    asked = story.cancel_party()
    for number in both:
        story.leave(asked, number, "cancelled")
    story.party(clients=(5, 6), one_room=True)
    assert sentences(story) == ""


def test_two_are_moved_together(story: StoryOfTwo) -> None:
    asked_of = story.party(one_room=True)
    told = {str(number): {"room": 2, "therapist": who} for who, number in enumerate(asked_of, start=1)}
    asked = story.move_party(TEN + 75, facts={"each": told})
    for number in asked_of:
        story.leave(asked, number, "moved")
    story.party(clients=(5, 6), one_room=True)
    assert sentences(story) == ""


def test_two_whom_a_killed_process_booked_may_be_there_or_not(story: StoryOfTwo) -> None:
    story.ask(
        "party", None, starts=TEN, clients=[3, 4], options=[1, 1], therapists=[None, None], one_room=True,
        held=False,
    )  # fmt: skip
    story.party(TEN + 75, answer=None, facts={})
    assert sentences(story) == ""


def test_two_who_hold_nothing_by_choice_stand_in_nobodys_way(story: StoryOfTwo) -> None:
    """What the day holds too much of is chosen without a square, and entered when it is booked."""
    holds = story.hold_pair(facts={"pair": 1, "is_kept": False})
    story.book(client=9)
    for number in holds:
        story.holds[number]["status"] = "lapsed"
    story.ask("lapse", now=12 * MINUTE)
    assert sentences(story) == ""


# --- Half of two


def test_one_of_two_that_was_not_written_is_found(story: StoryOfTwo) -> None:
    story.party()
    del story.appointments[2], story.holds[2], story.events[1]
    story.parties[1] = (1,)
    assert "lost" in rules(story)
    assert "booked 1 of two" in sentences(story)


def test_one_of_two_that_was_written_for_a_killed_process_is_found(story: StoryOfTwo) -> None:
    story.party(answer=None, facts={})
    del story.appointments[2], story.holds[2], story.events[1]
    del story.parties[1]
    assert "made 1 of two" in sentences(story)


def test_one_hold_of_two_is_found(story: StoryOfTwo) -> None:
    del story.holds[story.hold_pair()[1]]
    assert "made 1 of two" in sentences(story)


def test_two_who_were_promised_a_party_and_are_none_are_found(story: StoryOfTwo) -> None:
    story.party()
    del story.parties[1]
    assert rules(story) == ["lost"]
    assert "booked together and are no party" in sentences(story)


def test_a_party_of_others_is_found(story: StoryOfTwo) -> None:
    story.party()
    story.book(TEN + 75, client=9)
    story.parties[1] = (1, 3)
    assert {"phantom", "lost"} <= set(rules(story))


def test_one_of_two_that_was_left_out_of_a_move_is_found(story: StoryOfTwo) -> None:
    story.party()
    asked = story.move_party(TEN + 75, facts={"each": {"1": {"room": 1, "therapist": 1}}})
    story.leave(asked, 1, "moved")
    assert rules(story) == ["lost"]
    assert "was done, and appointment 2 was left out" in sentences(story)


def test_one_of_two_that_was_left_out_of_a_cancellation_is_found(story: StoryOfTwo) -> None:
    story.party()
    story.leave(story.cancel_party(), 1, "cancelled")
    assert "appointment 2 was left out" in sentences(story)


def test_a_cancellation_of_both_that_did_nothing_is_found(story: StoryOfTwo) -> None:
    story.party()
    story.cancel_party()
    assert rules(story) == ["lost"]


# --- One square for both


def test_two_with_one_therapist_are_found(story: StoryOfTwo) -> None:
    both = story.party()
    for row in (story.holds[both[1]], story.appointments[both[1]]):
        row["therapist"] = 1
    assert "double" in rules(story)
    assert "appointment 1 and appointment 2 both had therapist 1 at one time" in sentences(story)


def test_two_in_one_room_who_did_not_ask_for_it_are_found(story: StoryOfTwo) -> None:
    both = story.party()
    for row in (story.holds[both[1]], story.appointments[both[1]]):
        row["room"] = 1
    assert "both had room 1 at one time" in sentences(story)


def test_somebody_else_in_the_room_of_two_is_found(story: StoryOfTwo) -> None:
    story.cancel(story.party(one_room=True)[0])
    story.book(client=9, room=2)
    assert rules(story) == ["double"]
    assert "the room for two of w0 and appointment 3 both had room 2 at one time" in sentences(story)


def test_a_room_for_two_that_is_in_no_diary_is_found(story: StoryOfTwo) -> None:
    story.party(one_room=True)
    whole = story.end()
    claims = tuple(claim for claim in whole.afterwards.claims if claim[0] != "room")
    spans = tuple(span for span in whole.afterwards.spans if span[0] != "room")
    wrong = replace(whole.afterwards, claims=claims, spans=spans)
    assert [each.rule for each in violations(replace(whole, afterwards=wrong))] == ["lost"]


def test_a_room_for_two_that_nobody_is_expected_in_is_found(story: StoryOfTwo) -> None:
    both = story.party(one_room=True)
    whole = story.end()
    asked = story.cancel_party()
    for number in both:
        story.leave(asked, number, "cancelled")
    kept = tuple(claim for claim in whole.afterwards.claims if claim[0] == "room")
    spans = tuple(span for span in whole.afterwards.spans if span[0] == "room")
    now = story.end()
    wrong = replace(now.afterwards, claims=kept, spans=spans)
    assert [each.rule for each in violations(replace(now, afterwards=wrong))] == ["phantom"]


# --- Refusals


def wanted_for_two(story: StoryOfTwo, starts: int = TEN, answer: str = "SlotTaken", **more: object) -> str:
    args = {"clients": [5, 6], "options": [1, 1], "therapists": [None, None], "one_room": False, **more}
    story.ask("party", answer, starts=starts, held=False, **args)
    return sentences(story)


def test_two_are_refused_where_one_therapist_is_taken(story: StoryOfTwo) -> None:
    story.book()
    assert wanted_for_two(story, TEN + 30) == ""
    assert "nothing justified it" in wanted_for_two(story, TEN + 75)


def test_two_are_refused_where_one_of_them_is_elsewhere(story: StoryOfTwo) -> None:
    story.book(client=5, who=3, room=3)
    assert wanted_for_two(story) == ""
    assert "nothing justified it" in wanted_for_two(story, clients=[6, 8])


def test_one_room_is_refused_where_the_wide_one_is_taken(story: StoryOfTwo) -> None:
    story.book(client=9, who=3, room=2)
    assert wanted_for_two(story, one_room=True) == ""
    other = StoryOfTwo()
    other.book(client=9, who=3, room=1)
    assert "nothing justified it" in wanted_for_two(other, one_room=True)


def test_outside_the_hours_and_off_the_grid_two_are_refused(story: StoryOfTwo) -> None:
    assert wanted_for_two(story, DAY + 7 * 60) == ""
    assert wanted_for_two(story, TEN + 5, "NotOffered") == ""
    assert "nothing justified it" in wanted_for_two(story, TEN, "NotOffered")


def test_what_two_hold_is_lost_only_when_its_time_is_over(story: StoryOfTwo) -> None:
    holds = story.hold_pair()
    story.ask("confirm_pair", "HoldLapsed", pair=1, holds=holds, clients=[7, 8], now=10 * MINUTE)
    assert sentences(story) == ""
    other = StoryOfTwo()
    other.ask("confirm_pair", "HoldLapsed", pair=1, holds=other.hold_pair(), clients=[7, 8], now=MINUTE)
    assert "nothing justified it" in sentences(other)


def test_what_two_hold_may_go_to_somebody_whose_clock_has_seen_it_lapse(story: StoryOfTwo) -> None:
    holds = story.hold_pair()
    story.ask("confirm_pair", "SlotTaken", pair=1, holds=holds, clients=[7, 8], now=9 * MINUTE)
    assert rules(story) == ["refusal"]
    story.operations.pop()
    story.book(client=9, now=11 * MINUTE)
    story.ask("confirm_pair", "SlotTaken", pair=1, holds=holds, clients=[7, 8], now=9 * MINUTE)
    story.ask("lapse", now=12 * MINUTE)
    for number in holds:
        story.holds[number]["status"] = "lapsed"
    assert sentences(story) == ""


def test_what_two_hold_is_stale_once_it_was_given_back(story: StoryOfTwo) -> None:
    holds = story.hold_pair()
    story.ask("confirm_pair", "Stale", pair=1, holds=holds, clients=[7, 8])
    assert rules(story) == ["refusal"]
    other = StoryOfTwo()
    holds = other.hold_pair()
    other.ask("release_pair", pair=1, holds=holds)
    for number in holds:
        other.holds[number]["status"] = "released"
    other.ask("confirm_pair", "Stale", pair=1, holds=holds, clients=[7, 8])
    assert sentences(other) == ""


def test_two_are_moved_where_only_they_themselves_stood(story: StoryOfTwo) -> None:
    story.party(one_room=True)
    story.move_party(TEN + 30, answer="SlotTaken")
    assert rules(story) == ["refusal"]
    story.operations.pop()
    story.book(TEN + 75, client=9)
    story.move_party(TEN + 30, answer="SlotTaken")
    assert sentences(story) == ""


def test_two_are_not_moved_together_once_one_has_gone(story: StoryOfTwo) -> None:
    both = story.party()
    story.move_party(TEN + 75, answer="WrongState")
    assert rules(story) == ["refusal"]
    story.operations.pop()
    story.cancel(both[1])
    story.move_party(TEN + 75, answer="WrongState")
    assert sentences(story) == ""
