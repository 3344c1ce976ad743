"""Security headers on every answer: a strict policy under which nothing inline runs."""

from __future__ import annotations

from flask import Flask, Response, request

from clinic.web.files import FILES

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "manifest-src 'self'",
    )
)


def install(app: Flask) -> None:
    """Adds the headers; pages with anything of a person in them are not kept by caches.

    Files that are not pages need none of the page's rules, which would weigh more than some of them; a
    page that says there is no such file does.
    """

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("X-Content-Type-Options", "nosniff")
        if request.endpoint in FILES and response.mimetype != "text/html":
            return response
        headers.setdefault("Content-Security-Policy", POLICY)
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if request.is_secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        headers.setdefault("Cache-Control", "no-store")
        return response
