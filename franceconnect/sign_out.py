"""Signing out of FranceConnect too (OpenID Connect RP-Initiated Logout).

Without it, FranceConnect's own session lives on for half an hour: on a shared computer, the next
visitor would be one button away from the previous one's identity.
"""

import base64
from urllib.parse import urlencode

from cryptography.fernet import Fernet, InvalidToken
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils.crypto import get_random_string, salted_hmac

from franceconnect import client, conf
from franceconnect.exceptions import FranceConnectError

ID_TOKEN_KEY = "franceconnect_id_token"  # noqa: S105 the name of a session entry


def remember(session: SessionBase, id_token: str | None) -> None:
    """Keep the ID token for sign-out, encrypted: a copy of the database must not hold one."""
    if id_token is None:
        return
    session[ID_TOKEN_KEY] = _cipher().encrypt(id_token.encode()).decode()


def end_session_url(request: HttpRequest) -> str | None:
    """Where the browser ends FranceConnect's session; None when there is none to end.

    Takes the ID token out of the session, so it is asked before the portal ends it; the portal
    ends its own first, and whatever FranceConnect answers, the person is out. For that reason
    `state`, which the provider echoes, needs no check on return: nothing is left to change.
    """
    platform = conf.platform()
    id_token = take_id_token(request.session)
    if platform is None or id_token is None:
        return None
    try:
        endpoint = client.metadata(platform).end_session_endpoint
    except FranceConnectError:
        return None
    query = {
        "id_token_hint": id_token,
        "state": get_random_string(32),
        "post_logout_redirect_uri": platform.post_logout_redirect_uri,
    }
    return f"{endpoint}?{urlencode(query)}"


def take_id_token(session: SessionBase) -> str | None:
    """The ID token of this session, out of it for good; None when it holds none of ours."""
    stored = session.pop(ID_TOKEN_KEY, None)
    if stored is None:
        return None
    try:
        return _cipher().decrypt(stored.encode()).decode()
    except InvalidToken:
        return None


def _cipher() -> Fernet:
    key = salted_hmac("franceconnect.sign_out", "id_token", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))
