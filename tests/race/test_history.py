"""The checker of histories can tell a right run from a wrong one: small histories, written by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.race.checker import violations
from tests.race.story import DAY, ELEVEN, MINUTE, TEN, Story, rules, sentences


@pytest.fixture
def story() -> Story:
    return Story()


# --- What is right


def test_one_after_another_is_right(story: Story) -> None:
    story.confirm(story.hold())
    story.book(TEN, who=2, room=2, client=8)
    story.book(TEN + 75)
    story.cancel(1)
    story.book(TEN, client=9)
    story.time_off(DAY + 900, DAY + 960)
    assert sentences(story) == ""


def test_two_who_stood_there_one_after_the_other_are_right(story: Story) -> None:
    story.cancel(story.book())
    story.book(client=8)
    assert sentences(story) == ""


# --- Doubles


def test_two_on_one_square_are_found(story: Story) -> None:
    story.book()
    story.book(TEN + 30, room=2, client=8)
    assert rules(story) == ["double"]
    assert "appointment 1 and appointment 2 both had therapist 1 at one time" in sentences(story)


def test_a_double_that_was_put_right_by_cancelling_is_still_found(story: Story) -> None:
    story.book()
    second = story.book(room=2, client=8)
    story.cancel(second)
    assert rules(story) == ["double"]


def test_one_room_for_two_and_one_client_in_two_rooms_are_found(story: Story) -> None:
    story.book()
    story.book(who=2, room=1, client=8)
    assert "both had room 1" in sentences(story)
    other = Story()
    other.book()
    other.book(who=2, room=2)
    assert "both had client 7" in sentences(other)


def test_an_appointment_in_time_off_is_found(story: Story) -> None:
    story.time_off(TEN, ELEVEN)
    story.book()
    assert "absence 1 and appointment 1 both had therapist 1" in sentences(story)


def test_a_square_written_twice_is_found_even_if_nobody_noticed(story: Story) -> None:
    story.book()
    whole = story.end()
    claims = whole.afterwards.claims
    wrong = replace(whole.afterwards, claims=(*claims, (*claims[0][:3], 99)))
    assert {each.rule for each in violations(replace(whole, afterwards=wrong))} == {"double", "state"}


def test_an_open_hold_and_an_appointment_are_a_double_until_the_hold_lapses(story: Story) -> None:
    story.hold()
    story.book(client=8, room=2)
    assert rules(story) == ["double"]
    later = Story()
    later.hold()
    later.book(client=8, room=2, now=11 * MINUTE)
    later.holds[1]["status"] = "lapsed"
    later.ask("lapse", now=12 * MINUTE)
    assert sentences(later) == ""


def test_one_confirmation_done_twice_is_found(story: Story) -> None:
    story.book()
    story.events.append(story.events[0])
    assert "double" in rules(story)


def test_a_mail_owed_twice_is_found(story: Story) -> None:
    story.mails[story.book()] = 2
    assert rules(story) == ["double"]


# --- What is lost, and what nobody asked for


def test_a_booking_that_is_gone_is_found(story: Story) -> None:
    number = story.book()
    del story.appointments[number], story.holds[number], story.events[0]
    assert "lost" in rules(story)
    assert "was promised appointment 1, and it is nowhere" in sentences(story)


def test_a_cancellation_that_did_not_hold_is_found(story: Story) -> None:
    number = story.book()
    story.cancel(number)
    story.appointments[number]["status"] = "booked"
    assert "lost" in rules(story)
    assert "has status booked, and cancelled was the last answer" in sentences(story)


def test_an_acknowledged_change_without_a_trace_is_found(story: Story) -> None:
    number = story.book()
    story.ask("cancel", appointment=number)
    assert rules(story) == ["lost"]


def test_an_appointment_without_its_squares_is_found(story: Story) -> None:
    story.book()
    whole = story.end()
    bare = replace(whole.afterwards, claims=(), spans=())
    assert [each.rule for each in violations(replace(whole, afterwards=bare))] == ["lost"]


def test_a_hold_nobody_asked_for_is_found(story: Story) -> None:
    story.hold()
    story.operations.clear()
    assert "phantom" in rules(story)


def test_what_was_refused_and_yet_done_is_found(story: Story) -> None:
    story.time_off(TEN, TEN + 30, who=2)
    story.book(answer="SlotTaken", facts={})
    assert rules(story) == ["phantom"]


def test_time_that_belongs_to_nobody_is_found(story: Story) -> None:
    number = story.book()
    whole = story.end()
    story.cancel(number)
    orphaned = replace(story.end().afterwards, claims=whole.afterwards.claims, spans=whole.afterwards.spans)
    assert [each.rule for each in violations(replace(story.end(), afterwards=orphaned))] == ["phantom"]


def test_a_time_outside_the_hours_is_found(story: Story) -> None:
    story.book(DAY + 12 * 60)
    assert rules(story) == ["state"]


def test_half_a_series_is_found(story: Story) -> None:
    """Of two dates one is there, whether it was acknowledged or the process was killed."""
    first = story.book()
    dates = [[TEN + 1440, 1], [TEN + 2880, 1]]
    asked = story.ask("series", None, after=first, client=7, option=1, dates=dates)
    assert sentences(story) == ""
    story._of_series(2, asked, TEN + 1440)
    assert rules(story) == ["lost"]
    story._of_series(3, asked, TEN + 2880)
    assert sentences(story) == ""


# --- Refusals


def refused(story: Story, starts: int = TEN, **more: Any) -> list[str]:
    story.ask("hold", "SlotTaken", starts=starts, **{"therapist": 1, "option": 1, **more})
    return rules(story)


def test_a_refusal_is_right_where_somebody_stands(story: Story) -> None:
    story.book()
    assert refused(story, TEN + 60) == []


def test_a_refusal_with_everybody_free_is_found(story: Story) -> None:
    story.book()
    assert refused(story, TEN + 75) == ["refusal"]
    assert "nothing justified it" in sentences(story)


def test_a_refusal_because_of_somebody_who_had_gone_is_found(story: Story) -> None:
    story.cancel(story.book())
    assert refused(story) == ["refusal"]


def test_a_refusal_because_of_somebody_who_came_later_is_found(story: Story) -> None:
    assert refused(story) == ["refusal"]
    story.book()
    assert rules(story) == ["refusal"]


def test_a_refusal_while_somebody_comes_is_right(story: Story) -> None:
    story.book(at=0, done=100)
    assert refused(story, at=50) == []


def test_with_any_therapist_both_must_be_taken(story: Story) -> None:
    story.book()
    assert refused(story, therapist=None) == ["refusal"]
    story.operations.pop()
    story.book(who=2, room=2, client=8)
    assert refused(story, therapist=None) == []


def test_with_a_therapist_free_all_rooms_must_be_taken(story: Story) -> None:
    for room in (1, 2):
        story.book(room=room, who=1 if room == 1 else 2, client=room)
    assert refused(story, TEN + 60, therapist=2) == []
    assert refused(Story(), TEN + 60, therapist=2) == ["refusal"]


def test_a_lapsed_hold_justifies_nothing(story: Story) -> None:
    story.hold()
    assert refused(story, now=9 * MINUTE) == []
    story.operations.pop()
    assert refused(story, now=10 * MINUTE) == ["refusal"]


def test_outside_the_hours_the_refusal_is_right(story: Story) -> None:
    assert refused(story, DAY + 8 * 60) == []
    assert refused(Story(), DAY + 12 * 60) == []


def test_off_the_grid_it_must_be_said_otherwise(story: Story) -> None:
    story.ask("hold", "NotOffered", starts=TEN + 5, therapist=1, option=1)
    assert rules(story) == []
    story.ask("hold", "NotOffered", starts=TEN, therapist=1, option=1)
    assert rules(story) == ["refusal"]


def test_a_hold_has_lapsed_only_when_its_time_is_over(story: Story) -> None:
    hold = story.hold()
    story.ask("confirm", "HoldLapsed", hold=hold, client=7, now=10 * MINUTE)
    assert rules(story) == []
    other = Story()
    other.ask("confirm", "HoldLapsed", hold=other.hold(), client=7, now=MINUTE)
    assert rules(other) == ["refusal"]


def test_a_stale_version_must_be_one(story: Story) -> None:
    number = story.book()
    story.ask("cancel", "Stale", appointment=number, version=1)
    assert rules(story) == ["refusal"]
    story.operations.pop()
    story.cancel(number)
    story.ask("cancel", "Stale", appointment=number, version=1)
    assert rules(story) == []


def test_a_wrong_state_must_have_been(story: Story) -> None:
    number = story.book()
    story.ask("reactivate", "WrongState", appointment=number)
    assert rules(story) == []
    story.ask("cancel", "WrongState", appointment=number)
    assert rules(story) == ["refusal"]


# --- Processes that were killed


def test_what_a_killed_process_asked_may_have_been_done_or_not(story: Story) -> None:
    story.book(answer=None, facts={})
    assert sentences(story) == ""
    story.ask("book", None, starts=ELEVEN + 15, therapist=1, option=1, client=7)
    assert sentences(story) == ""


def test_what_a_killed_process_did_justifies_a_refusal(story: Story) -> None:
    story.book(answer=None, facts={})
    assert refused(story) == []


def test_what_a_killed_process_did_not_do_justifies_none(story: Story) -> None:
    story.ask("book", None, starts=TEN, therapist=1, option=1, client=7)
    assert refused(story) == ["refusal"]


# --- Order and errors


def test_an_answer_from_before_the_asking_is_found(story: Story) -> None:
    """Confirmed, by the ledger, before the hold was asked for."""
    hold = story.hold(at=100)
    story.confirm(hold, at=10, done=20)
    assert "order" in rules(story)


def test_a_hold_that_was_let_go_cannot_be_confirmed(story: Story) -> None:
    hold = story.hold()
    story.ask("release", hold=hold)
    story.confirm(hold)
    assert "lost" in rules(story)


def test_an_error_is_never_an_answer(story: Story) -> None:
    story.ask("lapse", "error", facts={"said": "OperationalError: deadlock detected"})
    assert rules(story) == ["error"]
    assert "deadlock detected" in sentences(story)


def test_what_lapsed_and_was_taken_may_be_confirmed_by_a_slower_clock_once_it_is_free_again(
    story: Story,
) -> None:
    """Asked in time and answered late: another had struck it, booked it and called it off meanwhile."""
    hold = story.hold()
    story.cancel(story.book(room=2, client=8, now=11 * MINUTE))
    story.confirm(hold, at=11, done=100, now=9 * MINUTE)
    assert sentences(story) == ""
    other = Story()
    hold = other.hold()
    other.cancel(other.book(room=2, client=8, now=8 * MINUTE))
    other.confirm(hold, at=11, done=100, now=9 * MINUTE)
    assert rules(other) == ["double"]
