"""How the data of a personal space are written in French, in pages and in mails."""

import datetime

from django import template
from django.conf import settings
from django.utils.dates import MONTHS
from django.utils.formats import date_format

from accounts import open_sessions, parts, passkeys, typed
from accounts.models import Gender
from accounts.names import folded
from accounts.phones import written
from accounts.places import commune_name, country_name

register = template.Library()
register.filter("identity_parts", parts.labels_of)
register.filter(parts.join_in_french)

UNKNOWN = "00"


@register.inclusion_tag("_session_warning.html", takes_context=True)
def session_warning(context):
    """What warns a citizen before their session ends; nothing on a page made without a request."""
    request = context["request"]
    seconds = open_sessions.seconds_left(request)
    return {
        "seconds": seconds,
        "can_extend": seconds >= settings.SESSION_IDLE_SECONDS,
        "keeps_typed": bool(typed.names_kept_by(request.resolver_match)),
        "handle": open_sessions.handle_of(request.session.session_key or ""),
        "csrf_token": context.get("csrf_token"),
    }


@register.filter(expects_localtime=True)
def day(value: datetime.date | datetime.datetime | None) -> str:
    """A day in words, "1er novembre 2026": French writes the first of a month as an ordinal."""
    if not value:
        return ""
    return _written_day(value.day, date_format(value, "F Y"))


@register.filter
def birthdate(text: str) -> str:
    """A date of birth, from `YYYY-MM-DD` where 00 stands for what is unknown.

    People whose civil status lacks a day or a month keep it so: identity providers write
    1992-11-00 and 1992-00-00 for them. Anything else is shown as it is.
    """
    parts = text.split("-")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return text
    year, month, day_of_month = parts
    if month == UNKNOWN:
        return f"{year} (jour et mois inconnus)"
    month_and_year = f"{MONTHS.get(int(month), month)} {year}"
    if day_of_month == UNKNOWN:
        return f"{month_and_year} (jour inconnu)"
    return _written_day(int(day_of_month), month_and_year)


def _written_day(number: int, month_and_year: str) -> str:
    return f"{'1er' if number == 1 else number} {month_and_year}"


@register.simple_tag(takes_context=True)
def passkeys_are_possible(context) -> bool:
    """Whether browsers make passkeys for the address of this page."""
    return passkeys.are_possible(context["request"])


@register.filter
def gender_label(value: str) -> str:
    """The French word for a gender; nothing when it is not specified."""
    return "" if value == Gender.UNSPECIFIED or value not in Gender.values else Gender(value).label


@register.filter
def country_label(code: str) -> str:
    """The country of an INSEE code, which is shown itself when it is unknown."""
    if not code:
        return ""
    return country_name(code) or f"code INSEE {code}"


@register.filter
def place_label(code: str) -> str:
    """A birthplace as received: the commune of an INSEE code (or the code), or a free text."""
    is_code = len(code) == 5 and code[-3:].isdigit()
    return commune_name(code) or (f"code INSEE {code}" if is_code else code)


@register.filter
def phone(number: str) -> str:
    """A telephone number as people read it: 06 12 34 56 78, +32 470 12 34 56."""
    return written(number)


@register.filter
def compared_to(ours: str, theirs: str) -> str:
    """What the certified value `theirs` does to `ours`.

    One of: same, spelling (accents, case or punctuation alone), added, missing, different.
    """
    if ours == theirs:
        return "same"
    if not ours or not theirs:
        return "added" if theirs else "missing"
    return "spelling" if folded(ours) == folded(theirs) else "different"
