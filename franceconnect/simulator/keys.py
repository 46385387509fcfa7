"""Signing keys: made at each start, published as a key set, replaced on demand."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import get_algorithm_by_name

from franceconnect.simulator.platforms import Platform


@dataclass(frozen=True)
class SigningKey:
    """A private key with the name (``kid``) and algorithm under which it signs."""

    kid: str
    algorithm: str
    private_key: Any

    def jwk(self) -> dict[str, str]:
        """The public half, as published (RFC 7517)."""
        public = get_algorithm_by_name(self.algorithm).to_jwk(
            self.private_key.public_key(), as_dict=True
        )
        public.pop("key_ops", None)
        return public | {"kid": self.kid, "use": "sig", "alg": self.algorithm}

    def public_pem(self) -> bytes:
        return self.private_key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, message: bytes) -> bytes:
        return get_algorithm_by_name(self.algorithm).sign(message, self.private_key)


def new_key(algorithm: str, kid: str = "") -> SigningKey:
    """A fresh key pair for ``ES256`` or ``RS256``."""
    private_key = (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm == "ES256"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    return SigningKey(kid, algorithm, private_key)


class KeyRing:
    """The keys in use, and those of earlier rotations, good only to read old sign-out hints."""

    def __init__(self, platform: Platform):
        self._platform = platform
        self._generation = 0
        self._current: tuple[SigningKey, ...] = ()
        self._all: tuple[SigningKey, ...] = ()
        self.rotate()

    def rotate(self) -> None:
        """Replace every key, under new names; the old ones leave the published set."""
        self._generation += 1
        self._current = tuple(
            new_key(algorithm, self._name(algorithm)) for algorithm in self._platform.algorithms
        )
        self._all += self._current

    def _name(self, algorithm: str) -> str:
        suffix = "" if self._generation == 1 else f":{self._generation}"
        return self._platform.key_name.format(algorithm=algorithm) + suffix

    def signing_key(self, algorithm: str) -> SigningKey:
        """The key in use for this algorithm.

        An algorithm that the platform does not serve, asked by a test, gets a key that nobody
        published, under the name of one that is.
        """
        for key in self._current:
            if key.algorithm == algorithm:
                return key
        return new_key(algorithm, self._current[0].kid)

    def ever_used(self) -> tuple[SigningKey, ...]:
        return self._all

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        return {"keys": [key.jwk() for key in self._current]}


def encode_part(part: bytes | dict) -> str:
    """One part of a compact JWS: base64url without padding (RFC 7515 §3.1)."""
    raw = part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_part(part: str) -> bytes:
    """What ``encode_part`` encoded; raises ``ValueError`` on anything else."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def sign_token(key: SigningKey, claims: dict[str, Any]) -> str:
    """A compact JWS whose header holds only ``alg`` and ``kid``, as FranceConnect's."""
    signed = f"{encode_part({'alg': key.algorithm, 'kid': key.kid})}.{encode_part(claims)}"
    return f"{signed}.{encode_part(key.sign(signed.encode()))}"
