"""The parameters of ``/authorize``: a whitelist, then one rule for each.

Source: FranceConnect documentation, “Les endpoints”; OpenID Connect Core §3.1.2.
A request that FranceConnect does not understand ends on its own error page (``PageError``);
one whose service is known goes back to it with an error (``CallbackError``).
"""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.http import QueryDict

from franceconnect.simulator import error_pages
from franceconnect.simulator.configuration import Client, Configuration
from franceconnect.simulator.error_pages import CallbackError, PageError
from franceconnect.simulator.platforms import LEVELS, Platform

REQUIRED = frozenset(
    {"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "acr_values"}
)
ACCEPTED = REQUIRED | {"prompt", "claims", "idp_hint", "ui_locales"}
PROMPTS = frozenset({"login", "consent", "login consent", "consent login"})
SHORTEST_NONCE = 22


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request that passed every rule."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    nonce: str
    acr: str
    wants_amr: bool
    idp_hint: str

    @property
    def is_anonymous(self) -> bool:
        return self.scopes == ("openid",)


def read_request(query: QueryDict, configuration: Configuration) -> AuthorizationRequest:
    """Check a query against every rule; raises ``PageError`` or ``CallbackError``."""
    parameters = _read_shape(query)
    client = _read_client(parameters, configuration)
    refusal = _Refusal(parameters, configuration.issuer, configuration.platform)
    _check_response_type(parameters["response_type"], refusal)
    scopes = _read_scopes(parameters["scope"], client, refusal)
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=parameters["redirect_uri"],
        scopes=scopes,
        state=parameters["state"],
        nonce=parameters["nonce"],
        acr=_read_level(parameters["acr_values"], refusal),
        wants_amr=_wants_amr(parameters.get("claims"), client, refusal),
        idp_hint=_read_hint(parameters.get("idp_hint", ""), refusal),
    )


@dataclass(frozen=True)
class _Refusal:
    """Makes the errors that go back to the service that asked, by this platform's rules."""

    parameters: dict[str, str]
    issuer: str
    platform: Platform

    def because(self, error: str, description: str, *, in_fragment: bool = False) -> CallbackError:
        answer = {
            "error": error,
            "error_description": description,
            "state": self.parameters["state"],
            "iss": self.issuer,
        }
        return CallbackError(self.parameters["redirect_uri"], answer, in_fragment)


def _read_shape(query: QueryDict) -> dict[str, str]:
    repeated = any(len(values) > 1 for _, values in query.lists())
    parameters = query.dict()
    wrong = (
        repeated
        or not REQUIRED <= set(parameters) <= ACCEPTED
        or not parameters["client_id"]
        or len(parameters["nonce"]) < SHORTEST_NONCE
        or parameters.get("prompt", "login") not in PROMPTS
        or not _is_url(parameters["redirect_uri"])
    )
    if wrong:
        raise PageError(error_pages.BAD_PARAMETERS)
    return parameters


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _read_client(parameters: dict[str, str], configuration: Configuration) -> Client:
    client = configuration.find_client(parameters["client_id"])
    if client is None:
        raise PageError(error_pages.UNKNOWN_CLIENT)
    if parameters["redirect_uri"] not in client.redirect_uris:
        raise PageError(error_pages.UNKNOWN_REDIRECT_URI)
    return client


def _check_response_type(response_type: str, refusal: _Refusal) -> None:
    if not response_type:
        raise refusal.because("invalid_request", "missing required parameter 'response_type'")
    if response_type != "code":
        raise refusal.because(
            "unsupported_response_type",
            "unsupported response_type requested",
            in_fragment="token" in response_type,
        )


def _read_scopes(text: str, client: Client, refusal: _Refusal) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys(text.split()))
    if "openid" not in asked:
        raise refusal.because(
            "invalid_request", "openid scope must be requested when using the acr_values parameter"
        )
    known = tuple(scope for scope in asked if scope in refusal.platform.scopes.known)
    if not set(known) <= {"openid", *client.scopes}:
        raise refusal.because("invalid_scope", "requested scope is not allowed")
    return known


def _read_level(text: str, refusal: _Refusal) -> str:
    """The lowest known level is kept; a list without any gives the default one."""
    asked = [level for level in LEVELS if level in text.split()]
    platform = refusal.platform
    kept = asked[0] if asked else platform.default_level
    if kept not in platform.levels:
        raise refusal.because(
            "invalid_acr",
            "acr_value is not valid, should be equal one of these values, "
            f"expected {','.join(platform.levels)}, got {kept}",
        )
    return kept


def _wants_amr(text: str | None, client: Client, refusal: _Refusal) -> bool:
    if text is None:
        return False
    try:
        wanted = "amr" in json.loads(text).get("id_token", {})
    except (ValueError, AttributeError, TypeError) as error:
        raise refusal.because("invalid_request", "could not parse the claims parameter") from error
    if wanted and "amr" not in client.scopes:
        raise PageError(error_pages.AMR_NOT_GRANTED)
    return wanted


def _read_hint(uid: str, refusal: _Refusal) -> str:
    if uid and refusal.platform.find_provider(uid) is None:
        raise refusal.because("invalid_idp_hint", "An idp_hint was provided but is not allowed")
    return uid
