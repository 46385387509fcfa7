"""The end of the session at FranceConnect, asked by a service (RP-Initiated Logout 1.0).

FranceConnect goes through a form that sends itself by script; here a chain of redirects does
the same, so that signing out works without JavaScript.
"""

import json
import secrets
from dataclasses import dataclass

import jwt
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from franceconnect.simulator import error_pages
from franceconnect.simulator.configuration import Client
from franceconnect.simulator.error_pages import PageError, SeeOther, add_parameters, routed
from franceconnect.simulator.keys import decode_part
from franceconnect.simulator.runtime import current
from franceconnect.simulator.sessions import close_session

ACCEPTED = frozenset(
    {
        "id_token_hint",
        "post_logout_redirect_uri",
        "state",
        "client_id",
        "logout_hint",
        "ui_locales",
    }
)


@dataclass(frozen=True)
class SignOut:
    """A sign-out request that passed the checks, and the address it goes back to."""

    return_url: str


@routed("GET")
def session_end(request: HttpRequest) -> HttpResponse:
    """Check the request; nothing ends before the next step."""
    parameters = request.GET.dict()
    if set(parameters) - ACCEPTED or not parameters.get("id_token_hint"):
        raise PageError(error_pages.BAD_PARAMETERS)
    client = _client_of(parameters["id_token_hint"])
    if client is None or parameters.get("client_id", client.client_id) != client.client_id:
        raise PageError(error_pages.LIBRARY_ERROR)
    uid = secrets.token_urlsafe(16)
    current().store.sign_outs.put(uid, SignOut(_return_url(parameters, client)))
    return SeeOther(add_parameters(reverse("session_end_confirm"), {"uid": uid}))


def _return_url(parameters: dict[str, str], client: Client) -> str:
    uri = parameters.get("post_logout_redirect_uri")
    if uri is None:
        return reverse("session_end_success")
    if uri not in client.post_logout_redirect_uris:
        raise PageError(
            error_pages.LIBRARY_ERROR, message="post_logout_redirect_uri not registered"
        )
    return add_parameters(uri, {"state": parameters["state"]}) if "state" in parameters else uri


def _client_of(id_token: str) -> Client | None:
    """The audience of a token that we signed, whenever that was: its end does not matter.

    FranceConnect+ too wants the signed token, once the service has decrypted it.
    """
    simulator = current()
    try:
        audience = json.loads(decode_part(id_token.split(".")[1]))["aud"]
        client = simulator.configuration.find_client(audience)
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    for key in simulator.keys.ever_used():
        try:
            jwt.decode(
                id_token,
                key.private_key.public_key(),
                algorithms=[key.algorithm],
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            continue
        return client
    return None


@routed("GET")
def session_end_confirm(request: HttpRequest) -> HttpResponse:
    """End the session, then go back to the service, even when there was none left."""
    sign_out = current().store.sign_outs.pop(request.GET.get("uid", ""))
    if sign_out is None:
        raise PageError(error_pages.SESSION_EXPIRED)
    close_session(request)
    return SeeOther(sign_out.return_url)


@routed("GET", "HEAD")
def session_end_success(request: HttpRequest) -> HttpResponse:
    return render(request, "signed_out.html")
