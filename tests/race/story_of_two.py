"""Histories of two people at once, written by hand: a party of the desk, and two who hold and book."""

from __future__ import annotations

from typing import Any

from tests.race.history import Operation
from tests.race.story import TEN, Story


class StoryOfTwo(Story):
    """A story in which two come together: therapists 1 and 2, clients 7 and 8; in one room it is room 2."""

    def party(self, starts: int = TEN, clients: tuple[int, int] = (7, 8), **more: Any) -> list[int]:
        """Two whom the desk books; gives their appointments."""
        is_shared = more.pop("one_room", False)
        numbers = self._next_two()
        asked = self.ask(
            "party", starts=starts, clients=list(clients), options=[1, 1], therapists=[None, None],
            one_room=is_shared, held=False,
            **{"facts": {"party": len(self.parties) + 1, **self._each(numbers)}, **more},
        )  # fmt: skip
        self._hold_two(numbers, asked, starts, "confirmed", is_shared=is_shared)
        self._book_two(numbers, asked, clients)
        return numbers

    def hold_pair(self, starts: int = TEN, *, one_room: bool = False, **more: Any) -> list[int]:
        """Two who hold a time from the web; gives their holds. In one story they are one pair."""
        numbers = self._next_two()
        asked = self.ask(
            "hold_pair", starts=starts, options=[1, 1], one_room=one_room,
            **{"facts": {"pair": 1, "is_kept": True}, **more},
        )  # fmt: skip
        self.pairs[1] = asked.id
        self._hold_two(numbers, asked, starts, "open", is_shared=one_room)
        return numbers

    def choose_again(self, starts: int, *, one_room: bool = False, **more: Any) -> list[int]:
        """The same two choose another time, and what they held goes back; gives their new holds."""
        for row in self.holds.values():
            row["status"] = "released" if row["status"] == "open" else row["status"]
        numbers = self._next_two()
        asked = self.ask(
            "choose_again", pair=1, starts=starts, options=[1, 1], one_room=one_room,
            **{"facts": {"pair": 1, "is_kept": True, "is_new": True}, **more},
        )  # fmt: skip
        self._hold_two(numbers, asked, starts, "open", is_shared=one_room)
        return numbers

    def confirm_pair(self, holds: list[int], clients: tuple[int, int] = (7, 8), **more: Any) -> None:
        told = {"party": len(self.parties) + 1, **self._each(holds)}
        asked = self.ask(
            "confirm_pair", pair=1, holds=holds, clients=list(clients), **{"facts": told, **more}
        )
        for number in holds:
            self.holds[number]["status"] = "confirmed"
        self._book_two(holds, asked, clients)

    def cancel_party(self, party: int = 1, **more: Any) -> Operation:
        return self.ask("cancel_party", party=party, **more)

    def move_party(self, starts: int, party: int = 1, answer: str | None = "ok", **more: Any) -> Operation:
        return self.ask("move_party", answer, party=party, starts=starts, therapist=None, **more)

    def leave(self, asked: Operation, appointment: int, event: str) -> None:
        """What `asked` left in the ledger, in the row and in the post."""
        self.events.append((appointment, asked.id, event))
        row = self.appointments[appointment]
        row["version"] += 1
        if event == "moved":
            row["starts"], row["ends"] = asked.args["starts"], asked.args["starts"] + 60
            self.moved_to[appointment, asked.id] = row["starts"]
        else:
            row["status"] = event
        self.mails[appointment] += 1

    def _next_two(self) -> list[int]:
        return [len(self.holds) + 1, len(self.holds) + 2]

    def _each(self, numbers: list[int]) -> dict[str, Any]:
        return {"each": {str(n): {"appointment": n, "hold": n, "version": 1} for n in numbers}}

    def _hold_two(
        self, numbers: list[int], asked: Operation, starts: int, status: str, *, is_shared: bool
    ) -> None:
        for who, number in enumerate(numbers, start=1):
            self._hold(number, asked, starts, who, 2 if is_shared else who, status)
        if is_shared:
            self.one_room[asked.id] = numbers

    def _book_two(self, numbers: list[int], asked: Operation, clients: tuple[int, int]) -> None:
        for number, client in zip(numbers, clients, strict=True):
            row = self.holds[number]
            self._appointment(number, asked, row["starts"], row["therapist"], row["room"], client)
        self.parties[len(self.parties) + 1] = tuple(numbers)
        self.parties_by[len(self.parties)] = asked.id
