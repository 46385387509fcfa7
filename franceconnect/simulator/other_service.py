"""“Un autre service public”: a small relying party, so that single sign-on can be seen.

It lives in the same process but knows the simulator only by HTTP, like any service.
"""

import secrets
from dataclasses import dataclass, field

import jwt
import requests
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from joserfc import jwe
from joserfc.errors import JoseError

from franceconnect.simulator.encryption import REGISTRY
from franceconnect.simulator.error_pages import SeeOther, add_parameters, routed
from franceconnect.simulator.runtime import current

COOKIE = "autre_service_session"
PENDING_COOKIE = "autre_service_pending"
TIMEOUT = 5
SCOPES = "openid given_name family_name"


class SignInRefused(Exception):
    """Something in the answer is not what was asked for."""


REFUSALS = (
    SignInRefused,
    jwt.PyJWTError,
    JoseError,
    requests.RequestException,
    ValueError,
    KeyError,
)


@dataclass(frozen=True)
class PendingLogin:
    state: str
    nonce: str


@dataclass(frozen=True)
class SignedInSession:
    full_name: str
    id_token: str = field(repr=False)


@routed("GET", "HEAD")
def home(request: HttpRequest) -> HttpResponse:
    session = current().store.other_service_sessions.get(_read_cookie(request, COOKIE))
    return render(request, "other_service.html", {"session": session})


@routed("POST")
def start(request: HttpRequest) -> HttpResponse:
    """Send the browser to ``/authorize`` with exactly what FranceConnect accepts."""
    simulator = current()
    client = simulator.configuration.other_service
    pending = PendingLogin(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
    key = secrets.token_urlsafe(32)
    simulator.store.other_service_logins.put(key, pending)
    response = SeeOther(
        add_parameters(
            f"{simulator.configuration.issuer}/authorize",
            {
                "client_id": client.client_id,
                "redirect_uri": client.redirect_uris[0],
                "response_type": "code",
                "scope": SCOPES,
                "state": pending.state,
                "nonce": pending.nonce,
                "acr_values": simulator.platform.sso_level,
            },
        )
    )
    _write_cookie(response, PENDING_COOKIE, key)
    return response


@routed("GET")
def callback(request: HttpRequest) -> HttpResponse:
    """Back from FranceConnect: exchange the code, check the tokens, open the session."""
    store = current().store
    try:
        session = _sign_in(request)
    except REFUSALS:
        context = {"session": None, "was_refused": True}
        return render(request, "other_service.html", context, status=400)
    key = secrets.token_urlsafe(32)
    store.other_service_sessions.put(key, session)
    response = SeeOther(reverse("other_service"))
    _write_cookie(response, COOKIE, key)
    response.delete_cookie(current().platform.cookie(PENDING_COOKIE), samesite="Lax")
    return response


def _sign_in(request: HttpRequest) -> SignedInSession:
    simulator = current()
    pending = simulator.store.other_service_logins.pop(_read_cookie(request, PENDING_COOKIE))
    answered = request.GET
    if (
        pending is None
        or answered.get("state") != pending.state
        or answered.get("iss") != simulator.configuration.issuer
        or "code" not in answered
    ):
        raise SignInRefused
    base, client = simulator.configuration.internal_url, simulator.configuration.other_service
    form = {
        "grant_type": "authorization_code",
        "code": answered["code"],
        "redirect_uri": client.redirect_uris[0],
        "client_id": client.client_id,
        "client_secret": client.client_secret,
    }
    tokens = _body(requests.post(f"{base}/token", data=form, timeout=TIMEOUT)).json()
    id_token = _decrypted(tokens["id_token"])
    id_claims = _read_token(id_token)
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    userinfo = _body(requests.get(f"{base}/userinfo", headers=bearer, timeout=TIMEOUT))
    person = _read_token(_decrypted(userinfo.text))
    if id_claims["nonce"] != pending.nonce or person["sub"] != id_claims["sub"]:
        raise SignInRefused
    return SignedInSession(f"{person['given_name']} {person['family_name']}", id_token)


def _decrypted(token: str) -> str:
    """The signed token, which FranceConnect+ has nested in an encrypted one."""
    configuration = current().configuration
    if not configuration.platform.is_encrypted:
        return token
    opened = jwe.decrypt_compact(token, configuration.other_service_key, registry=REGISTRY)
    return opened.plaintext.decode()


def _body(response: requests.Response) -> requests.Response:
    response.raise_for_status()
    return response


def _read_token(token: str) -> dict:
    """The claims, once signature, issuer, audience and dates are checked."""
    configuration = current().configuration
    client = configuration.other_service
    published = _body(requests.get(f"{configuration.internal_url}/jwks", timeout=TIMEOUT)).json()
    kid = jwt.get_unverified_header(token).get("kid")
    key = next((key for key in jwt.PyJWKSet.from_dict(published).keys if key.key_id == kid), None)
    if key is None:
        raise SignInRefused
    return jwt.decode(
        token,
        key.key,
        algorithms=[client.signing_alg],
        audience=client.client_id,
        issuer=configuration.issuer,
        options={"require": ["sub", "iss", "aud", "exp", "iat"], "verify_iat": False},
    )


@routed("POST")
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the local session first, then the one at FranceConnect."""
    simulator = current()
    session = simulator.store.other_service_sessions.pop(_read_cookie(request, COOKIE))
    if session is None:
        return SeeOther(reverse("other_service"))
    response = SeeOther(
        add_parameters(
            f"{simulator.configuration.issuer}/session/end",
            {
                "id_token_hint": session.id_token,
                "state": secrets.token_urlsafe(32),
                "post_logout_redirect_uri": (
                    simulator.configuration.other_service.post_logout_redirect_uris[0]
                ),
            },
        )
    )
    response.delete_cookie(simulator.platform.cookie(COOKIE), samesite="Lax")
    return response


@routed("GET", "HEAD")
def signed_out(request: HttpRequest) -> HttpResponse:
    return render(request, "other_service.html", {"session": None, "has_left": True})


def _read_cookie(request: HttpRequest, name: str) -> str:
    try:
        signed = request.COOKIES.get(current().platform.cookie(name), "")
        return signing.Signer(salt=name).unsign(signed)
    except signing.BadSignature:
        return ""


def _write_cookie(response: HttpResponse, name: str, key: str) -> None:
    response.set_cookie(
        current().platform.cookie(name),
        signing.Signer(salt=name).sign(key),
        httponly=True,
        secure=current().configuration.is_https,
        samesite="Lax",
    )
