"""The letter for the client's doctor, to print, and the reply that is sent in."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from clinic.intake import documents
from clinic.intake.documents import FIELD, MOST_BYTES, TOO_LARGE
from clinic.intake.openings import born_on
from clinic.kernel.errors import BadInput, Refusal
from clinic.roster.models import Site
from clinic.web import access, database, errors, filters, remembered
from clinic.web.account.blueprint import blueprint
from clinic.web.account.clearance import back_to, page
from clinic.web.account.clearance_shown import Stand, behind_token, kept_time, shown, stand_of
from clinic.web.letters import letter_of
from clinic.web.limits import limiter

# What the form around the file may weigh.
AROUND = 64 * 1024
REPLY = "account.send_reply"
NOTHING_CHOSEN = "Choose a file first."


@blueprint.get("/request/<token>/letter")
@access.public
def doctor_letter(token: str) -> ResponseReturnValue:
    """The letter, for this browser alone; for others the page that asks for the date of birth."""
    session, now = database.session(), database.now()
    found = behind_token(session, token, now)
    view = shown(session, found, token, now)
    if not view.is_open or not view.has_letter:
        return back_to(token)
    intake, site = found.intake, session.get_one(Site, found.site_id)
    kept = kept_time(session, found, now)
    born = born_on(intake)
    return render_template(
        "account/letter.html",
        letter=letter_of(intake),
        asked=view,
        name=found.name,
        born=f"{born.day} {born:%B %Y}" if born else "",
        site=site,
        on=filters.long_day_year(filters.local_date(now, site.tz)).partition(" ")[2],
        session_words=f"{kept.option.offering.name}, {kept.option.minutes} minutes" if kept else "",
    )


@blueprint.url_value_preprocessor
def let_a_file_in(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Before anything reads the form: this page alone takes more than a form, and no more than one file."""
    if endpoint == REPLY:
        request.max_content_length = MOST_BYTES + AROUND


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Refused by its length, before it was read: nothing of it is kept anywhere."""
    if request.endpoint != REPLY:
        return errors.page(413, *errors.SENTENCES[413])
    token = str((request.view_args or {}).get("token", ""))
    found = behind_token(database.session(), token, database.now())
    if not remembered.is_trusted(found.id, database.now()):
        return back_to(token)
    return page(found, token, errors=[(FIELD, TOO_LARGE)], status=413)


@blueprint.post("/request/<token>/reply")
@access.public
@limiter.limit("10 per minute; 40 per day")
def send_reply(token: str) -> ResponseReturnValue:
    """Keeps what the doctor wrote, encrypted. Nobody but the clinic's own people can open it again."""
    session, now = database.session(), database.now()
    found = behind_token(session, token, now)
    if not remembered.is_trusted(found.id, now) or stand_of(found, now) not in (Stand.WAITS, Stand.MORE):
        return back_to(token)
    sent = request.files.get(FIELD)
    try:
        if sent is None or not sent.filename:
            raise BadInput(NOTHING_CHOSEN, FIELD)
        data = sent.stream.read(MOST_BYTES + 1)
        hours = session.get_one(Site, found.site_id).decide_within_hours
        with database.transaction():
            documents.add(session, now, found, data, sent.filename, "client", within_hours=hours)
    except BadInput as refused:
        found = behind_token(session, token, now)
        return page(found, token, errors=[(FIELD, refused.sentence)], status=refused.status)
    except Refusal as refused:
        found = behind_token(session, token, now)
        return page(found, token, sentence=refused.sentence, status=refused.status)
    flash("We have your file. Only our own people can open it.", "done")
    return redirect(url_for("account.clearance", token=token), code=303)
