"""What a session takes of the diary: who could give it at a time, its squares, and the hold made of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from clinic.booking import slots
from clinic.booking.models import Hold
from clinic.booking.slots import Slot, Wish
from clinic.booking.statuses import HoldStatus
from clinic.catalog.models import OfferingOption
from clinic.intake.models import Intake
from clinic.kernel.errors import BadInput, NotFound, NotOffered
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.facts import Facts
from clinic.roster.models import Site


def day_at(site: Site, instant: datetime) -> date:
    """The day of an instant at a site; NotOffered beyond the reach of calendars."""
    slots.check_reach(instant)
    return instant.astimezone(ZoneInfo(site.tz)).date()


def option_and_site(session: Session, wish: Wish) -> tuple[OfferingOption, Site]:
    """What a wish names; NotFound or NotOffered where it is not to be had any more."""
    option, site = session.get(OfferingOption, wish.option_id), session.get(Site, wish.site_id)
    if option is None or site is None or not site.is_active:
        raise NotFound()
    if not option.is_active or not option.offering.is_active:
        raise NotOffered("That session is not offered any more.")
    return option, site


def check_start(wish: Wish, starts_at: datetime, site: Site, now: datetime) -> None:
    """NotOffered if the site never offers that start: off its grid, over, or beyond its horizon."""
    if starts_at.tzinfo is None:
        raise BadInput("A time needs its zone.")
    local = starts_at.astimezone(ZoneInfo(site.tz))
    if starts_at.second or (local.hour * 60 + local.minute) % site.grid_minutes:
        raise NotOffered()
    if starts_at < now and not wish.is_desk:
        raise NotOffered("That time is over.")
    last = now.astimezone(ZoneInfo(site.tz)).date() + timedelta(days=site.horizon_days)
    if local.date() > last and not wish.is_desk:
        raise NotOffered("That is further ahead than we book.")


def look(
    session: Session,
    wish: Wish,
    option: OfferingOption,
    site: Site,
    starts_at: datetime,
    now: datetime,
    *,
    whole_day: bool = False,
) -> Facts:
    """What is known of a start, or of its whole day; NotOffered if the site never offers that time."""
    check_start(wish, starts_at, site, now)
    return slots.around(session, wish, option, site, starts_at, now, whole_day=whole_day)


def claims_of(
    option: OfferingOption, slot: Slot, starts_at: datetime, ends_at: datetime, client_id: int | None
) -> list[Claim]:
    """The squares of a session of `option`: therapist, room and, where known, client."""
    return diary.session_claims(
        therapist_id=slot.therapist_id,
        room_id=slot.room_id,
        client_id=client_id,
        starts_at=starts_at,
        ends_at=ends_at,
        buffer_before=option.buffer_before_minutes,
        buffer_after=option.buffer_after_minutes,
        turnover=option.turnover_minutes,
    )


def new_hold(
    now: datetime,
    wish: Wish,
    slot: Slot,
    option: OfferingOption,
    site: Site,
    intake: Intake | None,
    *,
    entry_id: int | None,
    is_provisional: bool,
) -> Hold:
    """The row of a hold of `slot` for the site's hold minutes, at the option's price of today."""
    return Hold(
        entry_id=entry_id,
        status=HoldStatus.OPEN,
        site_id=site.id,
        therapist_id=slot.therapist_id,
        room_id=slot.room_id,
        option_id=option.id,
        intake_id=intake.id if intake else None,
        client_id=wish.client_id,
        starts_at=slot.starts_at,
        ends_at=slot.starts_at + timedelta(minutes=option.minutes + wish.talk_minutes),
        talk_minutes=wish.talk_minutes,
        price_minor=option.price_minor,
        currency=option.currency,
        created_at=now,
        expires_at=now + timedelta(minutes=site.hold_minutes),
        is_provisional=is_provisional,
    )
