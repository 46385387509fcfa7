"""What a service receives: the id_token and the userinfo answer, both signed."""

import secrets
from dataclasses import dataclass
from typing import Any

from franceconnect.simulator.authorization_request import AuthorizationRequest
from franceconnect.simulator.configuration import Client
from franceconnect.simulator.forgery import forge_token
from franceconnect.simulator.keys import sign_token
from franceconnect.simulator.people import Identity
from franceconnect.simulator.runtime import Simulator
from franceconnect.simulator.scopes import claims_of

LIFETIME = 60


@dataclass(frozen=True)
class Grant:
    """One completed sign-in at one service, behind its code and then its access token."""

    request: AuthorizationRequest
    identity: Identity
    provider_uid: str
    methods: tuple[str, ...]
    auth_time: int
    access_token: str
    expires: int = 0


def new_value() -> str:
    """43 URL-safe characters, the shape of FranceConnect's codes and access tokens."""
    return secrets.token_urlsafe(32)


def subject(grant: Grant, client: Client) -> str:
    return grant.identity.sub_for(client.entity_id or client.client_id)


def make_id_token(simulator: Simulator, grant: Grant, client: Client) -> str:
    """Exactly the eight claims of FranceConnect, nine with ``amr`` when asked and granted."""
    now = int(simulator.clock.now())
    claims = {
        "sub": subject(grant, client),
        "acr": grant.request.acr,
        "auth_time": grant.auth_time,
        "nonce": grant.request.nonce,
        "aud": client.client_id,
        "exp": now + LIFETIME,
        "iat": now,
        "iss": simulator.configuration.issuer,
    }
    if grant.request.wants_amr:
        claims["amr"] = list(grant.methods)
    return _signed(simulator, "id_token", claims, client)


def make_userinfo(simulator: Simulator, grant: Grant, client: Client) -> str:
    """The claims opened by the scopes, as a signed token that ends with the access token."""
    opened = claims_of(grant.request.scopes)
    held = grant.identity.claims() | {"idp_id": grant.provider_uid}
    claims = {"sub": subject(grant, client)}
    claims |= {name: value for name, value in held.items() if name in opened}
    claims |= {
        "aud": client.client_id,
        "exp": grant.expires,
        "iat": int(simulator.clock.now()),
        "iss": simulator.configuration.issuer,
    }
    return _signed(simulator, "userinfo_token", claims, client)


def _signed(simulator: Simulator, place: str, claims: dict[str, Any], client: Client) -> str:
    fault = simulator.faults.take(place)
    if fault:
        return forge_token(fault, claims, client=client, keys=simulator.keys)
    return sign_token(simulator.keys.signing_key(client.signing_alg), claims)
