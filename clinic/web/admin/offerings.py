"""Session types: words, lengths, prices, rest, rooms."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from clinic.booking import impact
from clinic.catalog import listing
from clinic.catalog import services as catalog
from clinic.catalog.models import Offering
from clinic.intake.techniques import load_techniques
from clinic.kernel.errors import BadInput, NotFound, Stale
from clinic.roster import queries
from clinic.roster import services as roster
from clinic.web import access, database
from clinic.web.admin import offering_form
from clinic.web.admin.blueprint import blueprint
from clinic.web.admin.offering_form import Errors, Typed
from clinic.web.context import main_site
from clinic.web.numbers import read_whole


@dataclass
class OfferingPage:
    """What the page shows."""

    offering: Offering | None
    typed: Typed
    stands: Typed | None
    coming: dict[int, int] = field(default_factory=dict)
    errors: Errors = field(default_factory=list)
    differs: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200


@blueprint.get("/session-types")
@access.allow(access.OWNER)
def offerings() -> ResponseReturnValue:
    """Everything that is or was on offer."""
    session = database.session()
    found = listing.all_offerings(session)
    ids = [option.id for offering in found for option in offering.options]
    return render_template(
        "admin/offerings.html",
        offerings=found,
        coming=impact.coming_by_option(session, database.now(), ids),
        techniques=load_techniques().by_id,
        therapists=queries.therapists(session),
    )


@blueprint.route("/session-types/new", methods=["GET", "POST"])
@access.allow(access.OWNER)
def new_offering() -> ResponseReturnValue:
    """Adds a session type with its lengths."""
    page = OfferingPage(None, offering_form.blank(_currency()), None)
    if request.method == "GET":
        return _show(page)
    page.typed = offering_form.of_post(request.form, page.typed)
    saved = _save(page, None)
    if saved is None or page.status != 200:
        return _show(page)
    flash(f"{saved.name} is on offer." if saved.is_active else f"{saved.name} is saved.")
    return redirect(url_for("admin.offering", offering_id=saved.id), code=303)


@blueprint.route("/session-types/<int:offering_id>", methods=["GET", "POST"])
@access.allow(access.OWNER)
def offering(offering_id: int) -> ResponseReturnValue:
    """Changes a session type; `look` only says what saving would do."""
    page = _stands(offering_id)
    if request.method == "GET":
        return _show(page)
    page.typed = offering_form.of_post(request.form, page.typed)
    if "look" in request.form:
        return _show(page)
    saved = _save(page, offering_id)
    if saved is None or page.status != 200:
        return _show(page)
    flash("Saved. What is booked keeps its price.")
    return redirect(url_for("admin.offering", offering_id=offering_id), code=303)


def _stands(offering_id: int) -> OfferingPage:
    session = database.session()
    found = session.get(Offering, offering_id)
    if found is None:
        raise NotFound()
    rooms = queries.rooms_of_offering(session, offering_id)
    typed = offering_form.of_offering(found, rooms, _currency())
    coming = impact.coming_by_option(session, database.now(), [option.id for option in found.options])
    return OfferingPage(found, typed, typed, coming)


def _save(page: OfferingPage, offering_id: int | None) -> Offering | None:
    """Saves words, lengths and rooms in one transaction; puts what is wrong into the page."""
    lengths, page.errors = offering_form.read_lengths(page.typed)
    if not lengths and not page.errors:
        page.errors = [(f"{page.typed.lengths[0].id}-minutes", "Enter at least one length and its price.")]
    try:
        with database.transaction() as session:
            saved = _write_words(session, page.typed, offering_id)
            for row, facts in lengths:
                try:
                    version = read_whole(row.version) if row.option_id else None
                    catalog.save_option(session, saved.id, facts, row.option_id, version)
                except BadInput as refusal:
                    page.errors.append((offering_form.box_of(row, refusal.field), refusal.sentence))
            rooms = [number for each in page.typed.rooms if (number := read_whole(each)) is not None]
            roster.set_offering_rooms(session, saved.id, rooms)
            if page.errors:
                raise BadInput()
            return saved
    except BadInput as refusal:
        if refusal.field or not page.errors:
            page.errors.insert(0, (refusal.field or "name", refusal.sentence))
        page.status = 422
    except (Stale, StaleDataError):
        _as_stale(page, offering_id or 0)
    return None


def _as_stale(page: OfferingPage, offering_id: int) -> None:
    """Somebody saved meanwhile: what was typed stays, over the versions that stand now."""
    now_stands = _stands(offering_id)
    assert now_stands.stands is not None
    page.differs = offering_form.differences(page.typed, now_stands.stands)
    page.typed.version = now_stands.typed.version
    versions = {row.option_id: row.version for row in now_stands.typed.lengths}
    for row in page.typed.lengths:
        row.version = versions.get(row.option_id, "") if row.option_id else ""
    page.stands, page.offering, page.status = now_stands.stands, now_stands.offering, 409


def _write_words(session: Session, typed: Typed, offering_id: int | None) -> Offering:
    position = read_whole(typed.position.strip())
    return catalog.save_offering(
        session,
        name=typed.name,
        desk_name=typed.desk_name,
        technique=typed.technique,
        skill_id=read_whole(typed.skill) or 0,
        summary=typed.summary,
        position=-1 if position is None else position,
        is_active=typed.is_active,
        offering_id=offering_id,
        version=read_whole(typed.version) if offering_id else None,
    )


def _currency() -> str:
    site = main_site()
    return site.currency if site else "GBP"


def _show(page: OfferingPage) -> ResponseReturnValue:
    session = database.session()
    skill_id = read_whole(page.typed.skill) or 0
    template = "admin/offering.html"
    if request.headers.get("HX-Request") and "look" in request.form:
        template = "admin/offering_effect.html"
    return (
        render_template(
            template,
            p=page,
            errors=page.errors,
            skills=listing.all_skills(session),
            rooms=queries.rooms(session),
            sites={site.id: site for site in queries.sites(session)},
            techniques=load_techniques(),
            able=[
                each
                for each in queries.therapists(session)
                if each.is_active and skill_id in {skill.id for skill in each.skills}
            ],
            effects=offering_form.effects(page.typed, page.stands, page.coming),
        ),
        page.status,
    )
