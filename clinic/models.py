"""Every table, imported once: for migrations, tests and the app."""

from clinic.audit import models as audit
from clinic.booking import models as booking
from clinic.care import models as care
from clinic.catalog import models as catalog
from clinic.db import Base
from clinic.intake import models as intake
from clinic.notify import models as notify
from clinic.people import models as people
from clinic.roster import models as roster

__all__ = ["Base", "audit", "booking", "care", "catalog", "intake", "notify", "people", "roster"]
