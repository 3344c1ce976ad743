"""Clearances of the demo clinic: a queue that is believable, asked and decided as by the services.

Some wait, one longer than promised, one with a reply; two were asked for more; several were decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from clinic.booking.models import Appointment, AppointmentEvent
from clinic.booking.provisional_times import kept_until
from clinic.booking.statuses import Status
from clinic.demo.house import House
from clinic.demo.papers import Paper, write_papers
from clinic.demo.people import Crowd, Person
from clinic.intake import clearances
from clinic.intake.clearances import Contact, Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import Clearance, ClearanceDocument, ClearanceStatus, DocumentKind, Intake
from clinic.intake.restrictions import Restrictions
from clinic.roster import diary
from clinic.roster.models import Therapist

OPEN, MORE, ALLOWED, LIMITED, REFUSED = (
    ClearanceStatus.OPEN, ClearanceStatus.MORE_NEEDED, ClearanceStatus.ALLOWED, ClearanceStatus.LIMITED,
    ClearanceStatus.REFUSED,
)  # fmt: skip
_GP = Signed("Dr Ruth Hallam", "GP", "GMC 7012345")
_SURGEON = Signed("Mr Adeel Rahman", "surgeon", "GMC 6123987")


@dataclass(frozen=True, slots=True)
class Told:
    """One request: the kind of person (by number in HELD), how many hours ago they asked, how it stands.

    A clinician's word is needed unless `signed` is left out; then the therapist's own is given.
    """

    kind: int
    hours: int
    status: ClearanceStatus = OPEN
    after_hours: int = 0
    reason: str = ""
    question: str = ""
    signed: Signed | None = None
    limits: Restrictions = field(default_factory=Restrictions)
    best_time: str = "any"
    has_reply: bool = False


# Those without a time of their own; the ones who keep a provisional time are asked for below.
TOLD = (
    Told(3, 53, has_reply=True),
    Told(5, 20, best_time="evening"),
    Told(7, 5, best_time="morning"),
    Told(8, 9, best_time="afternoon"),
    Told(6, 70, MORE, 22, "No letter yet. Asked for one.", "Please send a line from your specialist nurse."),
    Told(2, 96, MORE, 30, "Letter names no area.", "Which areas may we work on? Ask your team."),
    Told(0, 150, ALLOWED, 21, "Seen 9 days ago, 138 over 84, on tablets since. No objection.", signed=_GP),
    Told(
        3, 200, LIMITED, 26, "Six weeks since the operation, wound healed. Leave the leg, light elsewhere.",
        signed=_SURGEON,
        limits=Restrictions(
            pressure_cap=2, avoid=("F12_knee_shin_foot_r",), area_caps={"B13_calf_foot_l": 2}, max_minutes=60
        ),
    ),
    Told(
        1, 60, LIMITED, 4, "Rang: strained it lifting, easing since yesterday. Medium at most.",
        limits=Restrictions(pressure_cap=3),
    ),
    Told(4, 170, REFUSED, 19, "Rang: bleeding on and off this week. Midwife first."),
    Told(7, 260, ALLOWED, 30, "Rang: settled, no pain on coughing for ten days.", signed=None),
)  # fmt: skip


def add_clearances(
    session: Session,
    now: datetime,
    house: House,
    crowd: Crowd,
    waiting: Sequence[Person],
) -> int:
    """Adds the requests, also for those who keep a provisional time; says how many wait for somebody."""
    sites = list(house.sites.values())
    people = [crowd.held(each.kind) for each in TOLD]
    papers = [
        Paper(None, now - timedelta(hours=each.hours, minutes=12), "web", person.answers, person.left_out)
        for each, person in zip(TOLD, people, strict=True)
    ]
    therapists = _deciding(house)
    for number, (told, person, intake) in enumerate(
        zip(TOLD, people, write_papers(session, papers), strict=True)
    ):
        at = now - timedelta(hours=told.hours)
        asked = _ask(session, at, intake, person, sites[number % len(sites)].id, told.best_time)
        if told.has_reply:
            _reply(session, asked, now - timedelta(hours=8))
        if told.status is not OPEN:
            _decide(session, at + timedelta(hours=told.after_hours), asked, told, next(therapists))
    kept = _keep_times(session, now, waiting, next(therapists))
    session.flush()
    return sum(told.status is OPEN for told in TOLD) + kept


def _ask(
    session: Session, at: datetime, intake: Intake, person: Person, site_id: int, best_time: str
) -> Clearance:
    contact = Contact(person.name, person.email, person.phone, best_time)
    return clearances.ask(session, at, intake, contact, site_id=site_id, within_hours=48)


def _decide(session: Session, at: datetime, asked: Clearance, told: Told, therapist: Therapist) -> None:
    own = Signed(therapist.name, "therapist", therapist.registration)
    clearances.decide(
        session,
        at,
        asked.id,
        Ruling(told.status, told.reason, told.signed or own, told.limits, question=told.question),
        actor=f"user:{therapist.user_id}",
        power=Releaser.CLINICIAN,
        today=at.date(),
    )


def _deciding(house: House) -> Iterator[Therapist]:
    """The therapists in turn."""
    everybody = list(house.therapists.values())
    number = 0
    while True:
        yield everybody[number % len(everybody)]
        number += 1


def _keep_times(session: Session, now: datetime, waiting: Sequence[Person], therapist: Therapist) -> int:
    """Those who keep a provisional time have asked too. The last was asked for more, of the rest all wait.

    One of them has been decided: the time is booked, with limits. Says how many wait for the clinic.
    """
    names = {person.name: person for person in waiting}
    rows = session.query(Appointment).filter(Appointment.status == Status.PROVISIONAL)
    made = sorted(
        (each for each in rows if each.client.name in names),
        key=lambda each: (each.starts_at, each.reference),
    )
    for number, appointment in enumerate(made):
        intake = appointment.intake
        assert intake is not None
        person = names[appointment.client.name]
        at = max(appointment.created_at, now - timedelta(hours=40))  # within what was promised
        asked = _ask(session, at, intake, person, appointment.site_id, "any")
        appointment.lapses_at = kept_until(120, appointment.starts_at, at)
        assert appointment.entry_id is not None
        diary.keep_until(session, appointment.entry_id, appointment.lapses_at)
        if number == 1:
            _book(session, now, appointment, asked, therapist)
        elif number == len(made) - 1:
            told = Told(0, 0, MORE, 0, "Rang, no answer.", "When were you last seen about this, and by whom?")
            _decide(session, at + (now - at) / 2, asked, told, therapist)
    return len(made) - 2


def _book(
    session: Session, now: datetime, appointment: Appointment, asked: Clearance, therapist: Therapist
) -> None:
    at = asked.opened_at + (now - asked.opened_at) / 2
    limits = Restrictions(area_caps={"B07_low_back": 2}, max_minutes=60)
    told = Told(
        0, 0, LIMITED, 0, "Rang their nurse: no objection, light on the low back.", signed=_GP, limits=limits
    )
    _decide(session, at, asked, told, therapist)
    assert appointment.entry_id is not None
    diary.keep_until(session, appointment.entry_id, None)
    appointment.status, appointment.lapses_at = Status.BOOKED, None
    appointment.sequence += 1
    session.add(
        AppointmentEvent(
            appointment_id=appointment.id,
            at=at,
            actor=f"user:{therapist.user_id}",
            kind="confirmed",
            detail="",
        )
    )


def _reply(session: Session, asked: Clearance, at: datetime) -> None:
    content = a_letter("I have no objection to gentle massage of back and shoulders.")
    session.add(
        ClearanceDocument(
            clearance_id=asked.id, kind=DocumentKind.PDF, name="Reply from the surgery.pdf", content=content,
            size=len(content), actor="client", added_at=at,
        )
    )  # fmt: skip


def a_letter(sentence: str) -> bytes:
    """The smallest PDF with one line on one page."""
    drawn = f"BT /F1 12 Tf 72 760 Td ({sentence}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    made, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(made))
    return made + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end
