"""The app for a WSGI server: gunicorn wsgi:app."""

from clinic.app import create_app

app = create_app()
