"""What every template may use: the clinic, the words of the place, addresses of files."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from flask import Flask, g, send_from_directory, url_for
from flask.typing import ResponseReturnValue

from clinic.intake.locales import load_locale
from clinic.roster import standing
from clinic.roster.models import Site
from clinic.web import access, database, filters


@lru_cache(maxsize=256)
def _digest(path: Path, _changed: float) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def _versioned(folder: Path, name: str) -> str:
    path = folder / name
    return _digest(path, path.stat().st_mtime) if path.exists() else "missing"


def main_site() -> Site | None:
    """The clinic's first active site: its name, telephone and words stand on pages of no one site."""
    if "main_site" not in g:
        g.main_site = standing.first_site(database.session())
    return cast("Site | None", g.main_site)


def install(app: Flask, vendor_folder: Path) -> None:
    """Adds the context of the templates and the route for the front-end packages' files."""
    static_folder = Path(app.static_folder or "")

    @app.route("/vendor/<path:name>", endpoint="vendor")
    @access.public
    def vendor_file(name: str) -> ResponseReturnValue:
        return send_from_directory(vendor_folder, name, max_age=31536000)

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=_versioned(static_folder, name))

    def vendor(name: str) -> str:
        return url_for("vendor", name=name, v=_versioned(vendor_folder, name))

    @app.context_processor
    def add() -> dict[str, Any]:
        site = main_site()
        settings = app.config["SETTINGS"]
        return {
            "clinic": {
                "name": site.clinic_name if site else "The clinic",
                "phone": filters.shown_phone(site.phone) if site else "",
                "phone_href": filters.phone_href(site.phone) if site else "",
                "email": site.email if site else "",
                "address": ", ".join(site.address.splitlines()) if site else "",
            },
            "tokens": load_locale(site.locale if site else "UK").tokens,
            "asset": asset,
            "vendor": vendor,
            "settings": settings,
            "now": database.now(),
        }
