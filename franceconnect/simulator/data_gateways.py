"""Two administrations that answer FranceConnect at a gateway of their own.

France Travail (swagger « FC Statut augmenté » v1) takes the citizen's access token alone. The DGFiP
(swagger API Impôt particulier 1.0) takes two: the service's own, which its gateway gives against
client credentials (RFC 6749 §4.4), and the citizen's in a header of its own. Here, the gateway
knows the services of the simulated FranceConnect, by the same identifier and secret.
"""

import base64
import binascii
import secrets

from django.http import HttpRequest, JsonResponse
from django.views.decorators.debug import sensitive_variables

from franceconnect.simulator.data_provider import Refusal, bearer, grant_of, held_about, today
from franceconnect.simulator.error_pages import routed
from franceconnect.simulator.misbehaviour import misbehaves
from franceconnect.simulator.runtime import current

STATUS_SCOPE = "api_fc-statutaugmentev1"
GATEWAY_TOKEN_SECONDS = 3600
YEAR_SCOPES = {
    1: {"dgfip_annee_n_moins_1"},
    2: {"dgfip_annee_n_moins_2", "dgfip_annee_n_moins_2_si_indispo_n_moins_1"},
}
MEMBERS = {"dgfip_rfr": "rfr", "dgfip_nbpart": "nbPart"}


@routed("GET")
@misbehaves("data")
def france_travail(request: HttpRequest) -> JsonResponse:
    """The status of a job seeker, whole: its scope opens every member."""
    try:
        grant = grant_of(bearer(request))
        if STATUS_SCOPE not in grant.request.scopes:
            raise Refusal(403)
        return JsonResponse(held_about(grant, "france_travail/statut"))
    except Refusal as refusal:
        return JsonResponse({"message": "Erreur simulée"}, status=refusal.status)


@routed("POST")
@sensitive_variables()
def dgfip_token(request: HttpRequest) -> JsonResponse:
    """A token of the gateway for a known service (HTTP Basic, RFC 6749 §2.3.1)."""
    if request.POST.get("grant_type") != "client_credentials":
        return JsonResponse({"error": "unsupported_grant_type"}, status=400)
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        name = secret = ""
    client = current().configuration.find_client(name) if scheme.lower() == "basic" else None
    if client is None or not secrets.compare_digest(secret.encode(), client.client_secret.encode()):
        return JsonResponse({"error": "invalid_client"}, status=401)
    token = secrets.token_urlsafe(32)
    current().store.gateway_tokens.put(token, client.client_id)
    return JsonResponse(
        {"access_token": token, "token_type": "Bearer", "expires_in": GATEWAY_TOKEN_SECONDS}
    )


@routed("GET")
@misbehaves("data")
def dgfip(request: HttpRequest, year: int) -> JsonResponse:
    """The tax situation of one of the last two years of income, as far as the scopes go."""
    try:
        return JsonResponse(_situation(request, today().year - year))
    except Refusal as refusal:
        reason = {401: "UNAUTHORIZED", 404: "NOT_FOUND"}.get(refusal.status, "ERROR")
        body = {"reason": reason, "message": "Erreur simulée", "error": refusal.status}
        return JsonResponse(body, status=refusal.status)


def _situation(request: HttpRequest, age: int) -> dict:
    is_whole = request.headers.get("X-Correlation-ID") and request.META.get("HTTP_ID_TELESERVICE")
    if not is_whole or current().store.gateway_tokens.get(bearer(request)) is None:
        raise Refusal(401)
    grant = grant_of(request.headers.get("X-FranceConnect-OAuth", ""))
    scopes = set(grant.request.scopes)
    if not YEAR_SCOPES.get(age, set()) & scopes:
        raise Refusal(401)
    held = held_about(grant, f"dgfip/n_moins_{age}")
    opened = {member for scope, member in MEMBERS.items() if scope in scopes}
    return {member: value for member, value in held.items() if member in opened}
