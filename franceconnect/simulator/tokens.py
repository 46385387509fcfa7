"""What a service receives: the id_token and the userinfo answer, signed, perhaps encrypted."""

import secrets
from dataclasses import dataclass
from typing import Any

from franceconnect.simulator.authorization_request import AuthorizationRequest
from franceconnect.simulator.configuration import Client
from franceconnect.simulator.encryption import header_for
from franceconnect.simulator.forgery import forge_encryption, forge_token, leaves_plain
from franceconnect.simulator.keys import sign_token
from franceconnect.simulator.people import Identity
from franceconnect.simulator.runtime import Simulator

LIFETIME = 60


@dataclass(frozen=True)
class Grant:
    """One completed sign-in at one service, behind its code and then its access token."""

    request: AuthorizationRequest
    identity: Identity
    provider_uid: str
    methods: tuple[str, ...]
    auth_time: int
    acr: str
    access_token: str
    expires: int = 0


def new_value() -> str:
    """43 URL-safe characters, the shape of FranceConnect's codes and access tokens."""
    return secrets.token_urlsafe(32)


def subject(simulator: Simulator, grant: Grant, client: Client) -> str:
    service = client.entity_id or client.client_id
    return grant.identity.sub_for(service, simulator.platform.sub_secret)


def make_id_token(simulator: Simulator, grant: Grant, client: Client) -> str:
    """Exactly the eight claims of FranceConnect, nine with ``amr`` when asked and granted.

    This and ``make_userinfo`` raise ``UnusableKeySet`` when nothing can be encrypted for the
    service.
    """
    now = int(simulator.clock.now())
    claims = {
        "sub": subject(simulator, grant, client),
        "acr": grant.acr,
        "auth_time": grant.auth_time,
        "nonce": grant.request.nonce,
        "aud": client.client_id,
        "exp": now + LIFETIME,
        "iat": now,
        "iss": simulator.configuration.issuer,
    }
    if grant.request.wants_amr:
        claims["amr"] = list(grant.methods)
    return _finished(simulator, "id_token", claims, client)


def make_userinfo(simulator: Simulator, grant: Grant, client: Client) -> str:
    """The claims opened by the scopes, as a signed token that ends with the access token."""
    opened = simulator.platform.scopes.claims_of(grant.request.scopes)
    held = grant.identity.claims() | {"idp_id": grant.provider_uid}
    claims = {"sub": subject(simulator, grant, client)}
    claims |= {name: value for name, value in held.items() if name in opened}
    claims |= {
        "aud": client.client_id,
        "exp": grant.expires,
        "iat": int(simulator.clock.now()),
        "iss": simulator.configuration.issuer,
    }
    return _finished(simulator, "userinfo_token", claims, client)


def _finished(simulator: Simulator, place: str, claims: dict[str, Any], client: Client) -> str:
    """The token signed, encrypted too where the platform does so, or spoilt as a test asked."""
    fault = simulator.faults.take(place)
    if fault:
        token = forge_token(fault, claims, client=client, keys=simulator.keys)
    else:
        token = sign_token(simulator.keys.signing_key(client.signing_alg), claims)
    if not simulator.platform.is_encrypted or leaves_plain(fault):
        return token
    key = simulator.service_keys.key_of(client)
    header = header_for(key, issuer=simulator.configuration.issuer, audience=client.client_id)
    return forge_encryption(fault, token, header, key.public_key)
