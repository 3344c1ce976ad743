"""Histories written by hand, for trying out the checker: a story is told operation by operation."""

from __future__ import annotations

from typing import Any

from tests.race.checker import violations
from tests.race.history import Afterwards, History, House, Operation, Session

DAY = 20_000 * 1440  # some midnight, in epoch minutes
TEN, ELEVEN = DAY + 600, DAY + 660
MINUTE = 60_000_000  # of the service's clock
HOURS = ((9 * 60, 13 * 60), (13 * 60 + 30, 17 * 60))
HOUSE = House(
    therapists=(1, 2), rooms=(1, 2), sessions={1: Session(60, after=15)}, hours=HOURS, wide=frozenset({2})
)


class Story:
    """A run written down by hand: each call is one operation that takes ten, from the last one's end on."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.holds: dict[int, dict[str, Any]] = {}
        self.appointments: dict[int, dict[str, Any]] = {}
        self.absences: dict[int, dict[str, Any]] = {}
        self.events: list[tuple[int, str, str]] = []
        self.mails: dict[int, int] = {}
        self.rulings: list[tuple[int, str, str]] = []
        self.intakes: dict[int, int] = {}
        self.series: dict[int, tuple[int, str]] = {}
        self.moved_to: dict[tuple[int, str], int] = {}
        self.parties: dict[int, tuple[int, ...]] = {}
        self.parties_by: dict[int, str] = {}
        self.pairs: dict[int, str] = {}
        self.one_room: dict[str, list[int]] = {}  # who of two keep the wide room, by who made them two
        self.clock = 0

    def ask(self, kind: str, answer: str | None = "ok", **args: Any) -> Operation:
        facts = args.pop("facts", {})
        at = args.pop("at", self.clock)
        number = len(self.operations)
        done = args.pop("done", at + 10) if answer else float("inf")
        now = args.pop("now", number)
        made = Operation(f"w{number}", kind, at, now, args, done, answer, facts)
        self.operations.append(made)
        self.clock = max(self.clock, at + 10) + 1
        return made

    def book(self, starts: int = TEN, who: int = 1, room: int = 1, client: int = 7, **more: Any) -> int:
        """An appointment with therapist `who`, made by the desk; gives its number."""
        number = len(self.holds) + 1
        told = {"hold": number, "appointment": number, "version": 1, "status": "booked"}
        asked = self.ask(
            "book", starts=starts, therapist=who, option=1, client=client, **{"facts": told, **more}
        )
        self._hold(number, asked, starts, who, room, "confirmed")
        self._appointment(number, asked, starts, who, room, client)
        return number

    def hold(self, starts: int = TEN, who: int = 1, room: int = 1, **more: Any) -> int:
        """A hold without a client; gives its number."""
        number = len(self.holds) + 1
        told = {"hold": number}
        asked = self.ask("hold", starts=starts, therapist=who, option=1, **{"facts": told, **more})
        self._hold(number, asked, starts, who, room, "open")
        return number

    def confirm(self, hold: int, client: int = 7, event: str = "booked", **more: Any) -> None:
        told = {"appointment": hold, "hold": hold, "version": 1}
        asked = self.ask("confirm", hold=hold, client=client, **{"facts": told, **more})
        row = self.holds[hold]
        row["status"] = "confirmed"
        self._appointment(hold, asked, row["starts"], row["therapist"], row["room"], client, event)

    def cancel(self, appointment: int, **more: Any) -> None:
        row = self.appointments[appointment]
        row["version"] += 1
        told = {"version": row["version"], "status": "cancelled"}
        asked = self.ask("cancel", appointment=appointment, **{"facts": told, **more})
        row["status"] = "cancelled"
        self.events.append((appointment, asked.id, "cancelled"))
        self.mails[appointment] += 1

    def time_off(self, starts: int, ends: int, who: int = 1) -> int:
        number = len(self.absences) + 1
        asked = self.ask("time_off", therapist=who, starts=starts, ends=ends, facts={"absence": number})
        self.absences[number] = {
            "therapist": who, "starts": starts, "ends": ends, "reason": asked.id, "cancelled": None
        }  # fmt: skip
        return number

    def _hold(self, number: int, asked: Operation, starts: int, who: int, room: int, status: str) -> None:
        self.holds[number] = {
            "created": asked.now, "therapist": who, "room": room, "starts": starts, "ends": starts + 60,
            "option": 1, "expires": asked.now + 10 * MINUTE, "status": status,
        }  # fmt: skip

    def _of_series(self, number: int, asked: Operation, starts: int) -> None:
        """One of the appointments that `asked` made together; one mail, about none of them, tells of all."""
        self._hold(number, asked, starts, 1, 1, "confirmed")
        self._appointment(number, asked, starts, 1, 1, 7)
        self.mails[number] = 0

    def _appointment(
        self,
        number: int,
        asked: Operation,
        starts: int,
        who: int,
        room: int,
        client: int,
        event: str = "booked",
    ) -> None:
        self.appointments[number] = {
            "hold": number, "status": "booked", "client": client, "therapist": who, "room": room,
            "starts": starts, "ends": starts + 60, "option": 1, "version": 1,
        }  # fmt: skip
        self.events.append((number, asked.id, event))
        self.mails[number] = 1

    def end(self) -> History:
        """The history, with a diary in which everybody who stands has their squares."""
        spans = []
        in_one = {number: 200 + both[0] for both in self.one_room.values() for number in both}
        wide = set()
        stand = [each for each in self.appointments.items() if each[1]["status"] in ("booked", "provisional")]
        stand += [each for each in self.holds.items() if each[1]["status"] == "open"]
        for entry, row in stand:
            low = row["starts"] // 5
            spans.append(("therapist", row["therapist"], low, low + 15, entry))
            if entry in in_one:
                wide.add(("room", row["room"], low, low + 12, in_one[entry]))
            else:
                spans.append(("room", row["room"], low, low + 12, entry))
            if "client" in row:
                spans.append(("client", row["client"], low, low + 12, entry))
        spans += sorted(wide)
        for entry, row in self.absences.items():
            spans.append(("therapist", row["therapist"], row["starts"] // 5, row["ends"] // 5, 100 + entry))
        claims = [(k, o, tick, e) for k, o, low, high, e in spans for tick in range(low, high)]
        afterwards = Afterwards(
            self.holds, self.appointments, self.absences, tuple(self.events), tuple(claims), tuple(spans),
            mails=self.mails, rulings=tuple(self.rulings), intakes=self.intakes, series=self.series,
            moved_to=self.moved_to, parties=self.parties, parties_by=self.parties_by,
            pairs=self.pairs,
        )  # fmt: skip
        return History(HOUSE, tuple(self.operations), afterwards)


def rules(story: Story) -> list[str]:
    """The rules that are broken, each once."""
    return list(dict.fromkeys(each.rule for each in violations(story.end())))


def sentences(story: Story) -> str:
    return "\n".join(map(str, violations(story.end())))
