"""What a calendar file says is kept with the message, and the file is written when it is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clinic.notify import calendar
from clinic.notify.calendar import Invite

INVITE = Invite(
    uid="k7m2px@appointments.main",
    sequence=3,
    title="Linden Massage; Clinic",
    where="Linden Massage, 1 Linden Row\n2nd floor",
    starts_at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    ends_at=datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    zone="Europe/London",
    organiser="hello@clinic.example",
    stamp=datetime(2026, 9, 1, 9, 0, 0, 250_000, tzinfo=UTC),
    note="Reference K7M-2PX",
)


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_the_file_is_the_same_though_it_is_written_later(is_cancelled: bool) -> None:
    first = replace(INVITE, is_cancelled=is_cancelled)
    second = replace(first, uid="another@appointments.main", starts_at=INVITE.starts_at - timedelta(days=30))
    for invites in ([first], [first, second]):
        assert calendar.unpack(calendar.pack(invites)) == calendar.write_all(invites)


def test_a_file_that_was_kept_ready_is_sent_as_it_is() -> None:
    ready = calendar.write(INVITE)
    assert calendar.unpack(ready) == ready
    assert calendar.unpack(None) is None
