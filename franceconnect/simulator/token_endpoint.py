"""What a service calls from its server: token, revocation, userinfo.

Source: FranceConnect documentation, “Les endpoints” and “Les erreurs”; RFC 6749 §5, RFC 7009.
"""

import dataclasses
import secrets
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from franceconnect.simulator.configuration import SHORTEST_SECRET, Client
from franceconnect.simulator.encryption import UnusableKeySet
from franceconnect.simulator.error_pages import LIBRARY_ERROR, routed
from franceconnect.simulator.misbehaviour import misbehaves
from franceconnect.simulator.runtime import Simulator, current
from franceconnect.simulator.tokens import LIFETIME, Grant, make_id_token, make_userinfo

ERRORS_PAGE = "https://docs.partenaires.franceconnect.gouv.fr/fs/fs-technique/fs-technique-erreurs/"
SHORTEST_TOKEN = 43
CODE_NOT_FOUND = "grant request is invalid (authorization code not found)"


@dataclass
class ApiError(Exception):
    """An error answered to a service as JSON."""

    error: str
    description: str
    code: str = LIBRARY_ERROR
    status: int = 400

    def response(self) -> JsonResponse:
        reference = urlencode({"code": self.code, "id": str(uuid.uuid4())})
        body = {
            "error": self.error,
            "error_description": self.description,
            "error_uri": f"{ERRORS_PAGE}?{reference}",
        }
        response = JsonResponse(body, status=self.status)
        if self.error == "invalid_token":
            response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        return response


def unusable_keys(error: UnusableKeySet) -> ApiError:
    return ApiError("invalid_client_metadata", str(error))


@sensitive_post_parameters()
@routed("POST")
@misbehaves("token")
def token(request: HttpRequest) -> HttpResponse:
    """Exchange a code for an access token and an id_token."""
    try:
        simulator = current()
        client = _authenticate(request, simulator)
        grant = _redeem(request, client, simulator)
        id_token = make_id_token(simulator, grant, client)
    except ApiError as error:
        return error.response()
    except UnusableKeySet as error:
        return unusable_keys(error).response()
    return JsonResponse(
        {
            "access_token": grant.access_token,
            "expires_in": LIFETIME,
            "id_token": id_token,
            "scope": " ".join(grant.request.scopes),
            "token_type": "Bearer",
        }
    )


@sensitive_variables("secret")
def _authenticate(request: HttpRequest, simulator: Simulator) -> Client:
    """The client named in the body, by its secret in the body: Basic is refused."""
    secret = request.POST.get("client_secret")
    if "Authorization" in request.headers or secret is None:
        raise ApiError(
            "invalid_client",
            "client authentication failed (invalid authentication method)",
            "Y044D82C",
            401,
        )
    client = simulator.configuration.find_client(request.POST.get("client_id", ""))
    if client is None:
        raise ApiError(
            "invalid_client", "client authentication failed (client not found)", status=401
        )
    if not secrets.compare_digest(secret.encode(), client.client_secret.encode()):
        raise ApiError(
            "invalid_client",
            "client authentication failed (invalid secret provided)",
            "Y0434A7B",
            401,
        )
    return client


def _redeem(request: HttpRequest, client: Client, simulator: Simulator) -> Grant:
    """Spend the code, once, within thirty seconds; a second use also ends the access token."""
    _check_grant_type(request.POST.get("grant_type"))
    code = request.POST.get("code")
    if not code:
        raise ApiError("invalid_request", "missing required parameter(s) 'code'", "Y048017B")
    if not request.POST.get("redirect_uri"):
        raise ApiError("invalid_request", "missing required parameter(s) 'redirect_uri'")
    store = simulator.store
    grant = store.codes.pop(code)
    if grant is None:
        _revoke_replayed(code, simulator)
        raise ApiError("invalid_grant", CODE_NOT_FOUND, "Y049E20B")
    store.spent_codes.put(code, grant)
    if grant.request.client_id != client.client_id:
        raise ApiError("invalid_grant", "grant request is invalid (client mismatch)")
    if grant.request.redirect_uri != request.POST["redirect_uri"]:
        raise ApiError("invalid_grant", "grant request is invalid (redirect_uri mismatch)")
    live = dataclasses.replace(grant, expires=int(simulator.clock.now()) + LIFETIME)
    return store.access_tokens.put(live.access_token, live)


def _check_grant_type(grant_type: str | None) -> None:
    if not grant_type:
        raise ApiError("invalid_request", "missing required parameter 'grant_type'")
    if grant_type != "authorization_code":
        raise ApiError("unsupported_grant_type", "unsupported grant_type requested")


def _revoke_replayed(code: str, simulator: Simulator) -> None:
    spent = simulator.store.spent_codes.pop(code)
    if spent:
        simulator.store.access_tokens.pop(spent.access_token)


@sensitive_post_parameters()
@routed("POST")
def revocation(request: HttpRequest) -> HttpResponse:
    """End an access token; any parameter beyond the three is refused."""
    try:
        parameters = request.POST
        is_whole = (
            set(parameters) == {"token", "client_id", "client_secret"}
            and len(parameters["token"]) >= SHORTEST_TOKEN
            and len(parameters["client_secret"]) >= SHORTEST_SECRET
        )
        if not is_whole:
            raise ApiError("invalid_request", "revocation request is invalid")
        simulator = current()
        client = _authenticate(request, simulator)
    except ApiError as error:
        return error.response()
    grant = simulator.store.access_tokens.get(parameters["token"])
    if grant and grant.request.client_id == client.client_id:
        simulator.store.access_tokens.pop(parameters["token"])
    return HttpResponse(status=200)


@routed("GET")
@misbehaves("userinfo")
def userinfo(request: HttpRequest) -> HttpResponse:
    """The claims of the access token's person, signed; again and again within its minute."""
    try:
        value = _bearer(request)
        simulator = current()
        grant = simulator.store.access_tokens.get(value)
        if grant is None:
            raise ApiError("invalid_token", "invalid token provided", "Y040001", 401)
        client = simulator.configuration.find_client(grant.request.client_id)
        answer = make_userinfo(simulator, grant, client)
    except ApiError as error:
        return error.response()
    except UnusableKeySet as error:
        return unusable_keys(error).response()
    return HttpResponse(answer, content_type="application/jwt; charset=utf-8")


def _bearer(request: HttpRequest) -> str:
    """The access token of the header, or of the query, which FranceConnect also accepts."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        value = request.GET.get("access_token", "")
    if not value:
        raise ApiError("invalid_token", "no access token provided", "Y04146A2", 401)
    return value
