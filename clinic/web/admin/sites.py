"""Sites: where they are, how to reach them, their time zone and policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import BooleanField, EmailField, SelectField, StringField, TelField, TextAreaField
from wtforms.fields import SelectChoice

from clinic.booking import impact, new_zone
from clinic.intake.locales import locales
from clinic.kernel.errors import BadInput, NotFound
from clinic.kernel.money import SYMBOLS
from clinic.roster import queries
from clinic.roster import services as roster
from clinic.roster.models import Site
from clinic.roster.services import GRIDS, LONGEST_KEPT, LONGEST_NOTICE, LONGEST_PROMISE, SiteFacts
from clinic.web import access, database
from clinic.web.admin.blueprint import blueprint
from clinic.web.admin.forms import OwnerForm, Standing, submit
from clinic.web.filters import shown_phone
from clinic.web.reading import BadFields, Gathered, errors_of, read_whole

# Notice is kept in minutes and typed in hours.
HOUR = 60
# The boxes, where they are not called as what is kept.
_BOXES = {"min_notice_minutes": "min_notice", "change_until_minutes": "change_until"}
_NUMBERS = (
    "grid_minutes", "horizon_days", "hold_minutes", "talk_minutes", "decide_within_hours",
    "provisional_hours",
)  # fmt: skip


class SiteForm(OwnerForm):
    """Everything an owner says of a site."""

    name = StringField("Name of the place")
    clinic_name = StringField("Name of the clinic", description="Stands on every page and mail.")
    address = TextAreaField("Address")
    directions = TextAreaField("How to find it", description="Stairs, bell, bus, parking.")
    phone = TelField("Telephone")
    email = EmailField("E-mail")
    tz = StringField("Time zone", description="Such as Europe/London. All times of this site are its own.")
    locale = SelectField(
        "Country", choices=[], validate_choice=False, description="Decides the emergency numbers."
    )
    currency = SelectField(
        "Currency", choices=[SelectChoice(each) for each in SYMBOLS], validate_choice=False
    )
    grid_minutes = SelectField(
        "Times start every",
        choices=[SelectChoice(str(n), f"{n} minutes") for n in GRIDS],
        validate_choice=False,
    )
    min_notice = StringField(
        "Least notice, hours", description="How long before a time it can be booked online."
    )
    change_until = StringField(
        "Change until, hours before", description="Until then clients move or cancel online."
    )
    horizon_days = StringField("Book ahead, days")
    hold_minutes = StringField("Keep a time while booking, minutes")
    talk_minutes = StringField("First talk, minutes", description="Added to a first visit, not charged.")
    prefers_adjacent = BooleanField(
        "Avoid gaps in the day",
        description="Of equal times, the one beside another session comes first. Nothing is hidden.",
    )
    decide_within_hours = StringField(
        "Answer clearances within, hours",
        description="The promise to clients who wait for a yes. The queue flags what takes longer.",
    )
    provisional_hours = StringField(
        "Keep a provisional time, hours",
        description="Until it is decided; half a day before it starts at the latest.",
    )
    is_active = BooleanField("Open for booking", description="Without the tick nothing can be booked here.")

    def prepare(self) -> SiteForm:
        """Fills in the countries."""
        self.locale.choices = [SelectChoice(each.id, each.name) for each in locales().values()]
        return self

    def fill(self, site: Site) -> SiteForm:
        """Shows a site as it stands."""
        self.version.data = str(site.version)
        for name in ("name", "clinic_name", "address", "directions", "email", "tz", "locale", "currency"):
            self[name].data = getattr(site, name)
        for name in _NUMBERS:
            self[name].data = str(getattr(site, name))
        self.phone.data = shown_phone(site.phone)
        self.min_notice.data = _hours(site.min_notice_minutes)
        self.change_until.data = _hours(site.change_until_minutes)
        self.prefers_adjacent.data = site.prefers_adjacent
        self.is_active.data = site.is_active
        return self

    def take(self, refusal: BadInput) -> None:
        """Puts each sentence of a refusal at its box."""
        super().take(BadFields(errors_of(refusal, _BOXES)))

    def facts(self) -> SiteFacts:
        """What was typed, as the service takes it; BadFields names every box without its number."""
        gathered = Gathered()

        def number(low: int, high: int, box: str) -> int:
            return gathered.read(read_whole, self[box].data or "", low, high, box) or 0

        def minutes(box: str) -> int:
            return gathered.read(_minutes, self[box].data or "", box) or 0

        facts = self._facts(number, minutes)
        gathered.refuse()
        return facts

    def _facts(self, number: Callable[[int, int, str], int], minutes: Callable[[str], int]) -> SiteFacts:
        return SiteFacts(
            name=self.name.data or "",
            clinic_name=self.clinic_name.data or "",
            address=self.address.data or "",
            directions=self.directions.data or "",
            phone=self.phone.data or "",
            email=self.email.data or "",
            tz=(self.tz.data or "").strip(),
            locale=self.locale.data or "",
            currency=self.currency.data or "",
            grid_minutes=number(1, 60, "grid_minutes"),
            min_notice_minutes=minutes("min_notice"),
            change_until_minutes=minutes("change_until"),
            horizon_days=number(1, 730, "horizon_days"),
            hold_minutes=number(1, 60, "hold_minutes"),
            talk_minutes=number(0, 60, "talk_minutes"),
            prefers_adjacent=self.prefers_adjacent.data,
            decide_within_hours=number(1, LONGEST_PROMISE, "decide_within_hours"),
            provisional_hours=number(1, LONGEST_KEPT, "provisional_hours"),
            is_active=self.is_active.data,
        )


def _hours(minutes: int) -> str:
    """'2' or '1.5'."""
    return f"{minutes / HOUR:g}"


def _minutes(text: str, field: str) -> int:
    """Minutes of hours typed as '2' or '1.5'."""
    most = LONGEST_NOTICE // HOUR
    whole, _point, part = text.strip().replace(",", ".").partition(".")
    if whole.isascii() and whole.isdigit() and len(whole) <= 4 and part in ("", "0", "5", "25", "75", "50"):
        minutes = int(whole) * HOUR + round(float(f"0.{part or 0}") * HOUR)
        if minutes <= LONGEST_NOTICE:
            return minutes
    raise BadInput(f"Enter hours from 0 to {most}, like 2 or 1.5.", field)


@blueprint.get("/sites")
@access.allow(access.OWNER)
def sites() -> ResponseReturnValue:
    """All of them."""
    session = database.session()
    return render_template("admin/sites.html", sites=queries.sites(session), rooms=queries.rooms(session))


@blueprint.route("/sites/new", methods=["GET", "POST"])
@access.allow(access.OWNER)
def new_site() -> ResponseReturnValue:
    """Adds a site, with the usual policies filled in."""
    form = SiteForm().prepare()
    if request.method == "GET":
        _fill_in_usual(form)
        return _page(form, None)
    status = submit(form, lambda writing: roster.save_site(writing, form.facts()))
    if status:
        return _page(form, None, status)
    flash("The site is added. Now a room and hours.")
    return redirect(url_for("admin.sites"), code=303)


@blueprint.route("/sites/<int:site_id>", methods=["GET", "POST"])
@access.allow(access.OWNER)
def site(site_id: int) -> ResponseReturnValue:
    """Changes a site; a new zone is refused where it would move what people were told."""
    session = database.session()
    stands = _site(session, site_id)
    form = SiteForm().prepare()
    if request.method == "GET":
        return _page(form.fill(stands), stands)
    now = database.now()

    def save(writing: Session) -> None:
        facts = form.facts()
        new_zone.refuse(writing, now, site_id, facts.tz)
        roster.save_site(writing, facts, site_id, form.seen_version)

    status = submit(form, save)
    if status is None:
        flash("Saved.")
        return redirect(url_for("admin.site", site_id=site_id), code=303)
    stands = _site(session, site_id)
    differs = form.against(SiteForm(formdata=None).prepare().fill(stands)) if status == 409 else []
    return _page(form, stands, status, differs)


def _fill_in_usual(form: SiteForm) -> None:
    usual = SiteFacts(name="", clinic_name="", address="", phone="", email="", tz="")
    for name in _NUMBERS:
        form[name].data = str(getattr(usual, name))
    form.min_notice.data = _hours(usual.min_notice_minutes)
    form.change_until.data = _hours(usual.change_until_minutes)
    form.locale.data, form.currency.data, form.is_active.data = usual.locale, usual.currency, True
    form.prefers_adjacent.data = usual.prefers_adjacent
    first = next(iter(queries.sites(database.session())), None)
    if first is not None:
        form.clinic_name.data, form.email.data, form.tz.data = first.clinic_name, first.email, first.tz
        form.locale.data, form.currency.data = first.locale, first.currency


def _page(
    form: SiteForm,
    stands: Site | None,
    status: int = 200,
    differs: list[Standing] | None = None,
) -> ResponseReturnValue:
    session = database.session()
    values: dict[str, Any] = {
        "form": form,
        "site": stands,
        "coming": impact.coming(session, database.now(), site_id=stands.id) if stands else [],
        "differs": differs,
        "status": status,
        "zones": sorted(
            name for name in available_timezones() if "/" in name and not name.startswith("Etc/")
        ),
    }
    return render_template("admin/site.html", **values), status


def _site(session: Session, site_id: int) -> Site:
    found = session.get(Site, site_id)
    if found is None:
        raise NotFound()
    return found
