"""Tokens that no relying party should accept, made for its tests."""

import hashlib
import hmac
from typing import Any

from franceconnect.simulator.configuration import Client
from franceconnect.simulator.keys import KeyRing, SigningKey, encode_part, new_key

DATES = ("iat", "exp", "auth_time")
ANNOUNCED_ALGORITHM = {"none": "none", "secret_hs256": "HS256", "public_key_hs256": "HS256"}


def forge_token(
    fault: dict[str, Any], claims: dict[str, Any], *, client: Client, keys: KeyRing
) -> str:
    """A compact token with what the fault asks for; see ``control`` for its members."""
    if "raw" in fault:
        return fault["raw"]
    signing = fault.get("signing", client.signing_alg)
    key = keys.signing_key(signing if signing in ("ES256", "RS256") else client.signing_alg)
    header = {"alg": ANNOUNCED_ALGORITHM.get(signing, key.algorithm), "kid": key.kid}
    header |= fault.get("header", {})
    signed = f"{encode_part(header)}.{encode_part(_changed(claims, fault))}"
    signature = _signature(signing, signed.encode(), key, client)
    return signed if signature is None else f"{signed}.{encode_part(signature)}"


def _changed(claims: dict[str, Any], fault: dict[str, Any]) -> dict[str, Any]:
    shift = fault.get("shift", 0)
    moved = {name: value + shift if name in DATES else value for name, value in claims.items()}
    removed = fault.get("remove", ())
    return {
        name: value
        for name, value in (moved | fault.get("claims", {})).items()
        if name not in removed
    }


def _signature(signing: str, message: bytes, key: SigningKey, client: Client) -> bytes | None:
    if signing == "missing":
        return None
    if signing == "none":
        return b""
    if signing == "secret_hs256":
        return hmac.digest(client.client_secret.encode(), message, hashlib.sha256)
    if signing == "public_key_hs256":
        return hmac.digest(key.public_pem(), message, hashlib.sha256)
    if signing == "other_key":
        return new_key(key.algorithm).sign(message)
    signature = key.sign(message)
    return bytes([signature[0] ^ 1]) + signature[1:] if signing == "broken" else signature
