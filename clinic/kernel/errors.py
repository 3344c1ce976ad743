"""The refusals: every way the clinic says no, each stating the fact.

    Refusal
    ├── BadInput          what was typed cannot be taken (names the field)
    ├── NotFound          there is no such thing, or not for you
    ├── Forbidden         your role may not do this
    ├── Stale             someone changed this meanwhile
    ├── SlotTaken         therapist, room or client is taken at that time
    ├── NotOffered        that time, room or therapist is not offered
    ├── HoldLapsed        the time was held, but not any longer
    ├── NotCleared        the intake's outcome does not let a time be booked
    ├── Excluded          the session type does not go with the intake
    ├── TooLate           the clinic's policy no longer lets this be changed
    ├── TooMany           somebody holds, or has held, as many times as one may
    └── WrongState        an appointment in that state cannot do this

A refusal never carries a health word: its sentence may be shown, logged or mailed.
Services raise them; views turn them into a page with a status code and a way on.
"""

from __future__ import annotations


class Refusal(Exception):
    """The clinic says no; `sentence` says why in plain words."""

    status = 409
    default = "That cannot be done."

    def __init__(self, sentence: str | None = None) -> None:
        self.sentence = sentence or self.default
        super().__init__(self.sentence)


class BadInput(Refusal):
    """What was typed cannot be taken; `field` names the form field, where there is one."""

    status = 422
    default = "Check what you typed."

    def __init__(self, sentence: str | None = None, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class NotFound(Refusal):
    status = 404
    default = "We cannot find that."


class Forbidden(Refusal):
    status = 403
    default = "Your sign-in does not allow that."


class Stale(Refusal):
    default = "Someone changed this meanwhile. This is how it stands now."


class SlotTaken(Refusal):
    """Someone else has the time; `who` is 'therapist', 'room' or 'client'."""

    default = "That time has just been taken."

    def __init__(self, sentence: str | None = None, who: str | None = None) -> None:
        super().__init__(sentence)
        self.who = who


class NotOffered(Refusal):
    default = "That time is not offered."


class HoldLapsed(Refusal):
    default = "We held that time for you, but the hold has ended."


class NotCleared(Refusal):
    default = "We need to speak to you before we can book a time."


class Excluded(Refusal):
    default = "That session type does not go with what you told us."


class TooLate(Refusal):
    default = "It is too late to change this online."


class TooMany(Refusal):
    status = 429
    default = "That was a lot at once. Try again later, or ring us."


class WrongState(Refusal):
    default = "That cannot be done with this appointment any more."
