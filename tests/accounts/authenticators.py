"""What a telephone does, done here: an app's codes (RFC 6238), a passkey (WebAuthn Level 2)."""

import base64
import hashlib
import hmac
import json
import struct
import time
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def totp(secret: str, *, at: float | None = None) -> str:
    """The six digits that an app shows for this secret (RFC 4226 §5.3, RFC 6238 §4.2)."""
    counter = struct.pack(">Q", int(time.time() if at is None else at) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    (number,) = struct.unpack(">I", digest[offset : offset + 4])
    return f"{(number & 0x7FFFFFFF) % 10**6:06d}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class SoftPasskey:
    """A passkey in memory; `is_verified` says whether its owner showed a finger or a PIN."""

    origin: str = "http://localhost"
    rp_id: str = "localhost"
    is_verified: bool = True
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = b"a passkey of the tests"
    user_handle: str = ""

    def create(self, options: dict) -> str:
        """The browser's answer to `navigator.credentials.create`, as a form sends it."""
        options = options["creation_options"]["publicKey"]
        self.user_handle = options["user"]["id"]
        public_key = cbor.encode(ES256.from_cryptography_key(self.key.public_key()))
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id
        data = self._authenticator_data(ATTESTED) + attested + public_key
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", options["challenge"])
        return self._answer(attestationObject=encoded(attestation), clientDataJSON=client_data)

    def get(self, options: dict) -> str:
        """The browser's answer to `navigator.credentials.get`."""
        challenge = options["request_options"]["publicKey"]["challenge"]
        client_data = self._client_data("webauthn.get", challenge)
        raw = base64.urlsafe_b64decode(client_data + "==")
        data = self._authenticator_data()
        signed = data + hashlib.sha256(raw).digest()
        return self._answer(
            authenticatorData=encoded(data),
            clientDataJSON=client_data,
            signature=encoded(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            userHandle=self.user_handle,
        )

    def _authenticator_data(self, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if self.is_verified else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, 0)

    def _client_data(self, kind: str, challenge: str) -> str:
        data = {"type": kind, "challenge": challenge, "origin": self.origin}
        return encoded(json.dumps(data).encode())

    def _answer(self, **response) -> str:
        name = encoded(self.credential_id)
        answer = {"id": name, "rawId": name, "type": "public-key", "response": response}
        return json.dumps(answer | {"clientExtensionResults": {}})
