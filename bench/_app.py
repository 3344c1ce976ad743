"""The real app for the web server of the measurements, with two plain endpoints beside it to compare with.

Only here and never in the product. `/bench/select` reads one row by its key, `/bench/insert` writes one row
in a transaction of its own; both go through everything that a page of the clinic goes through.
"""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Flask

import config
from clinic.app import create_app, csrf
from clinic.roster.models import Site
from clinic.web import access, database

NOTE = sa.Table(
    "bench_note",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("text", sa.String(40)),
)
plain = Blueprint("bench", __name__, url_prefix="/bench")


@plain.get("/select/<int:number>")
@access.public
def select(number: int) -> str:
    return database.session().scalar(sa.select(Site.name).where(Site.id == number)) or ""


@plain.post("/insert")
@access.public
@csrf.exempt
def insert() -> str:
    with database.transaction() as session:
        session.execute(sa.insert(NOTE).values(text="one row"))
    return "written"


def make_app(settings: config.Settings | None = None) -> Flask:
    """The app on `settings`, or on those of the environment."""
    app = create_app(settings)
    app.register_blueprint(plain)
    return app
