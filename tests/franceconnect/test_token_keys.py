"""Who signed a token: the algorithm registered, a key of the set, and nothing that it brings."""

import hashlib
import json
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm

from franceconnect import tokens
from franceconnect.exceptions import TokenRefused, UnknownKey
from tests.franceconnect import forge
from tests.franceconnect.forge import (
    EC_KEY,
    HEADER,
    ID_TOKEN,
    NOW,
    OTHER_EC_KEY,
    RSA_KEY,
    SUB,
    b64,
    id_token,
    jwk,
    platform,
    sign,
)

PLATFORM = platform()
RS256 = platform(signing_alg="RS256")


def rsa_token(key=RSA_KEY):
    return id_token(header=HEADER | {"alg": "RS256"}, key=key)


def verify(token, *, asked=PLATFORM, keys=None, now=NOW):
    keys = [jwk()] if keys is None else keys
    return tokens.verify_id_token(token, platform=asked, keys=keys, nonce="n" * 43, now=now)


def code_of(token, **kwargs):
    with pytest.raises(TokenRefused) as caught:
        verify(token, **kwargs)
    return caught.value.code


def test_a_token_signed_by_an_unknown_key_is_refused():
    with pytest.raises(UnknownKey):
        verify(id_token(key=OTHER_EC_KEY))


def test_an_unknown_kid_is_refused_even_when_the_key_would_verify():
    with pytest.raises(UnknownKey):
        verify(id_token(header=HEADER | {"kid": "key-2"}))


def test_a_changed_payload_is_refused():
    header, _, signature = id_token().split(".")
    forged = b64(json.dumps(ID_TOKEN | {"sub": "b" * 66}).encode())

    with pytest.raises(UnknownKey):
        verify(f"{header}.{forged}.{signature}")


@pytest.mark.parametrize("signature", ["", "AAAA", b64(b"\0" * 64), b64(b"\xff" * 64), "é"])
def test_a_signature_of_another_shape_is_refused(signature):
    header, payload, _ = id_token().split(".")

    assert code_of(f"{header}.{payload}.{signature}") in ("unknown_key", "token_malformed")


def test_an_unsigned_token_is_refused():
    header, payload, _ = id_token(header={"alg": "none", "kid": "key-1"}).split(".")

    assert code_of(f"{header}.{payload}.") == "algorithm_mismatch"


@pytest.mark.parametrize(
    "key",
    [PLATFORM.client_secret.encode(), forge.public_pem()],
    ids=["client secret", "public key"],
)
def test_a_token_signed_with_a_shared_secret_is_refused(key):
    """RFC 8725 §2.1: the public key used as an HMAC secret."""
    assert code_of(id_token(header=HEADER | {"alg": "HS256"}, key=key)) == "algorithm_mismatch"


@pytest.mark.parametrize("alg", ["RS256", "ES384", "es256", "", None, 5, ["ES256"], {"a": 1}])
def test_an_algorithm_that_is_not_the_registered_one_is_refused(alg):
    keys = [jwk(), jwk(RSA_KEY)]
    key = RSA_KEY if alg == "RS256" else EC_KEY

    assert code_of(id_token(header=HEADER | {"alg": alg}, key=key), keys=keys) in (
        "algorithm_mismatch",
        "token_malformed",
    )


def test_rs256_is_accepted_when_registered_and_es256_is_not_then():
    keys = [jwk(), jwk(RSA_KEY)]

    assert verify(rsa_token(), asked=RS256, keys=keys).sub == SUB
    assert code_of(id_token(), asked=RS256, keys=keys) == "algorithm_mismatch"


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"crit": ["b64"], "b64": True},
    ],
)
def test_a_critical_extension_is_refused(extra):
    assert code_of(id_token(header=HEADER | extra)) in ("critical_header", "token_malformed")


@pytest.mark.parametrize(
    "extra",
    [
        {"jwk": jwk(OTHER_EC_KEY)},
        {"jku": "https://attacker.example/jwks"},
        {"x5u": "https://attacker.example/cert"},
        {"x5c": ["MII="]},
        {"x5t": "AAAA", "x5t#S256": "AAAA"},
        {"jwk": "no object", "jku": 5, "x5u": [], "x5c": {}},
    ],
    ids=lambda extra: "+".join(extra),
)
def test_a_key_brought_by_the_token_itself_is_never_used(extra):
    with pytest.raises(UnknownKey):
        verify(id_token(header=HEADER | extra, key=OTHER_EC_KEY))


@pytest.mark.parametrize(
    "extra",
    [{"jwk": jwk(OTHER_EC_KEY)}, {"jku": "https://attacker.example/"}, {"x5c": ["MII="]}],
    ids=lambda extra: "+".join(extra),
)
def test_a_key_brought_by_a_right_token_changes_nothing(extra):
    assert verify(id_token(header=HEADER | extra)).sub == SUB


@pytest.mark.parametrize("kid", [5, None, True, ["key-1"], {"a": "b"}, "", "KEY-1", "\ud800"])
def test_a_kid_of_another_type_is_refused(kid):
    assert code_of(id_token(header=HEADER | {"kid": kid})) in ("unknown_key", "token_malformed")


@pytest.mark.parametrize("kid", [5, None, True, ["key-1"], {"a": "b"}])
def test_a_kid_of_another_type_is_refused_even_when_the_key_set_has_it(kid):
    token = id_token(header=HEADER | {"kid": kid})

    assert code_of(token, keys=[{**jwk(), "kid": kid}]) in ("unknown_key", "token_malformed")


def test_a_payload_said_not_to_be_encoded_is_refused():
    """RFC 7797: without `crit`, whoever ignores `b64` would read another payload."""
    header = HEADER | {"b64": False}

    assert code_of(id_token(header=header)) == "token_malformed"
    assert code_of(sign(header, b"")) == "token_malformed"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("alg first none", b'{"alg": "none", "kid": "key-1", "alg": "ES256"}'),
        ("byte order mark", b'\xef\xbb\xbf{"alg": "ES256", "kid": "key-1"}'),
        ("utf-16", json.dumps(HEADER).encode("utf-16")),
    ],
)
def test_an_oddly_written_header_is_read_once_for_all(name, text):
    """Lenient or not, it must verify by the registered algorithm and the named key alone."""
    payload = json.dumps(ID_TOKEN).encode()

    assert verify(sign(text, payload)).sub == SUB
    with pytest.raises(UnknownKey):
        verify(sign(text, payload, OTHER_EC_KEY))


@pytest.mark.parametrize(
    "text",
    [
        b'{"alg": "ES256", "kid": "key-1", "alg": "none"}',
        b'{"alg": "ES256", "kid": "key-1", "n": ' + b"1" * 5000 + b"}",
        b'{"alg": "ES256", "kid": "key-1", "n": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"alg": "ES256"} {}',
        b"\x00",
    ],
    ids=["alg twice", "huge integer", "deep", "two objects", "NUL"],
)
def test_a_header_that_cannot_be_trusted_to_be_read_is_refused(text):
    token = sign(text, json.dumps(ID_TOKEN).encode())

    assert code_of(token) in ("token_malformed", "algorithm_mismatch")


def test_nesting_near_the_limit_of_the_interpreter_is_no_crash():
    codes = set()
    for depth in range(sys.getrecursionlimit() - 150, sys.getrecursionlimit()):
        deep = b"[" * depth + b"]" * depth
        header = b'{"alg": "ES256", "kid": "key-1", "n": %s}' % deep
        codes |= {code_of(sign(header, {})), code_of(sign(HEADER, b'{"n": %s}' % deep))}

    assert codes == {"token_malformed", "payload_malformed", "issuer_mismatch"}


def test_without_kid_a_single_key_is_enough_and_several_are_not():
    token = id_token(header={"alg": "ES256"})

    assert verify(token).sub == SUB
    with pytest.raises(UnknownKey):
        verify(token, keys=[jwk(), jwk(OTHER_EC_KEY, kid="key-2")])


def test_two_keys_under_one_kid_are_both_tried():
    others = [jwk(OTHER_EC_KEY), jwk(use="enc"), jwk(RSA_KEY), jwk(x="!")]

    assert verify(id_token(), keys=[*others, jwk()]).sub == SUB
    with pytest.raises(UnknownKey):
        verify(id_token(), keys=others)


@pytest.mark.parametrize(
    "members",
    [
        {"use": None},
        {"alg": None},
        {"use": None, "alg": None},
        {"key_ops": ["verify"], "x5t": "AAAA", "x5c": ["MII="], "nbf": 0, "unheard of": [{}]},
    ],
    ids=lambda members: "+".join(members),
)
def test_a_right_though_unusual_key_is_used(members):
    assert verify(id_token(), keys=[jwk(**members)]).sub == SUB


@pytest.mark.parametrize(
    "other",
    [
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "key-1"},
        {"kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA", "kid": "key-1"},
        {"kty": "oct", "k": "AAAA"},
        {"kty": ["EC"], "crv": {}, "kid": {}},
        {},
    ],
    ids=["OKP", "AKP", "oct", "wrong types", "empty"],
)
def test_what_else_the_key_set_holds_is_no_obstacle(other):
    assert verify(id_token(), keys=[other, jwk()]).sub == SUB


@pytest.mark.parametrize("size", [1024, 1536, 2047])
def test_a_small_rsa_key_is_not_used(size):
    """RFC 7518 §3.3: 2048 bits or larger must be used."""
    small = rsa.generate_private_key(public_exponent=65537, key_size=size)

    with pytest.raises(UnknownKey):
        verify(rsa_token(small), asked=RS256, keys=[jwk(small)])
    assert verify(rsa_token(), asked=RS256, keys=[jwk(small), jwk(RSA_KEY)]).sub == SUB


@pytest.mark.parametrize("exponent", [0, 1, 2, 3])
def test_an_rsa_key_of_a_weak_exponent_verifies_nothing(exponent):
    """With 1, whoever knows the modulus writes the signature."""
    key = jwk(RSA_KEY) | {"e": b64(bytes([exponent]))}
    head, _, _ = rsa_token().rpartition(".")
    digest = (
        bytes.fromhex("3031300d060960864801650304020105000420")
        + hashlib.sha256(head.encode()).digest()
    )
    padded = b"\x00\x01" + b"\xff" * (256 - 3 - len(digest)) + b"\x00" + digest

    for token in (rsa_token(), f"{head}.{b64(padded)}"):
        with pytest.raises(UnknownKey):
            verify(token, asked=RS256, keys=[key])


def test_a_key_of_another_curve_is_not_used():
    other = ec.generate_private_key(ec.SECP384R1())
    key = json.loads(ECAlgorithm(ECAlgorithm.SHA384).to_jwk(other.public_key()))
    keys = [key | {"kid": "key-1"}, key | {"kid": "key-1", "crv": "P-256"}]

    with pytest.raises(UnknownKey):
        verify(id_token(), keys=keys)


@pytest.mark.parametrize(
    "members",
    [
        {"use": "enc"},
        {"alg": "ES384"},
        {"kty": "oct", "k": b64(b"secret")},
        {"crv": "P-384"},
        {"crv": ["P-256"]},
        {"use": ["sig"]},
        {"alg": ["ES256"]},
        {"kty": ["EC"]},
        {"kid": ["key-1"]},
        {"x": "!"},
        {"x": None},
        {"x": 5},
        {"x": []},
        {"x": {}},
        {"x": True},
        {"x": "\ud800"},
        {"x": "A" * 100_000},
        {"y": b64(b"\x01" * 32)},
        {"d": "AAAA"},
        {"kty": None},
    ],
    ids=lambda members: repr(members)[:40],
)
def test_a_key_that_is_not_for_this_signature_is_not_used(members):
    with pytest.raises(UnknownKey):
        verify(id_token(), keys=[jwk(**members)])


def test_a_key_whose_private_half_is_published_is_not_used():
    """Whoever reads it signs as the provider: a mistake of theirs must not open spaces here."""
    published = jwk() | json.loads(ECAlgorithm(ECAlgorithm.SHA256).to_jwk(EC_KEY))

    with pytest.raises(UnknownKey):
        verify(id_token(), keys=[published])


@pytest.mark.parametrize("keys", [[], [{}], [{"kid": "key-1"}]])
def test_an_empty_or_odd_key_set_refuses(keys):
    with pytest.raises(UnknownKey):
        verify(id_token(), keys=keys)
