"""The app for a WSGI server: gunicorn wsgi:app."""

import sys

from clinic.app import create_app
from config import SettingMissing

CANNOT_LOAD = 4  # what gunicorn takes as final: with any other code it would start workers for ever

try:
    app = create_app()
except SettingMissing as missing:
    print(missing.sentence, file=sys.stderr)
    sys.exit(CANNOT_LOAD)
