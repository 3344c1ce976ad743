"""Skills: what therapists are trained in, and session types ask for."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.catalog import listing
from clinic.catalog import services as catalog
from clinic.kernel.errors import BadInput
from clinic.roster import queries
from clinic.web import access, database
from clinic.web.admin.blueprint import blueprint


@blueprint.get("/skills")
@access.allow(access.OWNER)
def skills() -> ResponseReturnValue:
    """All of them, each in a form of its own."""
    return _page()


@blueprint.post("/skills")
@access.allow(access.OWNER)
def new_skill() -> ResponseReturnValue:
    """Adds one."""
    return _save(None)


@blueprint.post("/skills/<int:skill_id>")
@access.allow(access.OWNER)
def skill(skill_id: int) -> ResponseReturnValue:
    """Renames one, or switches it off."""
    return _save(skill_id)


def _save(skill_id: int | None) -> ResponseReturnValue:
    name = request.form.get("name", "")
    is_active = skill_id is None or "is_active" in request.form
    try:
        with database.transaction() as session:
            saved = catalog.save_skill(session, name, skill_id, is_active)
    except BadInput as refusal:
        box = f"name-{skill_id}" if skill_id else "name"
        return _page([(box, refusal.sentence)], (skill_id, name), 422)
    flash(f"{saved.name} is saved.")
    return redirect(url_for("admin.skills"), code=303)


def _page(
    errors: list[tuple[str, str]] | None = None,
    typed: tuple[int | None, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    session = database.session()
    return (
        render_template(
            "admin/skills.html",
            skills=listing.all_skills(session),
            offerings=listing.all_offerings(session),
            therapists=queries.therapists(session),
            errors=errors,
            typed=typed or (0, ""),
        ),
        status,
    )
