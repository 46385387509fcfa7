"""API Particulier v3 in its FranceConnect mode: it takes FranceConnect's access token for its own.

Source: openapi 3.0.0 of API Particulier. The token is checked with the FranceConnect of this very
process: known, not expired, its scopes. A person's ``data`` says what each administration holds or
answers, by resource (``dss/quotient_familial``…): the members of its ``data``; or, for an error,
``{"status": 429}`` with ``retry_in`` (seconds, in the body) or ``reset`` (in the header
``RateLimit-Reset``). A resource that is not there has no file: 404, an ordinary answer.

Dates that would grow old are left out there and written when asked: the month of a quotient is last
month's, an admission lasts the present school year.
"""

import datetime
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, JsonResponse

from franceconnect.simulator.error_pages import routed
from franceconnect.simulator.misbehaviour import misbehaves
from franceconnect.simulator.runtime import current
from franceconnect.simulator.tokens import Grant

BENEFIT = ("est_beneficiaire", "date_debut_droit")
# By resource, the members that each scope opens.
RESOURCES: dict[str, dict[str, tuple[str, ...]]] = {
    "dss/quotient_familial": {
        "cnaf_quotient_familial": ("quotient_familial",),
        "cnaf_allocataires": ("allocataires",),
        "cnaf_enfants": ("enfants",),
        "cnaf_adresse": ("adresse",),
    },
    "dss/revenu_solidarite_active": {
        "revenu_solidarite_active": BENEFIT,
        "revenu_solidarite_active_majoration": ("avec_majoration",),
    },
    "dss/prime_activite": {
        "prime_activite": BENEFIT,
        "prime_activite_majoration": ("avec_majoration",),
    },
    "dss/allocation_adulte_handicape": {"allocation_adulte_handicape": BENEFIT},
    "dss/complementaire_sante_solidaire": {
        "complementaire_sante_solidaire": (*BENEFIT, "avec_participation")
    },
    "mesri/statut_etudiant": {"mesri_admissions": ("admissions",)},
    "cnous/etudiant_boursier": {
        "cnous_statut_boursier": ("est_boursier",),
        "cnous_echelon_bourse": ("echelon_bourse",),
        "cnous_periode_versement": ("periode_versement_bourse",),
        "cnous_ville_etudes": ("etablissement_etudes",),
    },
}
ADMISSION_SCOPES = {
    "est_inscrit": "mesri_admission_inscrit",
    "regime_formation": "mesri_admission_regime_formation",
    "code_cog_insee_commune": "mesri_admission_commune_etudes",
    "etablissement_etudes": "mesri_admission_etablissement_etude",
}
# Of the provider that answers, before the three digits of what happened.
PROVIDERS = {"dss": "23", "mesri": "25", "cnous": "27"}
CODES = {401: "00103", 403: "00100", 409: "00015", 422: "00203", 429: "00429"}
CODES_OF_PROVIDER = {404: "003", 502: "999", 504: "001"}


@dataclass
class Refusal(Exception):
    """An error of an administration; ``retry_in`` in seconds."""

    status: int
    code: str = ""
    retry_in: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


def grant_of(token: str) -> Grant:
    """What FranceConnect knows of this access token; raises ``Refusal`` (401) when nothing."""
    if not token:
        raise Refusal(401, "00101")
    grant = current().store.access_tokens.get(token)
    if grant is None:
        raise Refusal(401, "00103")
    return grant


def bearer(request: HttpRequest) -> str:
    """The token of the header (RFC 6750 §2.1); nothing for any other scheme."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value if scheme.lower() == "bearer" else ""


def held_about(grant: Grant, resource: str) -> dict[str, Any]:
    """What is held about the person of this grant; raises the ``Refusal`` that is held instead."""
    person = current().people.of_fingerprint(grant.identity.fingerprint())
    held = person.data.get(resource) if person else None
    if held is None:
        raise Refusal(404)
    if "status" in held:
        headers = {"RateLimit-Reset": str(held["reset"])} if "reset" in held else {}
        raise Refusal(held["status"], held.get("code", ""), held.get("retry_in"), headers)
    return held


def today() -> datetime.date:
    """By the simulator's own clock."""
    return datetime.datetime.fromtimestamp(current().clock.now(), tz=datetime.UTC).date()


@routed("GET")
@misbehaves("data")
def api_particulier(request: HttpRequest, provider: str, name: str) -> JsonResponse:
    """One resource, in the envelope of version 3, as far as the scopes of the token go."""
    try:
        data = _resource(request, f"{provider}/{name}")
    except Refusal as refusal:
        return _error(refusal, provider)
    return JsonResponse({"data": data, "links": {}, "meta": {}})


def _resource(request: HttpRequest, resource: str) -> dict[str, Any]:
    if resource not in RESOURCES:
        raise Refusal(404, "00404")
    grant = grant_of(bearer(request))
    scopes = set(grant.request.scopes)
    opened = [
        member for scope, ms in RESOURCES[resource].items() if scope in scopes for member in ms
    ]
    if not opened:
        raise Refusal(403)
    if not is_siret(request.GET.get("recipient", "")):
        raise Refusal(422)
    held = _dated(held_about(grant, resource))
    data = {member: value for member, value in held.items() if member in opened}
    if "admissions" in data:
        data["admissions"] = [_filtered(admission, scopes) for admission in data["admissions"]]
    return data


def _filtered(admission: dict[str, Any], scopes: set[str]) -> dict[str, Any]:
    """An admission without the members that have a scope of their own, which was not granted."""
    return {
        member: value
        for member, value in admission.items()
        if ADMISSION_SCOPES.get(member, "mesri_admissions") in scopes
    }


def _dated(held: dict[str, Any]) -> dict[str, Any]:
    day = today()
    month = day.replace(day=1) - datetime.timedelta(days=1)
    start = day.year if day.month >= 9 else day.year - 1
    dated = dict(held)
    if quotient := held.get("quotient_familial"):
        dated["quotient_familial"] = {"annee": month.year, "mois": month.month} | quotient
    if "admissions" in held:
        year = {"date_debut": f"{start}-09-01", "date_fin": f"{start + 1}-08-31"}
        dated["admissions"] = [year | admission for admission in held["admissions"]]
    return dated


def is_siret(text: str) -> bool:
    """Fourteen digits, the last of which is the key of the others (Luhn)."""
    if len(text) != 14 or not text.isdecimal():
        return False
    doubled = [int(digit) * (2 - rank % 2) for rank, digit in enumerate(text)]
    return sum(digit // 10 + digit % 10 for digit in doubled) % 10 == 0


def _error(refusal: Refusal, provider: str) -> JsonResponse:
    """An error as API Particulier writes it."""
    number = PROVIDERS.get(provider, "00")
    own = f"{number}{CODES_OF_PROVIDER.get(refusal.status, '999')}"
    meta: dict[str, Any] = {"provider": provider}
    if refusal.retry_in is not None:
        meta["retry_in"] = refusal.retry_in
    error = {
        "code": refusal.code or CODES.get(refusal.status, own),
        "title": "Erreur simulée",
        "detail": "Réponse d’une administration simulée.",
        "source": None,
        "meta": meta,
    }
    return JsonResponse({"errors": [error]}, status=refusal.status, headers=refusal.headers)
