"""Names of communes and countries by INSEE code, as pages show them.

A name is looked up once for everybody: it stays in the cache for an hour, or until an import ends
what was known. A cache that is not shared (one process, no Valkey) learns of it within that hour.
"""

import re
from collections.abc import Iterable

from django.core.cache import cache

from accounts.countries import COUNTRIES
from accounts.models import Commune, Country

KEPT_SECONDS = 3600
VERSION_KEY = "accounts.places.version"
# 44109, 2A004, 99352.
CODE = re.compile(r"[0-9][0-9AB][0-9]{3}", re.ASCII)
NAMED = re.compile(r"(.*?)\s*(?:\((\w{2,3})\))?", re.DOTALL)


def commune_name(code: str) -> str:
    """The commune of this code with its department, "Nantes (44)"; empty for an unknown code."""
    name = _name(Commune, code)
    return f"{name} ({department_of(code)})" if name else ""


def department_of(code: str) -> str:
    """The number of the department or overseas territory: 44, 2A, 974."""
    return code[:3] if code.startswith(("97", "98")) else code[:2]


def country_name(code: str) -> str:
    """The country of this code; empty for an unknown one."""
    return _name(Country, code) or COUNTRIES.get(code, "")


def commune_codes(text: str) -> list[str]:
    """The INSEE codes of the communes that somebody writes so: a name, "Nantes (44)", or a code.

    Several for a name that several communes bear; none for one of no list.
    """
    if CODE.fullmatch(text):
        return [text]
    name, department = NAMED.fullmatch(text).groups()
    codes = Commune.objects.filter(name__iexact=name).values_list("code", flat=True)
    return [code for code in codes if not department or department_of(code) == department]


def learn(model: type[Commune | Country], codes: Iterable[str]) -> None:
    """Look the names of all these codes up in one query, for a page that shows a list."""
    keys = {code: _key(model, code) for code in codes if CODE.fullmatch(code)}
    known = cache.get_many(keys.values())
    missing = {code: key for code, key in keys.items() if key not in known}
    if missing:
        names = dict(model.objects.filter(code__in=missing).values_list("code", "name"))
        cache.set_many({key: names.get(code, "") for code, key in missing.items()}, KEPT_SECONDS)


def forget_names() -> None:
    """What was looked up no longer holds: an import has just changed the tables."""
    cache.add(VERSION_KEY, 1, timeout=None)
    cache.incr(VERSION_KEY)


def _name(model, code: str) -> str:
    if not CODE.fullmatch(code):
        return ""
    key = _key(model, code)
    name = cache.get(key)
    if name is None:
        name = model.objects.filter(code=code).values_list("name", flat=True).first() or ""
        cache.set(key, name, KEPT_SECONDS)
    return name


def _key(model, code: str) -> str:
    return f"accounts.places.{cache.get(VERSION_KEY, 1)}.{model.__name__}.{code}"
