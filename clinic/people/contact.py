"""Names, e-mail addresses and telephone numbers as people type them, made comparable."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from clinic.kernel.errors import BadInput

LONGEST_NAME = 120
REGIONS = {"UK": "GB", "EU": "IE", "US": "US", "AU": "AU", "NZ": "NZ"}


def read_name(text: str, field: str = "name") -> str:
    """A full name with its spaces set right; refuses an empty one, and one too long to be kept or found."""
    name = " ".join(text.split())
    if not name:
        raise BadInput("Enter your full name.", field)
    is_long = max(len(name), len(name_key(name))) > LONGEST_NAME
    if is_long or any(unicodedata.category(sign).startswith("C") for sign in name):
        raise BadInput(f"Enter a name of {LONGEST_NAME} signs or fewer.", field)
    return name


def name_key(name: str) -> str:
    """`name` without accents and capitals, for finding: 'Zoë O'Hara' is found by 'zoe ohara'."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join("".join(sign if sign.isalnum() or sign.isspace() else "" for sign in kept).split())


def read_email(text: str, field: str = "email") -> str:
    """An e-mail address in lower case; refuses what cannot be one. Whether it exists is not asked."""
    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise BadInput("Enter an e-mail address like name@example.com.", field) from None
    if len(found.normalized) > 254:
        raise BadInput("Enter a shorter e-mail address.", field)
    return found.normalized.lower()


def read_phone(text: str, locale: str = "UK", field: str = "phone") -> str:
    """A telephone number in E.164; national forms are read as of the site's country."""
    try:
        number = phonenumbers.parse(text, REGIONS.get(locale, "GB"))
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise BadInput("Enter a phone number like 020 7946 0142.", field)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


@lru_cache(maxsize=1024)
def shown_phone(phone: str | None, region: str = "GB") -> str:
    """'020 7946 0142' for an E.164 number of the site's own region, '+33 ...' for another."""
    if not phone:
        return ""
    try:
        number = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return phone
    own = phonenumbers.region_code_for_number(number) == region
    style = phonenumbers.PhoneNumberFormat.NATIONAL if own else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(number, style))
