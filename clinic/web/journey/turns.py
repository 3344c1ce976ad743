"""The screen goes from one of the two to the other: whose pages may be opened, and the pages in between."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import pair_journeys
from clinic.booking.pair_steps import PairStep, Turn, is_ready, missing, next_step
from clinic.kernel.codes import new_token
from clinic.kernel.errors import Stale
from clinic.web import access, database, remembered
from clinic.web.journey import pair, sealed, way
from clinic.web.journey.blueprint import blueprint

# Pages of one person, open in their turn alone; and the pages of who goes alone, which two have for both.
PERSONAL = frozenset(
    ("step", "answer", "outcome", "go_on", "session", "choose", "compare", "asked", "ask", "start_again")
)
ALONE = frozenset(
    (
        "time", "hold", "day", "details", "keep_details", "check", "confirm", "held_again", "hold_again",
        "booked", "calendar", "plan", "book_plan", "planned", "planned_calendar", "changed",
    )
)  # fmt: skip


@blueprint.before_request
def keep_to_the_turn() -> ResponseReturnValue | None:
    """Leads two who go together from a page that is not open to them; nothing for who goes alone.

    A page of one of them that is sent in the other's turn (Back, another tab) changes nothing.
    """
    if pair.current() is None:
        return None
    endpoint = (request.endpoint or "").partition(".")[2]
    if endpoint == "start":
        return _begin()
    if endpoint not in PERSONAL | ALONE:
        return None
    is_theirs = endpoint in PERSONAL and next_step(pair.state()) in (PairStep.PART, PairStep.DONE)
    if request.method == "POST":
        if not is_theirs or request.form.get("whose") != pair.mark():
            return way.brought_back()
        return _part_again() if endpoint == "start_again" else None
    return None if is_theirs else way.onward()


def _begin() -> ResponseReturnValue | None:
    """The button that begins: once two are booked, somebody else may; else on to where they stand."""
    if pair.state().is_booked:
        way.forget()
        return None
    return way.onward()


def _part_again() -> ResponseReturnValue | None:
    """'Start again' in the turn of who comes too begins their part anew; in the first one's, everything."""
    found = pair.expect()
    with database.transaction() as session:
        if found.turn is Turn.SECOND:
            pair_journeys.part_again(session, database.now(), found.id)
        else:
            pair_journeys.leave(session, database.now(), found.id)
    sealed.forget()
    if found.turn is not Turn.SECOND:
        way.forget()
    way.look_again()
    return redirect(url_for("journey.step", slug="safety"), code=303)


@blueprint.get("/book/together/turn")
@access.public
def together_turn() -> ResponseReturnValue:
    """Hand the screen over; a part is done; or only one of the two can be booked here."""
    if pair.current() is None:
        return way.onward()
    match next_step(pair.state()):
        case PairStep.HAND_OVER:
            return _draw("journey/pair_hand_over.html", missing(pair.state()))
        case PairStep.DONE:
            return _draw("journey/pair_done.html", pair.expect().turn)
        case PairStep.ONLY_ONE:
            return _draw("journey/pair_only_one.html", missing(pair.state()))
        case _:
            return way.onward()


@blueprint.post("/book/together/turn")
@access.public
def together_take_turn() -> ResponseReturnValue:
    """Gives the screen to one of the two, or to both; what was typed before a yes is not handed on."""
    found = pair.current()
    asked = request.form.get("who")
    if found is None or asked not in {each.value for each in Turn} or found.party_id is not None:
        return way.brought_back()
    try:
        with database.transaction() as session:
            pair_journeys.give_turn(session, database.now(), found.id, Turn(asked))
    except Stale:
        way.look_again()
        return way.brought_back()
    _put_away()
    way.look_again()
    if asked != Turn.BOTH and next_step(pair.state()) is PairStep.DONE:
        return redirect(url_for("journey.session"), code=303)
    return way.onward()


@blueprint.post("/book/together/alone")
@access.public
def together_alone() -> ResponseReturnValue:
    """One of the two goes on without the other."""
    found, asked = pair.current(), request.form.get("who")
    if found is None or asked not in (Turn.FIRST, Turn.SECOND):
        return way.brought_back()
    fresh = new_token()
    try:
        with database.transaction() as session:
            pair_journeys.go_alone(session, database.now(), found.id, Turn(asked), fresh)
    except Stale:
        way.look_again()
        return way.brought_back()
    _put_away()
    remembered.set_out(fresh)
    way.look_again()
    return way.onward()


@blueprint.get("/book/together/alone")
@access.public
def together_alone_back() -> ResponseReturnValue:
    """The address of what only a button does: loaded again, it leads on."""
    return way.onward()


def _put_away() -> None:
    """What the cookie has of whoever had the screen: page one before a yes, and requests they opened."""
    sealed.forget()
    remembered.close_opened()


def keep_nothing() -> ResponseReturnValue:
    """Who does not let us keep their answers: what they said is gone, and the other has the choice."""
    found = pair.expect()
    with database.transaction() as session:
        if found.turn is Turn.SECOND:
            pair_journeys.withdraw_second(session, database.now(), found.id)
        else:
            pair_journeys.withdraw_first(session, database.now(), found.id)
    sealed.forget()
    if found.turn is Turn.FIRST:
        way.forget()
        return redirect(url_for("journey.without_answers"), code=303)
    way.look_again()
    return way.onward()


def _draw(template: str, who: Turn) -> str:
    """A page between two turns; `who` it is about. It has no word of anybody's answers."""
    state, called = pair.state(), pair.names()
    other = Turn.SECOND if who is Turn.FIRST else Turn.FIRST
    return render_template(
        template,
        who=who,
        name=called.short(who),
        other=other,
        other_name=called.short(other),
        is_child=called.second_is_child and who is Turn.SECOND,
        has_begun=pair_journeys.journey_of(pair.expect(), who) is not None,
        other_may=is_ready(state.of(other)),
    )
