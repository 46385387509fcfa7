"""Signing out of FranceConnect too (OpenID Connect RP-Initiated Logout).

Without it, FranceConnect's own session lives on for half an hour: on a shared computer, the next
visitor would be one button away from the previous one's identity.
"""

import hashlib
from urllib.parse import urlencode

from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import get_random_string
from django.views.decorators.debug import sensitive_variables

from accounts.sealed import Unreadable, seal, unseal
from franceconnect import client, conf
from franceconnect.conf import Platform
from franceconnect.exceptions import FranceConnectError

# The names of session and cache entries, no tokens.
ID_TOKENS_KEY = "franceconnect_id_tokens"  # noqa: S105
PURPOSE = "sign-out of a provider"
CONTINUATION_SECONDS = 300
# It travels in an address, where servers stop reading at 8 kB or so. FranceConnect's has 600.
MAX_HINT_CHARACTERS = 7000


@sensitive_variables()
def remember(session: SessionBase, issuer: str, id_token: str) -> None:
    """Keep the ID token for sign-out, encrypted: a copy of the database must not hold one."""
    encrypted = seal(PURPOSE, id_token)
    session[ID_TOKENS_KEY] = session.get(ID_TOKENS_KEY, {}) | {issuer: encrypted}


def take_id_tokens(session: SessionBase) -> dict[str, str]:
    """The encrypted ID tokens of this session by issuer, out of it for good."""
    return session.pop(ID_TOKENS_KEY, {})


def restore(session: SessionBase, id_tokens: dict[str, str]) -> None:
    """Put what `take_id_tokens` gave into the session that follows."""
    if id_tokens:
        session[ID_TOKENS_KEY] = id_tokens


def end_session_url(request: HttpRequest) -> str | None:
    """Where the browser ends FranceConnect's sessions; None when there is none to end.

    Takes the ID tokens out of the session, so it is asked before the portal ends it; the portal
    ends its own first, and whatever FranceConnect answers, the person is out. For that reason
    `state`, which the provider echoes, needs no check on return: nothing is left to change.
    """
    url = None
    for issuer, encrypted in take_id_tokens(request.session).items():
        url = _end_session_url(issuer, encrypted, then=url) or url
    return url


def end_platform_session_url(request: HttpRequest, platform: Platform) -> str | None:
    """The same for one platform; the portal's own session and the other platform's go on."""
    url = platform_session_url(request, platform)
    forget(request.session, platform.issuer)
    return url


def platform_session_url(request: HttpRequest, platform: Platform) -> str | None:
    """The same, and the ID token stays: `forget` it once the platform's session has ended."""
    encrypted = request.session.get(ID_TOKENS_KEY, {}).get(platform.issuer, "")
    return _end_session_url(platform.issuer, encrypted, then=None)


def forget(session: SessionBase, issuer: str) -> None:
    """Take the ID token of this issuer out of the session."""
    id_tokens = take_id_tokens(session)
    id_tokens.pop(issuer, None)
    restore(session, id_tokens)


@sensitive_variables()
def _end_session_url(issuer: str, encrypted: str, *, then: str | None) -> str | None:
    platform = conf.platform_of(issuer)
    try:
        id_token = unseal(PURPOSE, encrypted)
        endpoint = platform and client.metadata(platform).end_session_endpoint
    except (Unreadable, FranceConnectError):
        return None
    if not endpoint or len(id_token) > MAX_HINT_CHARACTERS:
        return None
    state = get_random_string(32)
    if then:
        cache.set(_continuation_key(state), seal(PURPOSE, then), CONTINUATION_SECONDS)
    query = {
        "id_token_hint": id_token,
        "state": state,
        "post_logout_redirect_uri": platform.post_logout_redirect_uri,
    }
    return f"{endpoint}?{urlencode(query)}"


def continuation_url(state: str) -> str | None:
    """Where sign-out goes on after the platform that echoes `state`: the other one; told once.

    Whoever stepped up has a session at both. The portal's own is ended already: the way on is
    kept aside, encrypted, under a name that nobody can guess.
    """
    key = _continuation_key(state)
    encrypted = cache.get(key)
    if encrypted is None:
        return None
    cache.delete(key)
    try:
        return unseal(PURPOSE, encrypted)
    except Unreadable:
        return None


def _continuation_key(state: str) -> str:
    return f"franceconnect.sign_out.{hashlib.sha256(state.encode(errors='replace')).hexdigest()}"
