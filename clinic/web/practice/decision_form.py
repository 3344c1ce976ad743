"""Reading what a therapist decides: the form of a clearance, as the service takes it."""

from __future__ import annotations

from collections.abc import Iterable

from werkzeug.datastructures import MultiDict

from clinic.intake.clearances import RELEASED, Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import ClearanceStatus
from clinic.intake.questionnaire import Region, load_questionnaire
from clinic.intake.restrictions import LIGHT, Restrictions
from clinic.intake.techniques import load_techniques
from clinic.kernel.errors import BadInput
from clinic.roster.models import Therapist
from clinic.web.numbers import read_whole
from clinic.web.reading import read_day

LONGEST = 2000
# Stands for a rule's number where a person has left a technique out.
DECISION = "decision"
LEFT_OUT = "We leave this out for now, as your therapist decided."
LENGTHS = (30, 45, 60, 75, 90)
CHOICES = (
    ClearanceStatus.ALLOWED, ClearanceStatus.LIMITED, ClearanceStatus.REFUSED, ClearanceStatus.MORE_NEEDED,
)  # fmt: skip
LEAVE, LIGHTLY = "leave", "light"


def read_ruling(form: MultiDict[str, str], therapist: Therapist, release_by: Releaser | None) -> Ruling:
    """What was decided; BadInput names the field. A doctor's word is asked for where only that releases."""
    chosen = next((each for each in CHOICES if each.value == form.get("decision")), None)
    if chosen is None:
        raise BadInput("Choose what you decide.", "decision")
    is_release = chosen in RELEASED
    if is_release and release_by is Releaser.CLINICIAN and form.get("word") != Releaser.CLINICIAN.value:
        raise BadInput(
            "A doctor, nurse or midwife has to say yes to this. Enter whose word it is.", "word-clinician"
        )
    expires_on = None
    if is_release and form.get("expires_on", "").strip():
        expires_on = read_day(form["expires_on"], "expires_on")
    return Ruling(
        status=chosen,
        reason=_text(form, "reason"),
        signed=_signed(form, therapist, is_release),
        limits=_limits(form) if chosen is ClearanceStatus.LIMITED else Restrictions(),
        expires_on=expires_on,
        question=_text(form, "question") if chosen is ClearanceStatus.MORE_NEEDED else "",
    )


def power_of(ruling: Ruling, form: MultiDict[str, str]) -> Releaser:
    """The most that may be released on this word. Saying no, or asking again, needs nobody else's."""
    if ruling.status not in RELEASED or form.get("word") == Releaser.CLINICIAN.value:
        return Releaser.CLINICIAN
    return Releaser.THERAPIST


def ticked_areas(form: MultiDict[str, str] | None, regions: Iterable[Region]) -> dict[str, tuple[str, ...]]:
    """The areas marked on the form, by mark, as the body map draws them."""
    if form is None:
        return {}
    return {
        mark: tuple(region.id for region in regions if mark in form.getlist(region.id))
        for mark in (LEAVE, LIGHTLY)
    }


def _signed(form: MultiDict[str, str], therapist: Therapist, is_release: bool) -> Signed:
    """On whose word: a clinician's as typed, else the therapist's own, whose name comes from our records."""
    if is_release and form.get("word") == Releaser.CLINICIAN.value:
        return Signed(_line(form, "who", 120), _line(form, "role", 40), _line(form, "registration", 60))
    return Signed(therapist.name, "therapist", _line(form, "own_registration", 60) or therapist.registration)


def _limits(form: MultiDict[str, str]) -> Restrictions:
    areas = ticked_areas(form, load_questionnaire().regions)
    pressure, minutes = read_whole(form.get("pressure")), read_whole(form.get("minutes"))
    out = [each for each in load_techniques().by_id if each in form.getlist("technique")]
    leave = set(areas[LEAVE])
    return Restrictions(
        excluded=dict.fromkeys(out, (DECISION,)),
        reasons=dict.fromkeys(out, LEFT_OUT),
        pressure_cap=pressure if pressure in range(1, 5) else None,
        avoid=tuple(sorted(leave)),
        area_caps=dict.fromkeys(sorted(set(areas[LIGHTLY]) - leave), LIGHT),
        max_minutes=minutes if minutes in LENGTHS else None,
    )


def _text(form: MultiDict[str, str], name: str) -> str:
    typed = form.get(name, "").strip()
    if len(typed) > LONGEST:
        raise BadInput(f"Use {LONGEST} signs or fewer.", name)
    return typed


def _line(form: MultiDict[str, str], name: str, most: int) -> str:
    typed = " ".join(form.get(name, "").split())
    if len(typed) > most:
        raise BadInput(f"Use {most} signs or fewer.", name)
    return typed
