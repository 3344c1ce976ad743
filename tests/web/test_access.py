"""Every route says who may use it, and keeps to it."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import IntegerConverter

from clinic.people.models import RoleName
from tests import makers
from tests.conftest import NOW

pytestmark = pytest.mark.database
OUTSIDE = {"static"}  # Flask's own: files of ours, for everybody


def routes(app: Flask) -> list[tuple[str, str]]:
    """Endpoint and address of every route, with plain values for its parts."""
    found = []
    for rule in app.url_map.iter_rules():
        values = {name: _example(rule, name) for name in rule.arguments}
        with app.test_request_context():
            found.append((rule.endpoint, app.url_map.bind("").build(rule.endpoint, values)))
    return found


def _example(rule: object, name: str) -> object:
    converter = rule._converters[name]  # type: ignore[attr-defined]
    return 1 if isinstance(converter, IntegerConverter) else "x"


def test_every_route_declares_who_may_use_it(app: Flask) -> None:
    silent = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if endpoint not in OUTSIDE and not hasattr(view, "allowed")
    ]
    assert silent == []


def test_without_signing_in_only_public_routes_answer(app: Flask) -> None:
    client = app.test_client()
    for endpoint, address in routes(app):
        allowed = getattr(app.view_functions[endpoint], "allowed", frozenset())
        if not allowed:
            continue
        methods = {m for r in app.url_map.iter_rules(endpoint) for m in r.methods or ()} & {"GET", "POST"}
        for method in methods:
            answer = client.open(address, method=method)
            assert answer.status_code in {302, 405}, (endpoint, method, answer.status_code)
            if answer.status_code == 302:
                assert "/staff/sign-in" in answer.headers["Location"], endpoint


@pytest.mark.parametrize("role", list(RoleName))
def test_a_role_meets_403_where_it_may_not_go(app: Flask, db: Session, role: RoleName) -> None:
    makers.clinic(db)
    makers.user(db, NOW, role)
    db.commit()
    client = app.test_client()
    client.post("/staff/sign-in", data={"email": "desk@clinic.example", "password": makers.PASSWORD})
    refused = 0
    for endpoint, address in routes(app):
        allowed = getattr(app.view_functions[endpoint], "allowed", frozenset())
        if not allowed or role in allowed:
            continue
        methods = {m for r in app.url_map.iter_rules(endpoint) for m in r.methods or ()} & {"GET", "POST"}
        for method in methods:
            answer = client.open(address, method=method)
            assert answer.status_code in {403, 405}, (endpoint, method, answer.status_code)
            refused += answer.status_code == 403
    assert refused
