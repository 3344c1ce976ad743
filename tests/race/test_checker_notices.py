"""The checker notices a service that is broken for two at once: faults are planted, and each must be found.

One clerk asks the real services, and one of them is broken: only one of two is written, a square is left out,
the room for two goes back too soon. Without a fault the same run is right. One is planted with the suite,
CLINIC_MACHINE_FAULTS=all plants all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking import former_parties, journeys, pair_journeys, pairs, parties, services
from clinic.booking.models import Appointment, JourneyPair, Party, SharedRoom
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.models import DiarySpan, OwnerKind, SlotClaim
from tests.race import history, storm
from tests.race.checker import violations
from tests.race.clerks import Clerk
from tests.race.history import History, Violation
from tests.race.work import WORK

pytestmark = [pytest.mark.database, pytest.mark.race]
OPERATIONS = 400
MOSTLY = {"party": 30, "hold_pair": 20, "choose_again": 12, "confirm_pair": 25, "move_party": 15,
          "cancel_party": 10, "unite": 20, "bring": 20, "move": 6, "book": 14, "hold": 10, "decide": 12,
          "cancel": 12, "reactivate": 8, "lapse": 4}  # fmt: skip

IS_WHOLE = os.environ.get("CLINIC_MACHINE_FAULTS") == "all"
WITH_THE_SUITE = {"the therapist of the second is not taken"}
Plant = Callable[[pytest.MonkeyPatch], None]
FAULTS: dict[str, tuple[Plant, str]] = {}


def fault(rule: str) -> Callable[[Plant], Plant]:
    """A fault that must be found as a breach of this rule, among others."""

    def keep(plant: Plant) -> Plant:
        FAULTS[plant.__name__.replace("_", " ")] = plant, rule
        return plant

    return keep


@fault("lost")
def only_one_of_two_is_booked(patch: pytest.MonkeyPatch) -> None:
    def book(
        session: Session,
        now: datetime,
        first: Any,
        _second: Any,
        starts_at: datetime,
        *,
        actor: str,
        **_more: Any,
    ) -> Party:
        made = services.book(session, now, first.wish, starts_at, first.client, first.intake, actor=actor)
        party = Party(created_at=now)
        session.add(party)
        session.flush()
        session.add(parties.PartyMember(appointment_id=made.id, party_id=party.id))
        return party

    patch.setattr(parties, "book", book)


@fault("lost")
def two_are_booked_and_are_no_party(patch: pytest.MonkeyPatch) -> None:
    join = parties.join

    def apart(session: Session, now: datetime, made: Sequence[Appointment], *args: Any, **more: Any) -> Party:
        party = join(session, now, made, *args, **more)
        session.execute(sa.delete(parties.PartyMember).where(parties.PartyMember.party_id == party.id))
        return party

    patch.setattr(parties, "join", apart)


@fault("lost")
def the_therapist_of_the_second_is_not_taken(patch: pytest.MonkeyPatch) -> None:
    claims_of_pair = pairs.claims_of_pair

    def without_second(*args: Any) -> list[list[Claim]]:
        first, second, *room = claims_of_pair(*args)
        return [first, [each for each in second if each.kind is not OwnerKind.THERAPIST], *room]

    def no_limits(*_args: Any, **_more: Any) -> None:
        return None

    patch.setattr(pairs, "claims_of_pair", without_second)
    patch.setattr(pairs, "check_limits", no_limits)


@fault("double")
def both_have_one_therapist(patch: pytest.MonkeyPatch) -> None:
    """The row says so, whatever the diary says."""
    join = parties.join

    def the_same(
        session: Session, now: datetime, made: Sequence[Appointment], *args: Any, **more: Any
    ) -> Party:
        made[1].therapist_id = made[0].therapist_id
        session.flush()
        return join(session, now, made, *args, **more)

    patch.setattr(parties, "join", the_same)


@fault("lost")
def the_room_for_two_goes_back_when_one_goes(patch: pytest.MonkeyPatch) -> None:
    cancel = services.cancel

    def with_the_room(session: Session, now: datetime, number: int, **more: Any) -> Appointment:
        gone = cancel(session, now, number, **more)
        party = parties.party_of(session, number) or session.scalar(
            sa.select(Party).join(Party.members).where(parties.PartyMember.appointment_id == number)
        )
        if party is not None and party.shared_room is not None:
            diary.strike(session, party.shared_room.entry_id)
            party.shared_room.entry_id = None
        return gone

    patch.setattr(services, "cancel", with_the_room)


@fault("phantom")
def the_room_for_two_never_goes_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(parties, "tidy", lambda _session: 0)


@fault("lost")
def only_one_of_two_is_called_off(patch: pytest.MonkeyPatch) -> None:
    def cancel_together(session: Session, now: datetime, number: int, *, actor: str) -> list[Appointment]:
        both = parties.coming(session.get_one(Party, number))
        return [services.cancel(session, now, each.id, actor=actor) for each in both[:1]]

    patch.setattr(parties, "cancel_together", cancel_together)


@fault("lost")
def only_one_of_two_is_moved(patch: pytest.MonkeyPatch) -> None:
    move_together = parties.move_together

    def half(
        session: Session, now: datetime, number: int, starts_at: datetime, *, actor: str
    ) -> list[Appointment]:
        if session.scalar(sa.select(SharedRoom.id).where(SharedRoom.party_id == number)):
            return move_together(session, now, number, starts_at, actor=actor)
        both = parties.coming(session.get_one(Party, number))
        return [services.move(session, now, each.id, starts_at, actor=actor) for each in both[:1]]

    patch.setattr(parties, "move_together", half)


@fault("lost")
def what_two_held_is_kept_when_they_choose_another(patch: pytest.MonkeyPatch) -> None:
    def give_back(session: Session, pair: JourneyPair) -> None:
        for journey in (pair.first, pair.second):
            if journey is not None and pair.party_id is None:
                journey.take_hold(None)

    patch.setattr(pair_journeys, "give_back", give_back)


@fault("state")
def whoever_waits_for_a_yes_is_booked_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(services, "is_bookable", lambda *_args: True)


@fault("lost")
def what_the_one_who_waits_had_booked_is_left_as_it_was(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(journeys.returning, "reopen_worse", lambda *_args: [])


@fault("state")
def only_one_of_two_who_were_apart_is_moved_to_the_other(patch: pytest.MonkeyPatch) -> None:
    def unite(
        session: Session,
        now: datetime,
        first: int,
        second: int,
        starts_at: datetime,
        *,
        actor: str,
        **_more: Any,
    ) -> Party:
        both = [services.locked(session, each) for each in sorted((first, second))]
        former_parties.leave(session, [first, second], [])
        services.move(session, now, first, starts_at, actor=actor)
        return parties.join(session, now, both, None, actor)

    patch.setattr(parties, "unite", unite)


@fault("state")
def who_comes_with_somebody_is_brought_together_with_another(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(parties, "companion", lambda *_args: None)


@fault("error")
def whoever_came_with_another_one_stays_in_that_party(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(former_parties, "leave", lambda *_args: None)


@fault("double")
def who_comes_along_is_in_no_diary(patch: pytest.MonkeyPatch) -> None:
    """Their therapist and room stay free for anybody."""
    enter = pairs.enter

    def without_second(session: Session, *args: Any) -> tuple[pairs.Pair, list[int]]:
        pair, entries = enter(session, *args)
        session.execute(sa.delete(SlotClaim).where(SlotClaim.entry_id == entries[1]))
        session.execute(sa.delete(DiarySpan).where(DiarySpan.entry_id == entries[1]))
        return pair, entries

    patch.setattr(pairs, "enter", without_second)


def found_in_a_run(engine: Engine, folder: Path) -> list[Violation]:
    """What the checker says of one clerk's work, each thing after the other."""
    orders, house = storm.prepare(engine, folder)
    clerk = Clerk(replace(orders, number=1), engine, 0)
    work = {kind: weight for kind in WORK if (weight := MOSTLY.get(kind.name, 0))}
    clerk.work(work, lambda: clerk.count >= OPERATIONS)
    clerk.book.close()
    storm._close_the_day(orders, engine)
    asked = history.read(folder)
    return violations(History(house, asked, storm.afterwards(engine, asked)))


def test_one_after_another_nothing_is_wrong(engine: Engine, tmp_path: Path) -> None:
    assert [str(each) for each in found_in_a_run(engine, tmp_path)] == []


@pytest.mark.parametrize("name", FAULTS)
def test_the_checker_notices_that(
    name: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not IS_WHOLE and name not in WITH_THE_SUITE:
        pytest.skip("planted with CLINIC_MACHINE_FAULTS=all")
    plant, rule = FAULTS[name]
    plant(monkeypatch)
    assert rule in {each.rule for each in found_in_a_run(engine, tmp_path)}
