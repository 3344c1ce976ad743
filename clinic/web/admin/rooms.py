"""Rooms, and when they are out of use."""

from __future__ import annotations

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields import SelectChoice

from clinic.booking import impact
from clinic.booking.queries import Listed
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, NotFound, SlotTaken
from clinic.roster import queries
from clinic.roster import services as roster
from clinic.roster.models import OwnerKind, Room, Site
from clinic.web import access, database
from clinic.web.admin.blueprint import blueprint
from clinic.web.admin.forms import OwnerForm, Standing, submit
from clinic.web.numbers import read_whole
from clinic.web.reading import Gathered, errors_of, read_span, span_words


class RoomForm(OwnerForm):
    """A room."""

    name = StringField("Name")
    site_id = SelectField("Site", choices=[], validate_choice=False)
    is_step_free = BooleanField(
        "Step-free", description="Kept for last, so that it is free for those who need it."
    )
    is_for_two = BooleanField(
        "Holds two at once", description="Two tables. The desk can book two people into it at the same time."
    )
    is_active = BooleanField(
        "In use", description="Without the tick nothing new is booked in it. What is booked stays."
    )

    def prepare(self, session: Session, room: Room | None) -> RoomForm:
        """Fills in the sites; a room that is there stays at its own."""
        sites = queries.sites(session)
        self.site_id.choices = [
            SelectChoice(str(site.id), site.name) for site in sites if room is None or site.id == room.site_id
        ]
        return self

    def fill(self, room: Room) -> RoomForm:
        """Shows a room as it stands."""
        self.version.data, self.name.data = str(room.version), room.name
        self.site_id.data = str(room.site_id)
        self.is_step_free.data, self.is_active.data = room.is_step_free, room.is_active
        self.is_for_two.data = room.places > 1
        return self


@blueprint.get("/rooms")
@access.allow(access.OWNER)
def rooms() -> ResponseReturnValue:
    """All rooms by site."""
    session = database.session()
    return render_template("admin/rooms.html", rooms=queries.rooms(session), sites=queries.sites(session))


@blueprint.route("/rooms/new", methods=["GET", "POST"])
@access.allow(access.OWNER)
def new_room() -> ResponseReturnValue:
    """Adds a room."""
    form = RoomForm().prepare(database.session(), None)
    if request.method == "GET":
        form.is_active.data = True
        form.site_id.data = request.args.get("site", "")
        return _page(form, None)
    status = submit(form, lambda writing: _save(writing, form, None))
    if status:
        return _page(form, None, status)
    flash("The room is added.")
    return redirect(url_for("admin.rooms"), code=303)


@blueprint.route("/rooms/<int:room_id>", methods=["GET", "POST"])
@access.allow(access.OWNER)
def room(room_id: int) -> ResponseReturnValue:
    """Changes a room."""
    session = database.session()
    stands = _room(session, room_id)
    form = RoomForm().prepare(session, stands)
    if request.method == "GET":
        return _page(form.fill(stands), stands)
    status = submit(form, lambda writing: _save(writing, form, room_id))
    if status is None:
        flash("Saved.")
        return redirect(url_for("admin.room", room_id=room_id), code=303)
    stands = _room(session, room_id)
    differs = []
    if status == 409:
        differs = form.against(RoomForm(formdata=None).prepare(session, stands).fill(stands))
    return _page(form, stands, status, differs=differs)


@blueprint.post("/rooms/<int:room_id>/maintenance")
@access.allow(access.OWNER)
def add_maintenance(room_id: int) -> ResponseReturnValue:
    """Takes a room out of use for a time."""
    session = database.session()
    stands = _room(session, room_id)
    form = RoomForm(formdata=None).prepare(session, stands).fill(stands)
    try:
        starts_at, ends_at, note = _read_maintenance(session, stands)
        with database.transaction() as writing:
            roster.add_maintenance(writing, database.now(), room_id, starts_at, ends_at, note)
    except BadInput as refusal:
        return _page(form, stands, 422, errors=errors_of(refusal, _FIELDS, "first"))
    except SlotTaken as refusal:
        way = impact.in_the_way(database.session(), OwnerKind.ROOM, room_id, starts_at, ends_at)
        return _page(form, stands, 409, errors=[("first", refusal.sentence)], in_the_way=way)
    flash("The room is out of use then.")
    return redirect(url_for("admin.room", room_id=room_id), code=303)


_FIELDS = {"starts": "first", "ends": "last"}


@blueprint.post("/maintenance/<int:maintenance_id>/cancel")
@access.allow(access.OWNER)
def cancel_maintenance(maintenance_id: int) -> ResponseReturnValue:
    """Puts a room back in use."""
    with database.transaction() as session:
        roster.cancel_maintenance(session, database.now(), maintenance_id)
    flash("The room is back in use.")
    return redirect(url_for("admin.rooms"), code=303)


def _read_maintenance(session: Session, stands: Room) -> tuple[datetime, datetime, str]:
    """From when, until when and why; BadFields names all that is wrong."""
    site = session.get_one(Site, stands.site_id)
    gathered = Gathered()
    span = gathered.read(read_span, request.form, walltime.zone(site.tz), database.now())
    note = gathered.read(roster.read_note, request.form.get("reason", ""))
    gathered.refuse()
    assert span is not None
    assert note is not None
    return *span, note


def _page(
    form: RoomForm,
    stands: Room | None,
    status: int = 200,
    *,
    differs: list[Standing] | None = None,
    errors: list[tuple[str, str]] | None = None,
    in_the_way: list[Listed] | None = None,
) -> ResponseReturnValue:
    session, now = database.session(), database.now()
    return (
        render_template(
            "admin/room.html",
            form=form,
            room=stands,
            site=session.get(Site, stands.site_id) if stands else None,
            coming=impact.coming(session, now, room_id=stands.id) if stands else [],
            out=queries.maintenance(session, stands.id, now) if stands else [],
            differs=differs,
            status=status if differs or not in_the_way else 200,
            errors=errors,
            in_the_way=in_the_way or [],
            typed=request.form,
            span_words=span_words,
        ),
        status,
    )


def _room(session: Session, room_id: int) -> Room:
    found = session.get(Room, room_id)
    if found is None:
        raise NotFound()
    return found


def _save(session: Session, form: RoomForm, room_id: int | None) -> Room:
    return roster.save_room(
        session,
        site_id=read_whole(form.site_id.data) or 0,
        name=form.name.data or "",
        is_step_free=form.is_step_free.data,
        is_for_two=form.is_for_two.data,
        is_active=form.is_active.data,
        room_id=room_id,
        version=form.seen_version if room_id else None,
    )
