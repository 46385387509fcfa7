"""Tokens that no relying party should accept, made for its tests."""

import hashlib
import hmac
import json
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from franceconnect.simulator.configuration import Client
from franceconnect.simulator.encryption import SHORTEST_RSA_KEY, encrypt
from franceconnect.simulator.keys import (
    KeyRing,
    SigningKey,
    decode_part,
    encode_part,
    new_key,
)

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


def leaves_plain(fault: dict[str, Any]) -> bool:
    """Whether the token of this fault is sent as it is, even where tokens are encrypted."""
    return "raw" in fault or fault.get("encryption") == "missing"


def forge_encryption(
    fault: dict[str, Any], token: str, header: dict[str, Any], key: ECKey | RSAKey
) -> str:
    """A compact JWE with what the fault asks for; a sound one when it asks for nothing.

    Other algorithms are really used where the library and the key allow it; else the header
    only announces them.
    """
    content = fault.get("payload", token)
    encryption = fault.get("encryption")
    if encryption == "not_signed":
        content = decode_part(token.split(".")[1]).decode()
    if encryption == "other_key":
        key = _other_key(key)
    wanted = header | fault.get("encryption_header", {})
    try:
        sealed = encrypt({n: v for n, v in wanted.items() if v is not None}, content, key)
    except (JoseError, ValueError, TypeError, KeyError):
        sealed = _announcing(wanted, encrypt(header, content, key))
    return _with_broken_tag(sealed) if encryption == "broken" else sealed


def _other_key(key: ECKey | RSAKey) -> ECKey | RSAKey:
    if isinstance(key, ECKey):
        return ECKey.generate_key(key.curve_name)
    return RSAKey.generate_key(SHORTEST_RSA_KEY)


def _announcing(wanted: dict[str, Any], sealed: str) -> str:
    """The same token under another header, which its authentication tag does not cover."""
    first, rest = sealed.split(".", 1)
    header = json.loads(decode_part(first)) | wanted
    kept = {name: value for name, value in header.items() if value is not None}
    return f"{encode_part(kept)}.{rest}"


def _with_broken_tag(sealed: str) -> str:
    start, tag = sealed.rsplit(".", 1)
    raw = decode_part(tag)
    return f"{start}.{encode_part(bytes([raw[0] ^ 1]) + raw[1:])}"
