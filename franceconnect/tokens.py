"""What makes a token acceptable. Pure: no HTTP, no model, no clock but the one given.

Sources: RFC 7515 (JWS), RFC 7519 (JWT), OpenID Connect Core §3.1.3.7 and §5.3.2, and the
FranceConnect documentation for what that provider sends.
"""

import json
from dataclasses import dataclass, field
from math import isfinite

import jwt
from django.views.decorators.debug import sensitive_variables

from franceconnect.conf import Platform
from franceconnect.exceptions import TokenRefused, UnknownKey

MAX_TOKEN_CHARACTERS = 64 * 1024
MAX_SUB_CHARACTERS = 255
# How far ahead of ours the provider's clock may be.
CLOCK_SKEW_SECONDS = 60
MIN_RSA_BITS = 2048
KEY_TYPES = {"ES256": ("EC", "P-256"), "RS256": ("RSA", None)}

_jws = jwt.PyJWS()


@dataclass(frozen=True)
class ProvenLogin:
    """An ID token that passed every check."""

    sub: str = field(repr=False)
    acr: str


@sensitive_variables()
def verify_id_token(
    token: str, *, platform: Platform, keys: list[dict], nonce: str, now: float
) -> ProvenLogin:
    """Check an ID token as OpenID Connect Core §3.1.3.7 asks; `now` is Unix time.

    Raises UnknownKey when no key of `keys` verifies it, TokenRefused for every other reason.
    """
    claims = _verified_claims(token, platform=platform, keys=keys)
    _check_envelope(claims, platform=platform, now=now)
    if not isinstance(claims.get("nonce"), str) or claims["nonce"] != nonce:
        raise TokenRefused("nonce_mismatch")
    # The provider leaves it to the relying party to refuse a level below the one it asked.
    if not platform.accepts_level(claims.get("acr")):
        raise TokenRefused("level_too_low")
    return ProvenLogin(sub=_checked_sub(claims), acr=claims["acr"])


@sensitive_variables()
def verify_userinfo(
    token: str, *, platform: Platform, keys: list[dict], sub: str, now: float
) -> dict:
    """The claims of a signed userinfo about the very person of the ID token (Core §5.3.2).

    Raises UnknownKey or TokenRefused.
    """
    claims = _verified_claims(token, platform=platform, keys=keys)
    _check_envelope(claims, platform=platform, now=now)
    if _checked_sub(claims) != sub:
        raise TokenRefused("userinfo_of_another")
    return claims


def _verified_claims(token: str, *, platform: Platform, keys: list[dict]) -> dict:
    """The payload of a JWS that one of `keys` signed with the algorithm registered for us."""
    header = _checked_header(token, platform.signing_alg)
    for key in _candidates(keys, header, platform.signing_alg):
        try:
            payload = _jws.decode(token, key, algorithms=[platform.signing_alg])
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, ValueError, TypeError):
            raise TokenRefused("token_malformed") from None
        return _json_object(payload)
    raise UnknownKey()


def _checked_header(token: str, alg: str) -> dict:
    """The header, once its algorithm is the registered one (RFC 8725 §3.1: never the token's)."""
    if not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN_CHARACTERS:
        raise TokenRefused("token_malformed")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise TokenRefused("token_malformed") from None
    if header.get("alg") != alg:
        raise TokenRefused("algorithm_mismatch")
    # RFC 7515 §4.1.11: an extension that must be understood and is not. Keys and addresses in
    # the header (jwk, jku, x5u…) are never read: whoever forges a token writes them.
    if "crit" in header:
        raise TokenRefused("critical_header")
    return header


def _candidates(keys: list[dict], header: dict, alg: str):
    """Keys that may have signed: by `kid`, of the right type, for signing.

    Without `kid`, only when a single key fits: guessing among several is no verification.
    """
    fitting = [key for key in keys if _fits(key, alg)]
    if "kid" in header:
        fitting = [key for key in fitting if key.get("kid") == header["kid"]]
    elif len(fitting) != 1:
        return
    for key in fitting:
        try:
            candidate = jwt.PyJWK(key, algorithm=alg)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue
        # RFC 7518 §3.3: a shorter RSA key must not be used.
        if key["kty"] != "RSA" or candidate.key.key_size >= MIN_RSA_BITS:
            yield candidate


def _fits(key: dict, alg: str) -> bool:
    key_type, curve = KEY_TYPES[alg]
    return (
        key.get("kty") == key_type
        and (curve is None or key.get("crv") == curve)
        and key.get("use", "sig") == "sig"
        and key.get("alg", alg) == alg
        and "d" not in key
    )


def _json_object(payload: bytes) -> dict:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise TokenRefused("payload_malformed")
    return claims


def _check_envelope(claims: dict, *, platform: Platform, now: float) -> None:
    """`iss`, `aud`, `azp`, `exp`, `iat` (OpenID Connect Core §3.1.3.7, points 2 to 10)."""
    if claims.get("iss") != platform.issuer:
        raise TokenRefused("issuer_mismatch")
    # A list is lawful, a stranger in it is not: the token would be good elsewhere too.
    if claims.get("aud") not in (platform.client_id, [platform.client_id]):
        raise TokenRefused("audience_mismatch")
    if claims.get("azp", platform.client_id) != platform.client_id:
        raise TokenRefused("audience_mismatch")
    if not _is_number(claims.get("exp")) or claims["exp"] <= now:
        raise TokenRefused("token_expired")
    if not _is_number(claims.get("iat")) or claims["iat"] > now + CLOCK_SKEW_SECONDS:
        raise TokenRefused("issued_in_the_future")


def _is_number(value: object) -> bool:
    """RFC 7519 §2: a NumericDate is a JSON number; Python would also take True, NaN, Infinity."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return isfinite(value)
    except OverflowError:  # an integer of four hundred digits
        return False


def _checked_sub(claims: dict) -> str:
    sub = claims.get("sub")
    if not isinstance(sub, str) or not 0 < len(sub) <= MAX_SUB_CHARACTERS:
        raise TokenRefused("sub_malformed")
    if not sub.isascii() or not sub.isprintable():
        raise TokenRefused("sub_malformed")
    return sub
