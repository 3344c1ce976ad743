"""What clerks ask of the services: each kind of operation, what it wants and how it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import companions, decisions, parties, series, services, taking_back
from clinic.booking.models import Appointment, AppointmentEvent, Hold, SeriesPart
from clinic.booking.series import Chosen, Reach
from clinic.booking.series_dates import Every
from clinic.booking.slots import Wish
from clinic.booking.statuses import Status
from clinic.intake.clearances import Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import Clearance, ClearanceStatus
from clinic.people.models import Client
from clinic.roster import services as roster
from clinic.roster.models import TimeOff
from tests import makers
from tests.race.clerks import (
    Args,
    Clerk,
    Kind,
    instant,
    minute,
    told,
    told_each,
    told_with_room,
    want_nothing,
)
from tests.race.work_of_two import HELD_ANSWERS, WORK_OF_TWO, a_held_intake, an_intake
from tests.race.work_together import WORK_TOGETHER

THERAPIST = Signed("Amara Osei", "therapist", "FHT 1200")
YES, NO = ClearanceStatus.ALLOWED, ClearanceStatus.REFUSED

# --- What is wanted


def want_hold(clerk: Clerk) -> Args:
    therapist = clerk.chance.choice([None, *clerk.orders.therapists])
    client = clerk.chance.choice(clerk.orders.clients) if clerk.chance.random() < 0.3 else None
    option = clerk.chance.choice(clerk.orders.options)
    return {"starts": clerk.a_start(), "therapist": therapist, "client": client, "option": option}


def want_held(clerk: Clerk) -> Args:
    """A time for somebody whose answers wait for a decision."""
    return {**want_hold(clerk), "option": clerk.orders.options[0], "held": True}


def want_decide(clerk: Clerk) -> Args | None:
    recent = sa.select(Clearance.id, Clearance.intake_id).order_by(Clearance.id.desc()).limit(12)
    row = clerk.one_of(recent)
    says = clerk.chance.choices((YES, NO), (3, 1))[0].value
    return row and {"clearance": row.id, "intake": row.intake_id, "says": says}


def want_renew(clerk: Clerk) -> Args:
    return {"client": clerk.chance.choice(clerk.orders.clients), "held": clerk.chance.random() < 0.5}


def want_book(clerk: Clerk) -> Args:
    return {**want_hold(clerk), "client": clerk.chance.choice(clerk.orders.clients)}


def want_confirm(clerk: Clerk) -> Args | None:
    alone = sa.select(Hold.id, Hold.client_id).where(Hold.visitor_digest.is_(None))
    row = clerk.one_of(alone.order_by(Hold.id.desc()).limit(6))
    return row and {"hold": row.id, "client": row.client_id or clerk.chance.choice(clerk.orders.clients)}


def want_release(clerk: Clerk) -> Args | None:
    alone = sa.select(Hold.id).where(Hold.visitor_digest.is_(None))
    row = clerk.one_of(alone.order_by(Hold.id.desc()).limit(25))
    return row and {"hold": row.id}


def want_move(clerk: Clerk) -> Args | None:
    row = clerk.an_appointment(Status.BOOKED, Status.PROVISIONAL)
    therapist = clerk.chance.choice([None, *clerk.orders.therapists])
    return row and {
        "appointment": row.id, "version": clerk.a_version(row), "starts": clerk.a_start(),
        "therapist": therapist,
    }  # fmt: skip


def want_cancel(clerk: Clerk) -> Args | None:
    row = clerk.an_appointment(Status.BOOKED, Status.PROVISIONAL, Status.CHECKED_IN)
    return row and {"appointment": row.id, "version": clerk.a_version(row)}


def want_reactivate(clerk: Clerk) -> Args | None:
    row = clerk.an_appointment(Status.CANCELLED, Status.NO_SHOW)
    return row and {"appointment": row.id, "version": clerk.a_version(row)}


def want_series(clerk: Clerk) -> Args | None:
    columns = (Appointment.id, Appointment.client_id, Appointment.option_id, Appointment.starts_at)
    booked = sa.select(*columns).where(Appointment.status == Status.BOOKED)
    row = clerk.one_of(booked.order_by(Appointment.id.desc()).limit(20))
    if row is None:
        return None
    of_day = minute(row.starts_at) % 1440
    days = clerk.chance.sample(range(clerk.orders.days), 2)
    dates = [
        [clerk.orders.first + 1440 * day + of_day, clerk.chance.choice(clerk.orders.therapists)]
        for day in days
    ]
    return {"after": row.id, "client": row.client_id, "option": row.option_id, "dates": dates}


def of_a_series(clerk: Clerk) -> Args | None:
    """One of a series, and how far a change of it reaches."""
    columns = (Appointment.id, Appointment.version, Appointment.starts_at, SeriesPart.series_id)
    parts = sa.select(*columns).join(SeriesPart, SeriesPart.appointment_id == Appointment.id)
    if clerk.chance.random() < 0.9:
        parts = parts.where(Appointment.status == Status.BOOKED)
    row = clerk.one_of(parts.order_by(Appointment.id.desc()).limit(30))
    return row and {
        "appointment": row.id, "version": clerk.a_version(row), "series": row.series_id,
        "reach": clerk.chance.choice(list(Reach)).value, "starts": minute(row.starts_at),
    }  # fmt: skip


def want_move_series(clerk: Clerk) -> Args | None:
    wanted = of_a_series(clerk)
    by = clerk.chance.choice((-1440, -60, -30, -15, 15, 30, 60, 120, 1440, 1455))
    return wanted and {**wanted, "starts": wanted["starts"] + by, "by": by}


def want_cancel_series(clerk: Clerk) -> Args | None:
    return of_a_series(clerk)


def want_status(clerk: Clerk) -> Args | None:
    row = clerk.an_appointment(Status.BOOKED, Status.CHECKED_IN, Status.FULFILLED, Status.NO_SHOW)
    wanted = clerk.chance.choice((Status.CHECKED_IN, Status.FULFILLED, Status.NO_SHOW, Status.BOOKED))
    return row and {"appointment": row.id, "version": clerk.a_version(row), "status": wanted.value}


def want_time_off(clerk: Clerk) -> Args:
    starts = clerk.a_start() // 5 * 5
    therapist = clerk.chance.choice(clerk.orders.therapists)
    return {"therapist": therapist, "starts": starts, "ends": starts + 5 * clerk.chance.randint(6, 30)}


def want_end_of_time_off(clerk: Clerk) -> Args | None:
    row = clerk.one_of(sa.select(TimeOff.id).order_by(TimeOff.id.desc()).limit(10))
    return row and {"absence": row.id}


# --- How it is asked


def wish(clerk: Clerk, args: Args, *, is_desk: bool = False) -> Wish:
    return Wish(
        clerk.orders.site, args["option"], therapist_id=args["therapist"], client_id=args["client"],
        is_desk=is_desk,
    )  # fmt: skip


def do_hold(clerk: Clerk, session: Session, now: datetime, _me: str, args: Args) -> Args:
    made = services.hold(session, now, wish(clerk, args), instant(args["starts"]), an_intake(clerk, session))
    return {"hold": made.id, "therapist": made.therapist_id, "room": made.room_id}


def do_held(clerk: Clerk, session: Session, now: datetime, _me: str, args: Args) -> Args:
    intake = a_held_intake(clerk, session, now)
    at = instant(args["starts"])
    made = services.hold(session, now, wish(clerk, args), at, intake, provisionally=True)
    return {"hold": made.id, "therapist": made.therapist_id, "room": made.room_id}


def do_decide(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    ruling = Ruling(status=ClearanceStatus(args["says"]), reason="Spoke to the practice.", signed=THERAPIST)
    decisions.decide(session, now, args["clearance"], ruling, actor=me, power=Releaser.CLINICIAN)
    session.flush()
    return told_each(resting_on(session, args["intake"]))


def do_renew(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    """Somebody is back with other answers: as booking/returning.py does it.

    The clerk signs each appointment that rests on them and has no line of its own: so its order is known.
    """
    client = session.get_one(Client, args["client"])
    intake = makers.intake(session, now, HELD_ANSWERS if args["held"] else None)
    intake.client_id = client.id
    session.flush()
    decisions.renew(session, now, client, intake)
    rests = resting_on(session, intake.id)
    if rests:
        decisions.ask_for(session, now, rests[0], intake)
    signed = set(
        session.scalars(sa.select(AppointmentEvent.appointment_id).where(AppointmentEvent.at == now))
    )
    for each in rests:
        if each.id not in signed:
            services.note(session, now, each, me, "renewed")
    session.flush()
    return {"intake": intake.id, **told_each(rests)}


def resting_on(session: Session, intake_id: int) -> Sequence[Appointment]:
    rests = sa.select(Appointment).where(Appointment.intake_id == intake_id).order_by(Appointment.id)
    return session.scalars(rests).all()


def do_book(clerk: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    client, intake = session.get_one(Client, args["client"]), an_intake(clerk, session)
    wanted = wish(clerk, args, is_desk=True)
    made = services.book(session, now, wanted, instant(args["starts"]), client, intake, actor=me)
    session.flush()
    return told(made)


def do_confirm(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    client = session.get_one(Client, args["client"])
    made = services.confirm(session, now, args["hold"], client, actor=me)
    session.flush()
    return told(made) | ({} if made.created_at == now else {"version": None, "status": None})


def do_release(_c: Clerk, session: Session, _now: datetime, _me: str, args: Args) -> Args:
    services.release(session, args["hold"])
    return {}


def do_move(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    made = companions.move(
        session, now, args["appointment"], instant(args["starts"]), actor=me,
        therapist_id=args["therapist"], version=args["version"],
    )  # fmt: skip
    session.flush()
    return told_with_room(session, made)


def do_cancel(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    made = companions.cancel(session, now, args["appointment"], actor=me, version=args["version"])
    session.flush()
    return told(made)


def do_reactivate(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    made = taking_back.reactivate(session, now, args["appointment"], actor=me, version=args["version"])
    session.flush()
    return told_with_room(session, made)


def do_status(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    made = services.set_status(
        session, now, args["appointment"], Status(args["status"]), actor=me, version=args["version"]
    )
    session.flush()
    return told(made)


def do_series(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    chosen = [Chosen(instant(starts), therapist) for starts, therapist in args["dates"]]
    series.book(session, now, args["after"], chosen, Every.WEEK, actor=me, is_desk=True)
    session.flush()
    new = sa.select(Appointment.id).join(AppointmentEvent, AppointmentEvent.appointment_id == Appointment.id)
    return {"made": session.scalars(new.where(AppointmentEvent.actor == me)).all()}


def do_move_series(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    at, reach = instant(args["starts"]), Reach(args["reach"])
    made = series.move(session, now, args["appointment"], at, reach, actor=me, version=args["version"])
    session.flush()
    return told_each(made)


def do_cancel_series(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    reach = Reach(args["reach"])
    made = series.cancel(session, now, args["appointment"], reach, actor=me, version=args["version"])
    session.flush()
    return told_each(made)


def do_lapse(_c: Clerk, session: Session, now: datetime, _me: str, _args: Args) -> Args:
    return {
        "lapsed": services.lapse_holds(session, now),
        "given_back": decisions.lapse_provisional(session, now),
        "rooms": parties.tidy(session),
    }


def do_time_off(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    made = roster.add_time_off(
        session, now, args["therapist"], instant(args["starts"]), instant(args["ends"]), reason=me
    )
    return {"absence": made.id}


def do_end_time_off(_c: Clerk, session: Session, now: datetime, _me: str, args: Args) -> Args:
    roster.cancel_time_off(session, now, args["absence"])
    return {}


LAPSE = Kind("lapse", want_nothing, do_lapse)

# What is done, and how often. A new kind of operation gets its line here, its rule in tests/race/model.py.
WORK: dict[Kind, float] = {
    **WORK_OF_TWO,
    **WORK_TOGETHER,
    Kind("hold", want_hold, do_hold): 20,
    Kind("hold", want_held, do_held): 9,
    Kind("confirm", want_confirm, do_confirm): 18,
    Kind("release", want_release, do_release): 4,
    Kind("book", want_book, do_book): 8,
    Kind("decide", want_decide, do_decide): 8,
    Kind("renew", want_renew, do_renew): 3,
    Kind("move", want_move, do_move): 9,
    Kind("cancel", want_cancel, do_cancel): 12,
    Kind("reactivate", want_reactivate, do_reactivate): 6,
    Kind("status", want_status, do_status): 4,
    Kind("series", want_series, do_series): 3,
    Kind("move_series", want_move_series, do_move_series): 4,
    Kind("cancel_series", want_cancel_series, do_cancel_series): 3,
    Kind("time_off", want_time_off, do_time_off): 4,
    Kind("end_time_off", want_end_of_time_off, do_end_time_off): 5,
    LAPSE: 3,
}
