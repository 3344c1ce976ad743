"""One box for a name, a telephone number, an e-mail address or a reference; and a client's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import queries
from clinic.booking.models import Appointment
from clinic.booking.queries import Listed
from clinic.kernel.codes import read_reference
from clinic.kernel.errors import BadInput, NotFound
from clinic.people import contact, household
from clinic.people.models import Client
from clinic.people.queries import MOST, search_clients
from clinic.web import access, database
from clinic.web.desk.blueprint import blueprint


@dataclass(frozen=True, slots=True)
class Hit:
    """A client who was found, with the appointments on either side of now."""

    client: Client
    last: Listed | None
    coming: Listed | None


@blueprint.get("/find")
@access.allow(access.DESK)
def find() -> ResponseReturnValue:
    """A reference leads straight to its appointment; anything else to the clients it fits."""
    text = request.args.get("q", "").strip()[:120]
    session = database.session()
    reference = read_reference(text)
    if reference and session.scalar(sa.select(Appointment.id).where(Appointment.reference == reference)):
        return redirect(url_for("desk.appointment", reference=reference))
    return render_template("desk/find.html", q=text, hits=hits_of(text, database.now()), most=MOST)


@blueprint.get("/client/<int:number>")
@access.allow(access.DESK)
def client(number: int) -> ResponseReturnValue:
    """A client's appointments, coming and past. Nothing of their health."""
    return _page(_expect(number))


@blueprint.post("/client/<int:number>/child")
@access.allow(access.DESK)
def add_child(number: int) -> ResponseReturnValue:
    """Adds a child whom this client answers for; the same name again is the same child."""
    guardian = _expect(number)
    try:
        name = contact.read_name((request.form.get("name") or "")[:1000])
        with database.transaction() as session:
            child = household.add_child(session, database.now(), guardian, name)
    except BadInput as refused:
        return _page(guardian, [("name", refused.sentence)]), 422
    flash(f"{child.name} is in the household. Messages go to {guardian.name}.")
    return redirect(url_for("desk.client", number=number), code=303)


def _expect(number: int) -> Client:
    found = database.session().get(Client, number)
    if found is None or found.erased_at is not None:
        raise NotFound()
    return found


def _page(found: Client, errors: list[tuple[str, str]] | None = None) -> str:
    session, now, number = database.session(), database.now(), found.id
    every = queries.appointments_of(session, number)
    coming = [visit for visit in every if visit.ends_at > now and visit.status not in queries.GONE]
    past = [visit for visit in reversed(every) if visit not in coming]
    home = household.household_of(session, found)
    return render_template(
        "desk/client.html",
        client=found,
        coming=coming,
        past=past,
        home=home,
        typed=request.form.get("name", ""),
        errors=errors or [],
    )


def hits_of(text: str, now: datetime) -> list[Hit]:
    """The clients that fit, each with the last and the next appointment: two statements."""
    session = database.session()
    clients = search_clients(session, text)
    visits = queries.appointments_of_all(session, [each.id for each in clients]) if clients else {}
    found = []
    for each in clients:
        mine = visits[each.id]
        past = [visit for visit in mine if visit.ends_at <= now]
        coming = [visit for visit in mine if visit.ends_at > now]
        found.append(Hit(each, past[-1] if past else None, coming[0] if coming else None))
    return found
