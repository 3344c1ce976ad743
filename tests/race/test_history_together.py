"""The checker knows two who were booked apart and are brought together: small histories, written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.race.history import Operation
from tests.race.story import TEN, rules, sentences
from tests.race.story_of_two import StoryOfTwo

LATER, EVENING = TEN + 75, TEN + 240


class StoryTogether(StoryOfTwo):
    """The first of two has therapist 1 and room 1, the other therapist 2 and room 2; one room is room 2."""

    def unite(self, one: int, other: int, starts: int = TEN, *, one_room: bool = False) -> Operation:
        asked = self.ask(
            "unite", appointments=[one, other], version=None, starts=starts, one_room=one_room,
            facts={"party": len(self.parties) + 1},
        )  # fmt: skip
        told = {str(n): self._settle(asked, n, who, one_room) for who, n in enumerate((one, other), start=1)}
        self._join(asked, one, other, told, one_room=one_room)
        return asked

    def bring(
        self, one: int, client: int = 8, starts: int = TEN, *, one_room: bool = False
    ) -> tuple[int, Operation]:
        """Gives the appointment of who comes along."""
        number = len(self.holds) + 1
        asked = self.ask(
            "bring", appointment=one, version=None, client=client, option=1, starts=starts,
            one_room=one_room, held=False, facts={"party": len(self.parties) + 1},
        )  # fmt: skip
        told = {str(one): self._settle(asked, one, 1, one_room)}
        self._hold(number, asked, starts, 2, 2, "confirmed")
        self._appointment(number, asked, starts, 2, 2, client)
        told[str(number)] = {"appointment": number, "hold": number, "version": 1}
        self._join(asked, one, number, told, one_room=one_room)
        return number, asked

    def _settle(self, asked: Operation, number: int, who: int, one_room: bool) -> dict[str, Any]:
        row, starts = self.appointments[number], asked.args["starts"]
        is_moved = (row["starts"], row["therapist"]) != (starts, who)
        row |= {"therapist": who, "room": 2 if one_room else who, "version": row["version"] + 1}
        if is_moved:
            row |= {"starts": starts, "ends": starts + 60}
            self.moved_to[number, asked.id] = starts
            self.mails[number] += 1
        self.events.append((number, asked.id, "moved" if is_moved else "resettled"))
        return {name: row[name] for name in ("therapist", "room", "version")} | {"appointment": number}

    def _join(self, asked: Operation, one: int, other: int, told: dict[str, Any], *, one_room: bool) -> None:
        assert isinstance(asked.facts, dict)
        asked.facts["each"] = told
        for known in (self.parties, self.one_room):
            for key, members in list(known.items()):
                known[key] = type(members)(each for each in members if each not in (one, other))  # type: ignore[index]
        self.parties[len(self.parties) + 1] = (one, other)
        self.parties_by[len(self.parties)] = asked.id
        if one_room:
            self.one_room[asked.id] = [one, other]


@pytest.fixture
def story() -> StoryTogether:
    return StoryTogether()


def two_apart(story: StoryTogether) -> tuple[int, int]:
    return story.book(), story.book(LATER, who=2, room=2, client=8)


# --- What is right


@pytest.mark.parametrize("one_room", [False, True])
@pytest.mark.parametrize("starts", [TEN, LATER, EVENING])
def test_two_who_were_booked_apart_come_together(story: StoryTogether, starts: int, one_room: bool) -> None:
    story.unite(*two_apart(story), starts, one_room=one_room)
    assert sentences(story) == ""


@pytest.mark.parametrize("one_room", [False, True])
@pytest.mark.parametrize("starts", [TEN, EVENING])
def test_somebody_comes_along_with_who_is_booked(story: StoryTogether, starts: int, one_room: bool) -> None:
    story.bring(story.book(), starts=starts, one_room=one_room)
    assert sentences(story) == ""
    story.ask("book", "SlotTaken", starts=starts, therapist=2, option=1, client=9)
    assert sentences(story) == ""


def test_who_still_comes_leaves_the_room_for_two_to_come_with_another(story: StoryTogether) -> None:
    both = story.party(one_room=True)
    story.cancel(both[1])
    story.bring(both[0], client=9, starts=EVENING)
    story.party(clients=(5, 6), one_room=True)
    assert sentences(story) == ""


def test_two_who_were_parted_come_together_again(story: StoryTogether) -> None:
    both = story.party()
    part(story, both[1], EVENING)
    story.unite(both[0], both[1], LATER, one_room=True)
    assert sentences(story) == ""


def part(story: StoryTogether, number: int, starts: int) -> None:
    row = story.appointments[number]
    facts = {"room": row["room"], "therapist": row["therapist"], "version": row["version"] + 1}
    asked = story.ask("move", appointment=number, version=None, starts=starts, therapist=None, facts=facts)
    story.leave(asked, number, "moved")


def test_one_of_two_stays_in_their_room_with_another_therapist(story: StoryTogether) -> None:
    both = story.party(one_room=True)
    facts = {"room": 2, "therapist": 3, "version": 2, "own_room": False}
    asked = story.ask("move", appointment=both[1], version=None, starts=TEN, therapist=3, facts=facts)
    story.appointments[both[1]]["therapist"] = 3
    story.leave(asked, both[1], "moved")
    assert sentences(story) == ""
    story.cancel(both[0])
    story.book(client=9, room=2)
    assert "the room for two of w0 and appointment 3 both had room 2" in sentences(story)


# --- What is wrong


def test_one_of_two_who_was_not_brought_together_is_found(story: StoryTogether) -> None:
    one, other = two_apart(story)
    asked = story.unite(one, other, EVENING)
    story.events.remove((other, asked.id, "moved"))
    story.appointments[other] |= {"starts": LATER, "ends": LATER + 60, "version": 1}
    story.mails[other] = 1
    assert "made 1 of two" in sentences(story)


def test_who_comes_along_and_is_not_there_is_found(story: StoryTogether) -> None:
    number, asked = story.bring(story.book())
    del story.appointments[number], story.holds[number]
    story.events.remove((number, asked.id, "booked"))
    assert "made 1 of two" in sentences(story)


def test_two_who_were_brought_together_and_are_no_party_are_found(story: StoryTogether) -> None:
    story.unite(*two_apart(story))
    del story.parties[1]
    assert rules(story) == ["lost"]


def test_who_comes_with_another_and_is_still_of_the_first_party_is_found(story: StoryTogether) -> None:
    both = story.party()
    story.cancel(both[1])
    story.bring(both[0], client=9, starts=EVENING)
    story.parties[1] = (both[0], both[1])
    story.parties[2] = (3,)
    assert {"phantom", "lost"} <= set(rules(story))


def test_who_is_taken_from_somebody_who_comes_with_them_is_found(story: StoryTogether) -> None:
    both = story.party()
    alone = story.book(EVENING, client=9)
    story.unite(both[0], alone, LATER)
    assert rules(story) == ["state"]
    assert "took appointment 1 from appointment 2, who came along" in sentences(story)


def test_who_left_a_party_is_not_moved_with_it(story: StoryTogether) -> None:
    both = story.party()
    part(story, both[1], EVENING)
    alone = story.book(LATER, client=9)
    story.unite(alone, both[1], LATER)
    asked = story.move_party(EVENING, facts={"each": {}})
    story.leave(asked, both[1], "moved")
    assert "state" in rules(story)


def test_somebody_else_in_the_room_of_two_who_were_brought_together_is_found(story: StoryTogether) -> None:
    story.unite(*two_apart(story), one_room=True)
    story.book(client=9, who=3, room=2)
    assert "both had room 2 at one time" in sentences(story)


# --- Refusals


def refused(story: StoryTogether, one: int, other: int, answer: str = "SlotTaken", **more: Any) -> str:
    args = {"starts": EVENING, "one_room": False, "version": None, **more}
    story.ask("unite", answer, appointments=[one, other], **args)
    return sentences(story)


def test_two_are_not_refused_for_where_they_stand_themselves(story: StoryTogether) -> None:
    one, other = two_apart(story)
    assert "nothing justified it" in refused(story, one, other, starts=TEN + 30)
    story.operations.pop()
    story.book(LATER, client=9)
    assert refused(story, one, other, starts=TEN + 30) == ""


def test_two_are_refused_while_one_of_them_comes_with_somebody(story: StoryTogether) -> None:
    both = story.party()
    alone = story.book(EVENING, client=9)
    assert refused(story, both[0], alone, "WrongState") == ""
    story.cancel(both[1])
    assert "nothing justified it" in refused(story, both[0], alone, "WrongState")


def test_who_comes_along_is_refused_where_they_are_elsewhere(story: StoryTogether) -> None:
    one = story.book()
    args = {"appointment": one, "version": None, "option": 1, "starts": TEN, "one_room": False}
    story.ask("bring", "SlotTaken", client=8, **args)
    assert rules(story) == ["refusal"]
    story.operations.pop()
    story.book(who=3, room=3, client=8)
    story.ask("bring", "SlotTaken", client=8, **args)
    assert sentences(story) == ""


def test_who_stays_keeps_their_therapist_and_the_other_has_who_is_free(story: StoryTogether) -> None:
    """Therapist 2 is taken: there are two therapists, and one of them is hers already."""
    one = story.book()
    story.book(who=2, room=3, client=9)
    args = {"appointment": one, "version": None, "option": 1, "starts": TEN, "one_room": True}
    story.ask("bring", "SlotTaken", client=8, **args)
    assert sentences(story) == ""


def test_a_bringing_together_is_stale_only_where_the_version_is_another(story: StoryTogether) -> None:
    one, other = two_apart(story)
    assert "nothing justified it" in refused(story, one, other, "Stale", version=1)
    story.operations.pop()
    part(story, one, EVENING)
    assert refused(story, one, other, "Stale", version=1) == ""
