"""Money as whole minor units and a currency; never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clinic.kernel.errors import BadInput

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "AUD": "$", "NZD": "$"}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (pence, cents) of `currency` (ISO 4217)."""

    minor: int
    currency: str

    def __str__(self) -> str:
        whole, rest = divmod(abs(self.minor), 100)
        sign = "-" if self.minor < 0 else ""
        text = f"{whole:,}" if rest == 0 else f"{whole:,}.{rest:02d}"
        symbol = SYMBOLS.get(self.currency)
        return f"{sign}{symbol}{text}" if symbol else f"{sign}{text} {self.currency}"


def read_minor(text: str, field: str | None = None) -> int:
    """Minor units from what a person typed ('62', '62.50', '£62,50'); refuses anything else."""
    plain = re.sub(r"[\s£€$]", "", text)
    match = re.fullmatch(r"(\d{1,6})(?:[.,](\d{1,2}))?", plain, re.ASCII)
    if not match:
        raise BadInput("Enter a price like 62 or 62.50.", field)
    pence = (match.group(2) or "").ljust(2, "0")
    return int(match.group(1)) * 100 + int(pence)
