"""The only place where the parts are put together."""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import structlog
from flask import Flask
from flask_compress import Compress
from flask_login import LoginManager
from flask_wtf import CSRFProtect
from jinja2 import FileSystemBytecodeCache
from werkzeug.middleware.proxy_fix import ProxyFix

import config
from clinic import db
from clinic.cli import clinic_commands
from clinic.web import access, context, database, errors, files, filters, headers
from clinic.web.account import blueprint as account
from clinic.web.admin import blueprint as admin
from clinic.web.auth import blueprint as auth
from clinic.web.desk import blueprint as desk
from clinic.web.journey import blueprint as journey
from clinic.web.limits import limiter
from clinic.web.mailbox import blueprint as mailbox
from clinic.web.numbers import Number
from clinic.web.once_more import Clinic
from clinic.web.practice import blueprint as practice
from clinic.web.requests import InMemoryRequest
from clinic.web.styleguide import blueprint as styleguide

csrf = CSRFProtect()
MOST_BYTES = 256 * 1024


def create_app(settings: config.Settings | None = None) -> Flask:
    """The app on `settings`, or on those of the environment.

    Where a secret is not set, the start stops with a sentence; only the `flask` command still gets an
    app, for the commands that need neither keys nor a database.
    """
    if settings is None:
        try:
            settings = config.load()
        except config.SettingMissing as missing:
            if os.environ.get("FLASK_RUN_FROM_CLI") != "true":
                raise
            return _commands_only(missing)
    app = Clinic(__name__, template_folder=str(config.ROOT / "templates"), static_folder="static")
    app.request_class = InMemoryRequest
    _configure(app, settings)
    db.key_ring.load(settings.field_keys)
    database.install(app, db.make_engine(settings.database_url))
    csrf.init_app(app)
    limiter.init_app(app)
    Compress(app)
    files.install(app)
    _install_sign_in(app)
    filters.install(app)
    headers.install(app)
    errors.install(app)
    context.install(app, settings.instance / "vendor")
    app.url_map.converters["int"] = Number
    for blueprint in (journey, account, auth, desk, practice, admin):
        app.register_blueprint(blueprint)
    if settings.is_demo:
        app.register_blueprint(mailbox)
        app.register_blueprint(styleguide)
    app.cli.add_command(clinic_commands)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _commands_only(missing: config.SettingMissing) -> Flask:
    """An app that has the commands and refuses to serve."""
    app = Flask(__name__)

    def refuse(*_args: object) -> NoReturn:
        raise missing

    app.wsgi_app = refuse  # type: ignore[assignment]
    app.config["SETTING_MISSING"] = missing.sentence
    app.cli.add_command(clinic_commands)
    return app


def _configure(app: Flask, settings: config.Settings) -> None:
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="clinic",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_secure,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_BYTES,
        WTF_CSRF_TIME_LIMIT=6 * 3600,
        SEND_FILE_MAX_AGE_DEFAULT=31536000,
        COMPRESS_MIMETYPES=["text/html", "text/css", "text/javascript", "image/svg+xml", "text/calendar"],
        COMPRESS_REGISTER=True,
    )
    app.config.update(settings.extra)
    compiled = Path(app.config.setdefault("COMPILED_TEMPLATES", str(settings.instance / "templates")))
    compiled.mkdir(parents=True, exist_ok=True)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(compiled))
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    logging.getLogger("flask-limiter").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ]
    )


def _install_sign_in(app: Flask) -> None:
    manager = LoginManager()
    manager.session_protection = "basic"
    manager.init_app(app)

    @manager.user_loader  # type: ignore[misc,unused-ignore]
    def load(key: str) -> access.SignedIn | None:
        return access.load_user(database.session(), key)
