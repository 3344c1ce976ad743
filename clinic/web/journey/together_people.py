"""Somebody comes with me: how the two are called, and who may change their part."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import RadioField, StringField

from clinic.booking import journeys, pair_journeys
from clinic.booking.journey import Step
from clinic.booking.models import Journey
from clinic.booking.pair_journeys import Names
from clinic.booking.pair_steps import Turn, waits
from clinic.kernel.errors import BadInput, Stale
from clinic.people import contact
from clinic.web import access, database, remembered
from clinic.web.journey import pair, way
from clinic.web.journey.blueprint import blueprint

WHO = {"grown_up": "A grown-up", "child": "My child, under 18"}


class PeopleForm(FlaskForm):
    """The names of the two, and whether who comes too is a child. Read by `people.contact`."""

    first = StringField("Your full name")
    second = StringField("Full name of who comes with you")
    who = RadioField("Who is that?", choices=WHO, default="grown_up")

    def read(self, *, first_is_child: bool) -> Names | None:
        """The names as the service takes them, or None with the sentences at the fields."""
        self.validate_on_submit()
        who = "grown_up" if first_is_child else (self.who.data or "")
        self.who.errors = [] if who in WHO else ["Choose who comes with you."]
        read: dict[str, str] = {}
        for field in (self.first, self.second):
            try:
                read[field.name] = contact.read_name((field.data or "")[:1000])
            except BadInput as refused:
                field.errors = [refused.sentence]
        if self.errors:
            return None
        return Names(read["first"], read["second"], second_is_child=who == "child")


@blueprint.get("/book/together")
@access.public
def together() -> ResponseReturnValue:
    """Two of us: the names. Nobody's answers are on it."""
    elsewhere = _sent_elsewhere()
    if elsewhere is not None:
        return elsewhere
    if pair.current() is not None:
        called = pair.names()
        who = "child" if called.second_is_child else "grown_up"
        return _draw(PeopleForm(formdata=None, first=called.first, second=called.second, who=who))
    details = journeys.details_of(way.expect())
    return _draw(PeopleForm(formdata=None, first=details.name if details else ""))


@blueprint.post("/book/together")
@access.public
def together_keep() -> ResponseReturnValue:
    """Makes two of one, or keeps other names."""
    if _sent_elsewhere() is not None:
        return way.brought_back()
    form, found = PeopleForm(), pair.current()
    names = form.read(first_is_child=pair_journeys.is_child(_first()))
    if names is None:
        return _draw(form), 422
    try:
        with database.transaction() as session:
            if found is not None:
                pair_journeys.rename(session, database.now(), found.id, names)
            else:
                pair_journeys.begin(session, database.now(), way.expect().id, names)
    except BadInput as refused:
        form.second.errors = [refused.sentence]
        return _draw(form), 422
    except Stale:
        way.look_again()
        return way.brought_back()
    remembered.set_out_as_two()
    remembered.close_opened()
    way.look_again()
    return way.onward()


def _first() -> Journey:
    found = pair.current()
    return found.first if found is not None else way.expect()


def _sent_elsewhere() -> ResponseReturnValue | None:
    """A redirect where two may not begin: the way is not that far, or it is the turn of one of them."""
    if pair.current() is not None:
        state = pair.state()
        return way.onward() if state.turn is not Turn.BOTH or state.is_booked else None
    return way.sent_elsewhere(Step.TIME)


def _draw(form: PeopleForm) -> str:
    found = pair.current()
    called = pair.names() if found is not None else None
    held = journeys.is_live(_first().hold, database.now()) if found is None else False
    return render_template(
        "journey/pair_people.html",
        form=form,
        called=called,
        held=held,
        first_is_child=pair_journeys.is_child(_first()),
        first_waits=waits(journeys.state_of(_first())),
        turns=[(each, called.short(each)) for each in (Turn.FIRST, Turn.SECOND)] if called else [],
    )
