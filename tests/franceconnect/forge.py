"""Tokens made by hand, right or wrong: no library stands between a test and its forgery."""

import base64
import json

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from franceconnect.conf import FRANCECONNECT, Platform

EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NOW = 1_800_000_000
ISSUER = "https://fc.example/api/v2"
SUB = "a" * 64 + "v1"
HEADER = {"alg": "ES256", "kid": "key-1"}
# What FranceConnect says of somebody who signs in to `platform()`.
ID_TOKEN = {
    "sub": SUB,
    "acr": "eidas1",
    "auth_time": NOW,
    "nonce": "n" * 43,
    "aud": "portail",
    "exp": NOW + 60,
    "iat": NOW,
    "iss": ISSUER,
}


def platform(**changes) -> Platform:
    """The platform that the tokens made here are for."""
    values = {
        "name": FRANCECONNECT,
        "issuer": ISSUER,
        "client_id": "portail",
        "client_secret": "secret-du-portail-0123456789",
        "scopes": "openid",
        "acr_values": "eidas1",
        "signing_alg": "ES256",
        "timeout": 5,
    }
    return Platform(**values | changes)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwk(key=EC_KEY, **members) -> dict:
    """The public half of `key` as the provider publishes it."""
    algorithm, name = (ECAlgorithm, "ES256")
    if isinstance(key, rsa.RSAPrivateKey):
        algorithm, name = (RSAAlgorithm, "RS256")
    public = json.loads(algorithm.to_jwk(key.public_key()))
    values = {**public, "kid": "key-1", "use": "sig", "alg": name, **members}
    return {name: value for name, value in values.items() if value is not None}


def sign(header, payload, key=EC_KEY) -> str:
    """A JWS; `header` and `payload` are anything that JSON holds, or bytes as they are."""
    parts = [
        part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)
    ]
    signed = ".".join(b64(part) for part in parts)
    return f"{signed}.{b64(signature(signed.encode(), key))}"


def id_token(header=HEADER, key=EC_KEY, without=(), **claims) -> str:
    payload = {name: value for name, value in (ID_TOKEN | claims).items() if name not in without}
    return sign(header, payload, key)


def signature(data: bytes, key) -> bytes:
    if isinstance(key, bytes):
        mac = hmac.HMAC(key, hashes.SHA256())
        mac.update(data)
        return mac.finalize()
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def public_pem(key=EC_KEY) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
