"""What FranceConnect publishes about itself: discovery document and key set."""

import json

from django.http import HttpRequest, HttpResponse

from franceconnect.simulator.encryption import ALGORITHMS, CONTENT_ALGORITHM
from franceconnect.simulator.error_pages import routed
from franceconnect.simulator.misbehaviour import misbehaves
from franceconnect.simulator.platforms import Platform
from franceconnect.simulator.runtime import current

CACHING = {"Cache-Control": "public, max-age=600"}
ENDPOINTS = {
    "authorization_endpoint": "/authorize",
    "token_endpoint": "/token",
    "userinfo_endpoint": "/userinfo",
    "jwks_uri": "/jwks",
    "end_session_endpoint": "/session/end",
    "revocation_endpoint": "/token/revocation",
}


@routed("GET", "HEAD")
@misbehaves("discovery")
def discovery(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Discovery 1.0 §3; announces S256 and HS256 as FranceConnect does."""
    issuer, platform = current().configuration.issuer, current().platform
    claims = sorted(platform.scopes.claims_of(platform.scopes.known))
    document = {
        "issuer": issuer,
        **{name: f"{issuer}{path}" for name, path in ENDPOINTS.items()},
        "acr_values_supported": platform.levels,
        "scopes_supported": platform.scopes.known,
        "claims_supported": [*claims, "acr", "amr", "auth_time", "iss"],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "subject_types_supported": ["pairwise"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": platform.algorithms,
        **_token_algorithms("id_token", platform),
        **_token_algorithms("userinfo", platform),
    }
    return _json(document, "application/json; charset=utf-8")


def _token_algorithms(token: str, platform: Platform) -> dict:
    announced = {f"{token}_signing_alg_values_supported": platform.announced_algorithms}
    if platform.is_encrypted:
        every = [algorithm for family in ALGORITHMS.values() for algorithm in family]
        announced[f"{token}_encryption_alg_values_supported"] = every
        announced[f"{token}_encryption_enc_values_supported"] = [CONTENT_ALGORITHM]
    return announced


@routed("GET", "HEAD")
@misbehaves("jwks")
def jwks(request: HttpRequest) -> HttpResponse:
    """The public keys in use (RFC 7517 §8.5.1 for the content type)."""
    return _json(current().keys.jwks(), "application/jwk-set+json; charset=utf-8")


def _json(document: dict, content_type: str) -> HttpResponse:
    return HttpResponse(json.dumps(document), content_type=content_type, headers=CACHING)
