"""What FranceConnect+ encrypts for this portal: our keys, and the opening of a nested token.

Sources: RFC 7516 (JWE), RFC 7518 §4 and §5 (algorithms), RFC 7519 §5.2 and A.2 (nested JWT),
RFC 7638 (thumbprint), and the FranceConnect documentation for what that provider sends.
"""

import json
import re
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.views.decorators.debug import sensitive_variables
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64decode

from franceconnect.conf import Platform
from franceconnect.exceptions import TokenRefused

# What FranceConnect+ may encrypt with; the first of each list is what our key set asks for.
ALGORITHMS = {"EC": ("ECDH-ES",), "RSA": ("RSA-OAEP-256", "RSA-OAEP")}
CONTENT_ALGORITHM = "A256GCM"
MIN_RSA_BITS = 2048
PEM_BLOCK = re.compile(r"(-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \2-----)", re.DOTALL)

EncryptionKey = ECKey | RSAKey


@lru_cache(maxsize=4)
@sensitive_variables()
def private_keys(pem: str) -> dict[str, EncryptionKey]:
    """The private keys of a text of PEM blocks, by `kid`: the thumbprint of the public half.

    Raises ValueError when there is none, or one that FranceConnect+ could not use: an RSA key
    under 2048 bits, a curve other than P-256.
    """
    keys = [_private_key(block) for block, _ in PEM_BLOCK.findall(pem)]
    if not keys:
        raise ValueError("no private key")
    return {key.thumbprint(): key for key in keys}


@sensitive_variables()
def _private_key(block: str) -> EncryptionKey:
    try:
        key = load_pem_private_key(block.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return ECKey.import_key(block)
    if isinstance(key, RSAPrivateKey) and key.key_size >= MIN_RSA_BITS:
        return RSAKey.import_key(block)
    # The text of the first error could quote the key.
    raise ValueError("unreadable or unsuitable private key")


def public_keys(pem: str) -> list[dict]:
    """The public halves alone, as a key set holds them (RFC 7517 §4), in the order of `pem`."""
    return [
        {
            **key.as_dict(private=False),
            "kid": kid,
            "use": "enc",
            "alg": ALGORITHMS[key.key_type][0],
        }
        for kid, key in private_keys(pem).items()
    ]


@sensitive_variables()
def opened(token: str, platform: Platform) -> str:
    """The signed token inside an encrypted one.

    The `kid` names which of our keys; neither algorithm is taken from the token unless listed
    here (RFC 8725 §3.1). Raises TokenRefused.
    """
    header = _checked_header(token)
    key = private_keys(platform.encryption_key).get(header["kid"])
    if key is None:
        raise TokenRefused("encryption_key_unknown")
    algorithms = ALGORITHMS[key.key_type]
    if header.get("alg") not in algorithms or header.get("enc") != CONTENT_ALGORITHM:
        raise TokenRefused("encryption_algorithm_mismatch")
    # FranceConnect+ adds `iss` and `aud` to the header: the strict reader would refuse them.
    registry = jwe.JWERegistry(
        algorithms=[*algorithms, CONTENT_ALGORITHM], strict_check_header=False
    )
    try:
        plaintext = jwe.decrypt_compact(token, key, registry=registry).plaintext
        return plaintext.decode("ascii")
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise TokenRefused("token_not_decrypted") from None


def _checked_header(token: str) -> dict:
    """The header of a nested JWT made of five parts, nothing compressed, nothing critical."""
    if not isinstance(token, str) or token.count(".") != 4:
        raise TokenRefused("token_not_encrypted")
    try:
        header = json.loads(urlsafe_b64decode(token.split(".")[0].encode("ascii")))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or not isinstance(header.get("kid"), str):
        raise TokenRefused("token_malformed")
    # A few compressed bytes can hold gigabytes, and nothing here needs them (RFC 8725 §3.6).
    if "zip" in header or "crit" in header:
        raise TokenRefused("critical_header")
    # RFC 7519 §5.2: a nested JWT says so.
    if str(header.get("cty", "")).upper() != "JWT":
        raise TokenRefused("token_not_nested")
    return header
