"""HTTP with FranceConnect: discovery, key set, token, userinfo. Knows no request and no model."""

import hashlib
import logging
import re
import time
from dataclasses import asdict, dataclass, field

from django.core.cache import cache
from django.views.decorators.debug import sensitive_variables

from franceconnect.conf import Platform
from franceconnect.exceptions import (
    CodeRefused,
    Misconfigured,
    ProviderUnavailable,
    TokenRefused,
    UnexpectedRefusal,
)
from franceconnect.exchange import Answer, exchange

logger = logging.getLogger(__name__)

# Refusals of the token endpoint that only a change of configuration can mend (RFC 6749 §5.2, and
# OpenID Connect Registration §3.3 for a key set that the provider cannot use).
OUR_ERRORS = {
    "invalid_client",
    "invalid_client_metadata",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
}
# An address to which a query can be added: no query, no fragment, nothing to be misread.
PLAIN_ADDRESS = re.compile(r"[!$-;=@-\[\]_a-z~%&]{1,2000}")
# Cached one hour; the last good answer serves for a day when the provider is down.
FRESH_SECONDS = 3600
STALE_SECONDS = 24 * 3600
# How long an old answer serves before a provider that is down is asked again.
RETRY_SECONDS = 60
# How long a provider of which nothing is known is not asked again after a failure.
DOWN_SECONDS = 5
# However many unknown keys arrive, the set is fetched again at most so many times a minute.
MAX_REFRESHES = 4
REFRESH_WINDOW_SECONDS = 60
# How long a sign-in waits for the fresh set that another one is fetching.
REFRESH_WAIT_SECONDS = 1.0
REFRESH_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Metadata:
    """The endpoints of discovery (OpenID Connect Discovery §3), all on the issuer's origin."""

    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str


@dataclass(frozen=True)
class TokenAnswer:
    """What the token endpoint gave; neither is ever shown by repr."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


def metadata(platform: Platform) -> Metadata:
    """The provider's endpoints. Raises ProviderUnavailable."""
    return Metadata(**_cached(platform, "metadata", _fetch_metadata))


def key_set(platform: Platform) -> list[dict]:
    """The provider's public keys (RFC 7517), unparsed. Raises ProviderUnavailable."""
    return _cached(platform, "keys", _fetch_keys)


def refreshed_key_set(platform: Platform, *, known: list[dict]) -> list[dict]:
    """Another key set than `known`, fetched anew; `known` itself when there is none.

    Keys are rotated without notice: an unknown one is looked up once before a token is refused.
    """
    if not _may_refresh(platform):
        return _set_fetched_by_another(platform, known)
    try:
        return _store(platform, "keys", _fetch_keys(platform))
    except ProviderUnavailable:
        return known


def _may_refresh(platform: Platform) -> bool:
    key = cache_key(platform, "refreshes")
    cache.add(key, 0, REFRESH_WINDOW_SECONDS)
    try:
        return cache.incr(key) <= MAX_REFRESHES
    except ValueError:  # the minute ended in between
        return False


def _set_fetched_by_another(platform: Platform, known: list[dict]) -> list[dict]:
    """What another sign-in fetches at this moment: a rotation meets several at once."""
    end = time.monotonic() + REFRESH_WAIT_SECONDS
    while (keys := key_set(platform)) == known and time.monotonic() < end:
        time.sleep(REFRESH_POLL_SECONDS)
    return keys


@sensitive_variables()
def exchange_code(platform: Platform, code: str) -> TokenAnswer:
    """Trade an authorization code for tokens (RFC 6749 §4.1.3, client_secret_post).

    Raises CodeRefused, Misconfigured, ProviderUnavailable or TokenRefused.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": platform.redirect_uri,
        "client_id": platform.client_id,
        "client_secret": platform.client_secret,
    }
    answer = _exchange(platform, "POST", metadata(platform).token_endpoint, data=form)
    if answer.status != 200:
        raise _token_endpoint_error(answer)
    values = answer.json_object()
    id_token, access_token = values.get("id_token"), values.get("access_token")
    if not (isinstance(id_token, str) and isinstance(access_token, str) and access_token):
        raise TokenRefused("token_answer_incomplete")
    if str(values.get("token_type", "")).lower() != "bearer":
        raise TokenRefused("token_type_unknown")
    if not access_token.isascii() or not access_token.isprintable():
        raise TokenRefused("access_token_malformed")
    return TokenAnswer(id_token=id_token, access_token=access_token)


@sensitive_variables()
def userinfo_token(platform: Platform, access_token: str) -> str:
    """The userinfo (OpenID Connect Core §5.3.2) as it came: signed, perhaps encrypted.

    Raises ProviderUnavailable, or TokenRefused when it is not signed.
    """
    answer = _exchange(
        platform,
        "GET",
        metadata(platform).userinfo_endpoint,
        headers={"Authorization": f"Bearer {access_token}"},
    )
    if answer.status != 200:
        raise ProviderUnavailable(f"userinfo_{answer.status}")
    if answer.content_type.split(";")[0].strip().lower() != "application/jwt":
        raise TokenRefused("userinfo_not_signed")
    try:
        return answer.body.decode("ascii").strip()
    except UnicodeDecodeError:
        raise TokenRefused("userinfo_malformed") from None


def _token_endpoint_error(answer: Answer) -> Exception:
    """What a refusal of the token endpoint means (RFC 6749 §5.2)."""
    try:
        error = answer.json_object().get("error")
    except ProviderUnavailable:
        error = None
    if answer.status in (400, 401, 403):
        if error == "invalid_grant":
            return CodeRefused()
        if error in OUR_ERRORS:
            return Misconfigured(f"token_{error}")
    kind = UnexpectedRefusal if 400 <= answer.status < 500 else ProviderUnavailable
    return kind(f"token_endpoint_{answer.status}")


def _fetch_metadata(platform: Platform) -> dict:
    url = f"{platform.issuer}/.well-known/openid-configuration"
    answer = _exchange(platform, "GET", url)
    if answer.status != 200:
        raise ProviderUnavailable(f"discovery_{answer.status}")
    values = answer.json_object()
    # Discovery §4.3: the issuer must be the one asked, or another could pass for it.
    if values.get("issuer") != platform.issuer:
        raise Misconfigured("discovery_of_another_issuer")
    endpoints = {name: values.get(name) for name in Metadata.__dataclass_fields__}
    for url in endpoints.values():
        if not isinstance(url, str) or not url.startswith(f"{platform.origin}/"):
            raise Misconfigured("endpoint_elsewhere")
        if not PLAIN_ADDRESS.fullmatch(url):
            raise Misconfigured("endpoint_malformed")
    return asdict(Metadata(**endpoints))


def _fetch_keys(platform: Platform) -> list[dict]:
    answer = _exchange(platform, "GET", metadata(platform).jwks_uri)
    if answer.status != 200:
        raise ProviderUnavailable(f"jwks_{answer.status}")
    keys = answer.json_object().get("keys")
    if not isinstance(keys, list):
        raise ProviderUnavailable("jwks_unreadable")
    return [key for key in keys if isinstance(key, dict)]


def cache_key(platform: Platform, what: str) -> str:
    """Where `what` is remembered about this platform, by every process."""
    digest = hashlib.sha256(platform.issuer.encode()).hexdigest()[:16]
    return f"franceconnect.{what}.{digest}"


def _store(platform: Platform, what: str, value):
    now = time.time()
    entry = {"value": value, "fetched_at": now, "fresh_until": now + FRESH_SECONDS}
    cache.set(cache_key(platform, what), entry, STALE_SECONDS)
    return value


def _cached(platform: Platform, what: str, fetch):
    """A value no older than an hour, or than a day when it cannot be fetched any more."""
    entry = cache.get(cache_key(platform, what))
    if entry and time.time() < entry["fresh_until"]:
        return entry["value"]
    down_key = cache_key(platform, f"{what}.down")
    if entry is None and (code := cache.get(down_key)):
        raise ProviderUnavailable(code)
    try:
        return _store(platform, what, fetch(platform))
    except (ProviderUnavailable, Misconfigured) as error:
        if entry is None or time.time() > entry["fetched_at"] + STALE_SECONDS:
            # Each click would otherwise hold a worker for the whole time-out.
            cache.set(down_key, error.code, DOWN_SECONDS)
            raise
        logger.warning("FranceConnect %s kept from an earlier answer: %s", what, error.code)
        patient = entry | {"fresh_until": time.time() + RETRY_SECONDS}
        cache.set(cache_key(platform, what), patient, STALE_SECONDS)
        return entry["value"]


@sensitive_variables()
def _exchange(platform: Platform, method: str, url: str, **kwargs) -> Answer:
    return exchange(method, url, seconds=platform.timeout, **kwargs)
