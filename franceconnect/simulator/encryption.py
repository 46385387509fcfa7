"""What FranceConnect+ encrypts for a service: a signed token nested in a JWE.

Sources: FranceConnect documentation, “FranceConnect+”; RFC 7516 (JWE), RFC 7518 §4 and §5
(algorithms), RFC 7519 §5.2 (``cty``).
"""

from dataclasses import dataclass
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

# By kind of key; the service chooses in its key set, by the ``alg`` of the key.
ALGORITHMS = {"EC": ("ECDH-ES",), "RSA": ("RSA-OAEP", "RSA-OAEP-256")}
CONTENT_ALGORITHM = "A256GCM"
SHORTEST_RSA_KEY = 2048
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
# ``iss`` and ``aud`` are no members of a JWE header: the strict writer would refuse them. What
# a test may ask for besides is every algorithm that the library knows.
REGISTRY = jwe.JWERegistry(
    algorithms=[
        name for kind in ("alg", "enc", "zip") for name in jwe.JWERegistry.algorithms[kind]
    ],
    strict_check_header=False,
)


class UnusableKeySet(Exception):
    """Nothing can be encrypted for this service; the message says why, in the library's words."""


@dataclass(frozen=True)
class EncryptionKey:
    """The public half of a service's key, with the name and algorithm it was published under."""

    kid: str
    algorithm: str
    public_key: ECKey | RSAKey


def choose_key(key_set: Any) -> EncryptionKey:
    """The first key of a set (RFC 7517 §5) that serves to encrypt.

    Raises ``UnusableKeySet`` when there is none, or when the set shows a private key.
    """
    keys = key_set.get("keys") if isinstance(key_set, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise UnusableKeySet("client JSON Web Key Set is invalid")
    if any(PRIVATE_MEMBERS & set(key) for key in keys):
        raise UnusableKeySet("client JSON Web Key Set must not contain private or symmetric keys")
    for jwk in keys:
        if jwk.get("use") == "enc" and (key := _read_key(jwk)):
            return key
    raise UnusableKeySet("no suitable encryption key found")


def _read_key(jwk: dict[str, Any]) -> EncryptionKey | None:
    kid, algorithm = jwk.get("kid"), jwk.get("alg")
    known = ALGORITHMS.get(jwk.get("kty"), ()) if isinstance(jwk.get("kty"), str) else ()
    if not kid or not isinstance(kid, str) or algorithm not in known:
        return None
    try:
        key = (ECKey if jwk["kty"] == "EC" else RSAKey).import_key(jwk)
        if isinstance(key, RSAKey) and key.raw_value.key_size < SHORTEST_RSA_KEY:
            return None
    except (JoseError, ValueError, TypeError):
        return None
    return EncryptionKey(kid, algorithm, key)


def header_for(key: EncryptionKey, *, issuer: str, audience: str) -> dict[str, Any]:
    """The protected header of FranceConnect+; ``epk`` is added while encrypting."""
    return {
        "alg": key.algorithm,
        "enc": CONTENT_ALGORITHM,
        "cty": "JWT",
        "kid": key.kid,
        "iss": issuer,
        "aud": audience,
    }


def encrypt(header: dict[str, Any], content: str, key: ECKey | RSAKey) -> str:
    """A compact JWE. Raises ``JoseError`` or ``ValueError`` when header and key do not agree."""
    return jwe.encrypt_compact(header, content, key, registry=REGISTRY)
