"""Holding, confirming, moving and ending appointments: the only writers of them.

All take `session` and `now` and leave the commit to whoever called. All write who did it into the
appointment's events and owe the client a mail in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from clinic import batch
from clinic.booking import hold_limits, lifecycle, messages, provisional_times
from clinic.booking.hold_limits import Share, Source, WebHolds
from clinic.booking.models import Appointment, AppointmentEvent, Hold
from clinic.booking.policy import Policy
from clinic.booking.screening import check_allowed, is_bookable
from clinic.booking.slots import Slot, Wish, free_at
from clinic.booking.statuses import HoldStatus, Status
from clinic.booking.taking import claims_of, look, new_hold, option_and_site
from clinic.booking.taking import day_at as day_at
from clinic.catalog.models import Offering, OfferingOption
from clinic.intake.models import Intake
from clinic.kernel.codes import new_reference
from clinic.kernel.errors import BadInput, HoldLapsed, NotFound, SlotTaken, Stale, WrongState
from clinic.people.models import Client
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.hands import check_limits, effort_of
from clinic.roster.models import EntryKind, OwnerKind, Site

# How often a session is looked for whose room goes to somebody else at the same moment.
LOOKS = 4


def hold(
    session: Session,
    now: datetime,
    wish: Wish,
    starts_at: datetime,
    intake: Intake | None,
    *,
    provisionally: bool = False,
    source: Source | None = None,
) -> Hold:
    """Keeps `starts_at` for someone for the site's hold minutes, with the first therapist and room free.

    Refuses with NotCleared or Excluded by the intake, NotOffered for a time the site never offers,
    SlotTaken when somebody else has it. `provisionally`: for an intake that waits for a decision, which
    leaves out times too near to decide before.

    `source` is the visitor of a web page: what else they hold goes back, TooMany where their address holds
    too much, and where the day holds too much the time is chosen without a square being kept for it
    (see `hold_limits`): it is entered when it is confirmed.
    """
    option, site = option_and_site(session, wish)
    on = day_at(site, starts_at)
    check_allowed(intake, option, on, provisionally=provisionally)
    is_provisional = intake is not None and not is_bookable(intake, on)
    if is_provisional:
        provisional_times.check_far_enough(starts_at, now)
    web = hold_limits.admit(session, now, source, site, on) if source else None
    own = web.own if web is not None else ()
    try:
        slot, entry_id = _place(session, now, wish, starts_at, web)
    except SlotTaken:
        if not own:
            raise
        with session.begin_nested():  # what goes back for it stays where it was if that is no help
            _release_all(session, own)
            slot, entry_id = _place(session, now, wish, starts_at, web)
    else:
        _release_all(session, own)
    made = new_hold(now, wish, slot, option, site, intake, entry_id=entry_id, is_provisional=is_provisional)
    if source is not None:
        made.visitor_digest, made.address_digest = source.visitor, source.address
    session.add(made)
    session.flush()
    return made


def _place(
    session: Session, now: datetime, wish: Wish, starts_at: datetime, web: WebHolds | None
) -> tuple[Slot, int | None]:
    """Who gives a session at that start, and its diary entry; SlotTaken where nobody can.

    `web` is what the web holds, for a visitor of a web page: no entry where that is enough of the day.
    Every therapist is looked up with the first room free; who loses that room to another looks again, for
    there may be a second.
    """
    for _look in range(LOOKS - 1):
        try:
            return _place_once(session, now, wish, starts_at, web)
        except SlotTaken as taken:
            if taken.who != OwnerKind.ROOM:
                raise
    return _place_once(session, now, wish, starts_at, web)


def _place_once(
    session: Session, now: datetime, wish: Wish, starts_at: datetime, web: WebHolds | None
) -> tuple[Slot, int | None]:
    option, site = option_and_site(session, wish)
    ends_at = starts_at + timedelta(minutes=option.minutes + wish.talk_minutes)
    expires_at, on = now + timedelta(minutes=site.hold_minutes), day_at(site, starts_at)
    refusal, effort, not_kept = SlotTaken(), effort_of(option), None
    is_shared = web is not None and bool(web.others)
    known = look(session, wish, option, site, starts_at, now, whole_day=is_shared)
    share = Share() if web is None else hold_limits.share_of(session, known, on, web)
    for slot in free_at(known, starts_at):
        claims = claims_of(option, slot, starts_at, ends_at, wish.client_id)
        if not share.leaves_enough(slot, claims, wish.talk_minutes):
            not_kept = not_kept or slot
            continue
        try:
            if known.is_limited(slot.therapist_id):
                check_limits(session, claims, effort, starts_at, ends_at, site.tz, now)
            return slot, diary.enter(session, EntryKind.HOLD, claims, now, expires_at, effort)
        except SlotTaken as taken:
            refusal = taken if refusal.who != OwnerKind.ROOM else refusal
    if not_kept is not None:
        return not_kept, None
    raise refusal


def _release_all(session: Session, hold_ids: Sequence[int]) -> None:
    for each in hold_ids:
        release(session, each)


def release(session: Session, hold_id: int | None) -> None:
    """Gives a hold's time back. Does nothing to one that is confirmed or over."""
    if hold_id is None:
        return
    held = session.get(Hold, hold_id, with_for_update=True, populate_existing=True)
    if held is not None and held.status is HoldStatus.OPEN:
        diary.strike(session, held.entry_id)
        held.status = HoldStatus.RELEASED
        held.entry_id = None
        session.flush()


def confirm(
    session: Session,
    now: datetime,
    which: Hold | int,
    client: Client,
    *,
    actor: str,
    via: str = "web",
    reference: str | None = None,
) -> Appointment:
    """Makes an appointment of a hold. Asked again, it gives the same appointment.

    `which` is the number of the hold, or itself where it has been locked in this transaction and read with
    what is `taken_over`; `reference` is one that no appointment has, where one was drawn.

    A hold that waits for a decision gives a provisional appointment, which lapses if nobody decides in
    time; decided meanwhile, it is booked. HoldLapsed when the hold's time is over, SlotTaken ('client')
    when the client is elsewhere then.
    """
    held = session.scalar(_LOCKED_HOLD, {"hold": which}) if isinstance(which, int) else which
    if held is None:
        raise NotFound()
    if held.status is HoldStatus.CONFIRMED:
        return session.scalars(sa.select(Appointment).where(Appointment.hold_id == held.id)).one()
    if held.status is not HoldStatus.OPEN or held.expires_at <= now:
        raise HoldLapsed()
    intake = session.get(Intake, held.intake_id) if held.intake_id else None
    if intake is not None and held.is_provisional:
        # A decision made in this very moment is either seen here, or sees this appointment.
        session.refresh(intake, with_for_update={"key_share": True})
    on = day_at(held.site, held.starts_at)
    check_allowed(intake, held.option, on, provisionally=held.is_provisional)
    lapses_at = None
    if held.is_provisional and intake is not None and not is_bookable(intake, on):
        lapses_at = provisional_times.kept_until(held.site.provisional_hours, held.starts_at, now)
    if held.entry_id is None:
        held.entry_id = _enter_now(session, now, held)
    if held.client_id is None:
        claim = Claim(OwnerKind.CLIENT, client.id, held.starts_at, held.ends_at)
        diary.extend(session, held.entry_id, [claim], now)
    elif held.client_id != client.id:
        raise BadInput("This time is held for someone else.")
    appointment = _add(session, now, held, client, via, lapses_at, reference or _free_reference(session))
    kind = "provisional" if lapses_at else "booked"
    with batch.gathered(session):
        diary.become_appointment(session, held.entry_id, lapses_at)
        batch.change(session, held, status=HoldStatus.CONFIRMED, client_id=client.id)
        if intake is not None and intake.client_id is None:
            batch.change(session, intake, client_id=client.id)
        note(session, now, appointment, actor, kind, messages.long_when(held.starts_at, held.site.tz))
        messages.tell(session, now, kind, appointment)
    return appointment


def taken_over() -> list[Any]:
    """Loads with a hold what its appointment takes over and is told of."""
    return [
        joinedload(Hold.site, innerjoin=True),
        joinedload(Hold.therapist, innerjoin=True),
        joinedload(Hold.option, innerjoin=True).joinedload(OfferingOption.offering).lazyload(Offering.skill),
    ]


_LOCKED_HOLD = (
    sa.select(Hold)
    .where(Hold.id == sa.bindparam("hold"))
    .options(*taken_over())
    .with_for_update(of=Hold)
    .execution_options(populate_existing=True)
)
# Whether no appointment has a reference.
IS_FREE = ~sa.select(Appointment.id).where(Appointment.reference == sa.bindparam("reference")).exists()
_IS_FREE = sa.select(IS_FREE)


def _enter_now(session: Session, now: datetime, held: Hold) -> int:
    """Enters what was chosen and not kept; SlotTaken where somebody else has it by now."""
    slot, effort = Slot(held.starts_at, held.therapist_id, held.room_id), effort_of(held.option)
    claims = claims_of(held.option, slot, held.starts_at, held.ends_at, held.client_id)
    check_limits(session, claims, effort, held.starts_at, held.ends_at, held.site.tz, now)
    return diary.enter(session, EntryKind.HOLD, claims, now, held.expires_at, effort)


def book(
    session: Session,
    now: datetime,
    wish: Wish,
    starts_at: datetime,
    client: Client,
    intake: Intake | None,
    *,
    actor: str,
    via: str = "desk",
    provisionally: bool = False,
) -> Appointment:
    """Hold and confirm in one transaction: how the desk books."""
    held = hold(session, now, wish, starts_at, intake, provisionally=provisionally)
    return confirm(session, now, held.id, client, actor=actor, via=via)


def move(
    session: Session,
    now: datetime,
    appointment_id: int,
    starts_at: datetime,
    *,
    actor: str,
    therapist_id: int | None = None,
    version: int | None = None,
    is_client: bool = False,
) -> Appointment:
    """Gives an appointment another time (and therapist, where named), keeping what was agreed.

    A client is held to the site's policy (TooLate). SlotTaken leaves everything as it was.
    """
    appointment = locked(session, appointment_id, version)
    site, option = appointment.site, appointment.option
    if appointment.status not in lifecycle.MOVABLE:
        raise WrongState()
    if is_client:
        _policy(site).check_change(appointment.status, appointment.starts_at, now)
    wish = wish_of(appointment, therapist_id=therapist_id, is_desk=not is_client)
    is_provisional = appointment.status is Status.PROVISIONAL
    provisional_times.check_kept(appointment.lapses_at, now)
    if is_provisional and appointment.entry_id is None:  # somebody's clock was ahead, and struck it
        raise WrongState("We kept this time for you, but not any longer.")
    check_allowed(appointment.intake, option, day_at(site, starts_at), provisionally=is_provisional)
    if is_provisional:
        provisional_times.check_far_enough(starts_at, now)
    ends_at = starts_at + (appointment.ends_at - appointment.starts_at)
    refusal, effort = SlotTaken(), effort_of(option)
    for slot in free_at(look(session, wish, option, site, starts_at, now), starts_at):
        claims = claims_of(option, slot, starts_at, ends_at, appointment.client_id)
        own = appointment.entry_id
        try:
            check_limits(session, claims, effort, starts_at, ends_at, site.tz, now, ignore_entry_id=own)
            if appointment.entry_id is None:  # long past, and swept out of the diary
                appointment.entry_id = diary.enter(session, EntryKind.APPOINTMENT, claims, now, effort=effort)
            else:
                diary.move(session, appointment.entry_id, claims, now)
        except SlotTaken as taken:
            refusal = taken
            continue
        settle_move(session, now, appointment, replace(slot, starts_at=starts_at), actor=actor)
        return appointment
    raise refusal


def settle_move(session: Session, now: datetime, appointment: Appointment, slot: Slot, *, actor: str) -> None:
    """What a move means for an appointment whose squares are written already: its row, events and mail."""
    site = appointment.site
    was = messages.long_when(appointment.starts_at, site.tz)
    length = appointment.ends_at - appointment.starts_at
    appointment.starts_at, appointment.ends_at = slot.starts_at, slot.starts_at + length
    appointment.therapist_id, appointment.room_id = slot.therapist_id, slot.room_id
    appointment.sequence += 1
    if appointment.lapses_at is not None and appointment.entry_id is not None:
        nearer = provisional_times.kept_until(site.provisional_hours, slot.starts_at, now)
        appointment.lapses_at = min(appointment.lapses_at, nearer)
        diary.keep_until(session, appointment.entry_id, appointment.lapses_at)
    session.flush()
    session.expire(appointment, ["therapist", "room"])
    note(session, now, appointment, actor, "moved", f"from {was}")
    messages.tell(session, now, "moved", appointment)


def cancel(
    session: Session,
    now: datetime,
    appointment_id: int,
    *,
    actor: str,
    reason: str = "",
    version: int | None = None,
    is_client: bool = False,
) -> Appointment:
    """Calls an appointment off and gives its time back. A client is held to the site's policy."""
    appointment = locked(session, appointment_id, version)
    if is_client:
        _policy(appointment.site).check_change(appointment.status, appointment.starts_at, now)
    lifecycle.check(appointment.status, Status.CANCELLED)
    diary.strike(session, appointment.entry_id)
    appointment.entry_id = None
    appointment.status = Status.CANCELLED
    appointment.cancel_reason = reason[:80]
    appointment.lapses_at = None
    appointment.sequence += 1
    note(session, now, appointment, actor, "cancelled", reason[:200])
    messages.tell(session, now, "cancelled", appointment)
    return appointment


def reactivate(
    session: Session,
    now: datetime,
    appointment_id: int,
    *,
    actor: str,
    version: int | None = None,
    shares_room: bool = False,
) -> Appointment:
    """Takes a cancellation back, if the time is still free; SlotTaken if not.

    NotCleared or Excluded where the client's answers no longer let it be booked. `shares_room`: the room is
    taken for a party already (`taking_back`, which is what others call).
    """
    appointment = locked(session, appointment_id, version)
    lifecycle.check(appointment.status, Status.BOOKED)
    if appointment.status is not Status.CANCELLED:
        return set_status(session, now, appointment_id, Status.BOOKED, actor=actor)
    check_allowed(appointment.intake, appointment.option, day_at(appointment.site, appointment.starts_at))
    slot = Slot(appointment.starts_at, appointment.therapist_id, appointment.room_id)
    starts_at, ends_at = appointment.starts_at, appointment.ends_at
    claims = claims_of(appointment.option, slot, starts_at, ends_at, appointment.client_id)
    if shares_room:
        claims = [claim for claim in claims if claim.kind is not OwnerKind.ROOM]
    effort, tz = effort_of(appointment.option), appointment.site.tz
    check_limits(session, claims, effort, starts_at, ends_at, tz, now)
    appointment.entry_id = diary.enter(session, EntryKind.APPOINTMENT, claims, now, effort=effort)
    appointment.status = Status.BOOKED
    appointment.cancel_reason = ""
    appointment.sequence += 1
    note(session, now, appointment, actor, "reactivated")
    messages.tell(session, now, "booked", appointment)
    return appointment


def set_status(
    session: Session,
    now: datetime,
    appointment_id: int,
    status: Status,
    *,
    actor: str,
    version: int | None = None,
) -> Appointment:
    """Checked in, fulfilled, no-show, and the way back from each; WrongState for anything else.

    For cancelling and taking that back there are `cancel` and `reactivate`: they change the diary.
    """
    appointment = locked(session, appointment_id, version)
    if appointment.status is status:
        return appointment
    lifecycle.check(appointment.status, status)
    if Status.CANCELLED in (status, appointment.status):
        raise BadInput("Cancelling has a way of its own.")
    if Status.PROVISIONAL in (status, appointment.status):
        raise WrongState("This time waits for a decision.")
    appointment.status = status
    appointment.checked_in_at = now if status is Status.CHECKED_IN else appointment.checked_in_at
    note(session, now, appointment, actor, status.value)
    session.flush()
    return appointment


def wish_of(appointment: Appointment, *, therapist_id: int | None = None, is_desk: bool = False) -> Wish:
    """What `appointment` would want if it were moved; its own time does not stand in its way."""
    return Wish(
        site_id=appointment.site_id,
        option_id=appointment.option_id,
        talk_minutes=appointment.talk_minutes,
        therapist_id=therapist_id,
        client_id=appointment.client_id,
        ignore_entry_id=appointment.entry_id,
        is_desk=is_desk,
    )


def lapse_holds(session: Session, now: datetime) -> int:
    """Marks the open holds whose time is over and strikes them; says how many."""
    over = session.scalars(
        sa.select(Hold)
        .where(Hold.status == HoldStatus.OPEN, Hold.expires_at <= now)
        .order_by(Hold.id)
        .with_for_update(skip_locked=True)
    ).all()
    for held in over:
        diary.strike(session, held.entry_id)
        held.status, held.entry_id = HoldStatus.LAPSED, None
    hold_limits.forget_sources(session, now)
    session.flush()
    return len(over)


def _add(
    session: Session,
    now: datetime,
    held: Hold,
    client: Client,
    via: str,
    lapses_at: datetime | None,
    reference: str,
) -> Appointment:
    """The appointment of a hold, under a reference nobody has yet."""
    appointment = Appointment(
        reference=reference,
        hold_id=held.id,
        entry_id=held.entry_id,
        client_id=client.id,
        site_id=held.site_id,
        therapist_id=held.therapist_id,
        room_id=held.room_id,
        option_id=held.option_id,
        intake_id=held.intake_id,
        status=Status.PROVISIONAL if lapses_at else Status.BOOKED,
        lapses_at=lapses_at,
        starts_at=held.starts_at,
        ends_at=held.ends_at,
        talk_minutes=held.talk_minutes,
        price_minor=held.price_minor,
        currency=held.currency,
        via=via,
        created_at=now,
    )
    session.add(appointment)
    session.flush()
    return appointment


def _free_reference(session: Session) -> str:
    """A reference that no appointment has. Two who draw the same at once are refused one by the database."""
    for _draw in range(20):
        drawn = new_reference()
        if session.connection().execute(_IS_FREE, {"reference": drawn}).scalar_one():
            return drawn
    raise RuntimeError("no free reference in twenty draws")


def locked(session: Session, appointment_id: int, version: int | None = None) -> Appointment:
    """The appointment, locked for this transaction; Stale if it is not the version that was looked at."""
    appointment = session.get(Appointment, appointment_id, with_for_update=True, populate_existing=True)
    if appointment is None:
        raise NotFound()
    if version is not None and appointment.version != version:
        raise Stale()
    return appointment


def _policy(site: Site) -> Policy:
    return Policy(site.min_notice_minutes, site.change_until_minutes)


def note(
    session: Session, now: datetime, appointment: Appointment, actor: str, kind: str, detail: str = ""
) -> None:
    """Adds to what happened to an appointment. `detail` has no health word."""
    if appointment.id is None:
        session.flush()
    batch.add(
        session,
        AppointmentEvent,
        appointment_id=appointment.id,
        at=now,
        actor=actor,
        kind=kind,
        detail=detail,
    )
