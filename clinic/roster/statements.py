"""The statements of a search, written once: putting one together takes longer than the database to answer.

Values go in under their names; those in lists may be empty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from clinic.roster.hands import EFFORT_COLUMNS, LIMIT_COLUMNS
from clinic.roster.models import (
    Closure,
    DiaryEntry,
    DiarySpan,
    OwnerKind,
    Room,
    Site,
    Therapist,
    WorkingBreak,
    WorkingHours,
    offering_room,
    therapist_skill,
)


def _list(name: str) -> sa.BindParameter[object]:
    return sa.bindparam(name, expanding=True)


SITES = (
    sa.select(
        Site.id,
        Site.name,
        Site.tz,
        Site.grid_minutes,
        Site.min_notice_minutes,
        Site.horizon_days,
        Site.prefers_adjacent,
    )
    .where(Site.is_active)
    .order_by(Site.name, Site.id)
)
SITES_NAMED = SITES.where(Site.id.in_(_list("site_ids")))

# Who has the skill, with the weekly hours at these sites that count within some days; one row for each break.
WORKERS = (
    sa.select(
        WorkingHours.site_id,
        WorkingHours.id,
        WorkingHours.therapist_id,
        sa.type_coerce(Therapist.gender, sa.String).label("gender"),
        *LIMIT_COLUMNS,
        WorkingHours.weekday,
        WorkingHours.opens,
        WorkingHours.closes,
        WorkingHours.valid_from_on,
        WorkingHours.valid_until_on,
        WorkingBreak.starts,
        WorkingBreak.ends,
    )
    .join(Therapist, Therapist.id == WorkingHours.therapist_id)
    .join(therapist_skill, therapist_skill.c.therapist_id == Therapist.id)
    .outerjoin(WorkingBreak, WorkingBreak.working_hours_id == WorkingHours.id)
    .where(
        Therapist.is_active,
        therapist_skill.c.skill_id == sa.bindparam("skill_id"),
        WorkingHours.site_id.in_(_list("site_ids")),
        WorkingHours.weekday.in_(_list("weekdays")),
        WorkingHours.valid_from_on <= sa.bindparam("last"),
        sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= sa.bindparam("first")),
    )
    .order_by(Therapist.name, Therapist.id, WorkingHours.id)
)

_GIVEN_IN = sa.select(offering_room.c.room_id).where(
    offering_room.c.offering_id == sa.bindparam("offering_id")
)
# Step-free rooms come last, to stay free for those who need them.
ROOMS = (
    sa.select(Room.site_id, Room.id)
    .where(
        Room.site_id.in_(_list("site_ids")),
        Room.is_active,
        sa.or_(Room.id.in_(_GIVEN_IN), ~_GIVEN_IN.exists()),
    )
    .order_by(Room.is_step_free, Room.name, Room.id)
)

CLOSURES = sa.select(Closure.site_id, Closure.starts_on, Closure.ends_on).where(
    Closure.site_id.in_(_list("site_ids")),
    Closure.starts_on <= sa.bindparam("last"),
    Closure.ends_on >= sa.bindparam("first"),
)


def _taken(among: Callable[[Any, str], sa.ColumnElement[bool]]) -> sa.Executable:
    """Who is taken when, lapsed holds and one entry left out; no client's number is nought."""
    owner = sa.or_(
        sa.and_(DiarySpan.kind == OwnerKind.THERAPIST, among(DiarySpan.owner_id, "therapist_ids")),
        sa.and_(DiarySpan.kind == OwnerKind.ROOM, among(DiarySpan.owner_id, "room_ids")),
        sa.and_(DiarySpan.kind == OwnerKind.CLIENT, DiarySpan.owner_id == sa.bindparam("client_id")),
    )
    return (
        sa.select(
            sa.type_coerce(DiarySpan.kind, sa.String).label("owner_kind"),
            DiarySpan.owner_id,
            sa.type_coerce(DiaryEntry.kind, sa.String).label("entry_kind"),
            DiarySpan.from_tick,
            DiarySpan.to_tick,
            *EFFORT_COLUMNS,
        )
        .join(DiaryEntry, DiaryEntry.id == DiarySpan.entry_id)
        .where(
            owner,
            DiarySpan.touches(sa.bindparam("low", type_=sa.Integer), sa.bindparam("high", type_=sa.Integer)),
            sa.or_(DiaryEntry.expires_at.is_(None), DiaryEntry.expires_at > sa.bindparam("now")),
            DiarySpan.entry_id != sa.bindparam("ignored"),
        )
    )


def _one_of(column: Any, name: str) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = column.in_(_list(name))
    return found


def _any_of(column: Any, name: str) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(sa.Integer)))
    return found


# By database: PostgreSQL takes each list as one value, and so plans one statement for lists of any length.
TAKEN = {"sqlite": _taken(_one_of), "postgresql": _taken(_any_of)}
