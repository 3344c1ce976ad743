"""What every test may ask for: a migrated database (SQLite or PostgreSQL), a session, an app, a clinic.

A `session` lives in one outer transaction that is rolled back; services may use savepoints in it.
`engine` gives a database of the test's own for what really commits (races, the app). The app is built once
for a process and meets an empty database, a clock and settings with each test; `own_app` is for tests that
change the app itself.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session
from sqlalchemy.util import LRUCache

from clinic import schema
from clinic.db import key_ring, make_engine
from clinic.people import passwords
from clinic.web import database
from clinic.web.limits import limiter
from config import ROOT, Settings
from tests.kept import Kept

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday, winter time
FIELD_KEY = bytes(range(32))
# What SQLAlchemy has made of our statements: worked out once for all databases of a process and dialect.
_WORDING: dict[str, tuple[sa.Dialect, MutableMapping[Any, Any]]] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--db", default="sqlite", choices=["sqlite", "postgres"], help="database to test on")


@pytest.fixture(scope="session", autouse=True)
def _keys() -> None:
    key_ring.load([("test", FIELD_KEY)])


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """The same argon2id at the least cost: what is tested is who gets in, not how slowly."""
    dear = passwords._hasher
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._NOBODY = passwords._hasher.hash("nobody signs in with this")
    yield
    passwords._hasher = dear


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the templates are kept compiled, for every app of this process."""
    return tmp_path_factory.mktemp("templates")


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--db"))


@pytest.fixture(scope="session")
def server_url(backend: str, request: pytest.FixtureRequest) -> str | None:
    """The maintenance URL of the PostgreSQL server, or None on SQLite."""
    if backend == "sqlite":
        return None
    from tests import postgres

    return postgres.shared_url(request.config)


@pytest.fixture(scope="session")
def template_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "clinic.db"
    engine = make_engine(f"sqlite:///{path}")
    schema.migrate(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


def _fresh_sqlite(template: Path, folder: Path) -> str:
    target = folder / f"{uuid.uuid4().hex}.db"
    target.write_bytes(template.read_bytes())
    return f"sqlite:///{target}"


def _admin(server_url: str, statement: str) -> None:
    with _admin_engine(server_url).connect() as connection:
        connection.exec_driver_sql(statement)


@lru_cache(maxsize=1)
def _admin_engine(server_url: str) -> Engine:
    """One connection for all tests of a process: proving who we are takes longer than most statements."""
    return sa.create_engine(server_url, isolation_level="AUTOCOMMIT")


@pytest.fixture(scope="session")
def postgres_template(server_url: str | None) -> Iterator[str]:
    """A migrated, empty PostgreSQL database to make others from."""
    assert server_url is not None
    name = f"template_{uuid.uuid4().hex[:12]}"
    _admin(server_url, f'CREATE DATABASE "{name}"')
    engine = make_engine(make_url(server_url).set(database=name).render_as_string(hide_password=False))
    schema.migrate(engine)
    engine.dispose()
    yield name
    _admin(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def _copy_database(server_url: str, template: str, name: str) -> None:
    """By its files: read and written page by page, as is usual, it takes five times as long."""
    _admin(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')


def _make_database(server_url: str, template: str, what: str) -> str:
    """The URL of a new database. By its files: page by page, as is usual, it takes five times as long."""
    name = f"{what}_{uuid.uuid4().hex[:12]}"
    _admin(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _drop_database(server_url: str, url: str) -> None:
    _admin(server_url, f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')


@pytest.fixture
def database_url(
    backend: str, server_url: str | None, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """The URL of a migrated database of this test's own."""
    if backend == "sqlite":
        yield _fresh_sqlite(request.getfixturevalue("template_path"), tmp_path)
        return
    assert server_url is not None
    url = _make_database(server_url, request.getfixturevalue("postgres_template"), "test")
    yield url
    _drop_database(server_url, url)


@pytest.fixture(scope="session")
def kept_database(server_url: str | None, postgres_template: str) -> Iterator[Kept]:
    """The PostgreSQL database that most tests of the app have one after the other."""
    assert server_url is not None
    url = server_url
    kept = Kept(
        make=lambda: quick_engine(_make_database(url, postgres_template, "kept")),
        drop=lambda engine: _drop_database(url, str(engine.url)),
    )
    yield kept
    kept.drop()


def quick_engine(url: str) -> Engine:
    """An engine that knows the statements which others of this process have put into SQL already."""
    engine = make_engine(url)
    dialect, statements = _WORDING.setdefault(engine.dialect.name, (engine.dialect, LRUCache(2000)))
    engine.dialect = dialect
    engine.update_execution_options(compiled_cache=statements)
    return engine


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = quick_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_engine(
    backend: str,
    server_url: str | None,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Engine]:
    """One migrated database for all tests that roll back."""
    if backend == "sqlite":
        folder = tmp_path_factory.mktemp("shared")
        url = _fresh_sqlite(request.getfixturevalue("template_path"), folder)
    else:
        assert server_url is not None
        template = request.getfixturevalue("postgres_template")
        url = _make_database(server_url, template, "shared")
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(shared_engine: Engine) -> Iterator[Session]:
    """A session whose every write is undone after the test; commits inside it are savepoints."""
    with shared_engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        outer.rollback()


@pytest.fixture
def now() -> datetime:
    return NOW


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {config.getoption('--db')}  CI: {os.environ.get('CI', 'no')}"


def settings_for(database_url: str, instance: Path, templates: Path, **changes: Any) -> Settings:
    """Settings of an app under test, whose clock stands at NOW; `changes` are to its configuration."""
    return Settings(
        secret_key="a secret for tests only",
        field_keys=(("test", FIELD_KEY),),
        database_url=database_url,
        instance=instance,
        extra={
            "TESTING": True,
            "CLOCK": lambda: NOW,
            "WTF_CSRF_ENABLED": False,
            "RATELIMIT_ENABLED": False,
            "COMPILED_TEMPLATES": str(templates),
            **changes,
        },
    )


def bring_files(instance: Path) -> None:
    """Fonts and htmx, where set-up has brought them."""
    brought = ROOT / "instance" / "vendor"
    if brought.exists():
        shutil.copytree(brought, instance / "vendor")


@pytest.fixture(scope="session")
def built_app(
    backend: str,
    server_url: str | None,
    compiled_templates: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Flask:
    """The real app, built once: putting its routes together takes longer than most pages."""
    from clinic.app import create_app

    instance = tmp_path_factory.mktemp("instance")
    bring_files(instance)
    app = create_app(settings_for(server_url or "sqlite://", instance, compiled_templates))
    app.extensions["clinic.engine"].dispose()
    return app


@contextmanager
def on_its_database(app: Flask, engine: Engine, settings: Settings) -> Iterator[Flask]:
    """An app that was built already, on this database and these settings; then as it was before."""
    before, extensions = dict(app.config), dict(app.extensions)
    app.config.update(settings.extra, SETTINGS=settings)
    database.meet(app, engine)
    key_ring.load(settings.field_keys)
    limiter.enabled = app.config["RATELIMIT_ENABLED"]
    try:
        yield app
    finally:
        app.config.clear()
        app.config.update(before)
        app.extensions.clear()
        app.extensions.update(extensions)


@pytest.fixture
def app_engine(backend: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The app's database: on SQLite one of this test's own, on PostgreSQL one that is emptied afterwards.

    Whoever asks for `engine` or `database_url` beside the app, or races, has one of their own there too.
    """
    is_own = backend == "sqlite" or request.node.get_closest_marker("race") is not None
    if is_own or {"engine", "database_url"} & set(request.fixturenames):
        yield request.getfixturevalue("engine")
        return
    kept: Kept = request.getfixturevalue("kept_database")
    yield kept.engine()
    kept.empty()


@pytest.fixture
def app(built_app: Flask, app_engine: Engine, tmp_path: Path, compiled_templates: Path) -> Iterator[Flask]:
    """The real app on an empty database; its clock stands at NOW unless the test moves it."""
    url = app_engine.url.render_as_string(hide_password=False)
    with on_its_database(built_app, app_engine, settings_for(url, tmp_path, compiled_templates)) as app:
        yield app


@pytest.fixture
def own_app(database_url: str, tmp_path: Path, compiled_templates: Path) -> Iterator[Flask]:
    """As `app`, built for this test alone, which may give it further routes."""
    from clinic.app import create_app

    app = create_app(settings_for(database_url, tmp_path, compiled_templates))
    yield app
    app.extensions["clinic.engine"].dispose()


@pytest.fixture
def db(app: Flask) -> Iterator[Session]:
    """A session on the app's database, for preparing and looking; commit what the app shall see."""
    with Session(app.extensions["clinic.engine"], expire_on_commit=False) as session:
        yield session
