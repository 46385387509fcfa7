"""What FranceConnect publishes about itself: discovery document and key set."""

import json

from django.http import HttpRequest, HttpResponse

from franceconnect.simulator.authorization_request import SERVED_LEVELS
from franceconnect.simulator.error_pages import routed
from franceconnect.simulator.misbehaviour import misbehaves
from franceconnect.simulator.runtime import current
from franceconnect.simulator.scopes import CLAIMS, KNOWN

CACHING = {"Cache-Control": "public, max-age=600"}
ANNOUNCED_ALGORITHMS = ["ES256", "RS256", "HS256"]
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
    issuer = current().configuration.issuer
    claims = sorted({claim for opened in CLAIMS.values() for claim in opened})
    document = {
        "issuer": issuer,
        **{name: f"{issuer}{path}" for name, path in ENDPOINTS.items()},
        "acr_values_supported": list(SERVED_LEVELS),
        "scopes_supported": list(KNOWN),
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
        "id_token_signing_alg_values_supported": ANNOUNCED_ALGORITHMS,
        "userinfo_signing_alg_values_supported": ANNOUNCED_ALGORITHMS,
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256"],
    }
    return _json(document, "application/json; charset=utf-8")


@routed("GET", "HEAD")
@misbehaves("jwks")
def jwks(request: HttpRequest) -> HttpResponse:
    """The public keys in use (RFC 7517 §8.5.1 for the content type)."""
    return _json(current().keys.jwks(), "application/jwk-set+json; charset=utf-8")


def _json(document: dict, content_type: str) -> HttpResponse:
    return HttpResponse(json.dumps(document), content_type=content_type, headers=CACHING)
