"""Tokens that FranceConnect+ encrypts for us, and every way they can be wrong (case 32)."""

import base64
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

from franceconnect import conf, encryption
from franceconnect.exceptions import TokenRefused
from tests.franceconnect.forge import b64

SIGNED = "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl"


def pem(key, form=PrivateFormat.PKCS8) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OLD_KEY = ec.generate_private_key(ec.SECP256R1())
STRANGE_KEY = ec.generate_private_key(ec.SECP256R1())
KEYS = {"EC": EC_KEY, "RSA": RSA_KEY, "OLD": OLD_KEY, "STRANGE": STRANGE_KEY}
JOSE = {
    name: (RSAKey if name == "RSA" else ECKey).import_key(pem(key)) for name, key in KEYS.items()
}
ALL_ALGORITHMS = [
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "A256GCM",
    "A128GCM",
    "A256CBC-HS512",
    "DEF",
]


@pytest.fixture
def platform():
    return replace(
        conf.platform(),
        name=conf.FRANCECONNECT_PLUS,
        encryption_key=pem(EC_KEY) + pem(RSA_KEY) + pem(OLD_KEY),
    )


def encrypted(key="EC", text=SIGNED, **changes) -> str:
    """A token as FranceConnect+ sends it; a header member is removed by None."""
    header = {
        "alg": "RSA-OAEP-256" if key == "RSA" else "ECDH-ES",
        "enc": "A256GCM",
        "cty": "JWT",
        "kid": JOSE[key].thumbprint(),
        "iss": "https://fc.example/api/v2",
        "aud": "portail",
    } | changes
    header = {name: value for name, value in header.items() if value is not None}
    registry = jwe.JWERegistry(algorithms=ALL_ALGORITHMS, strict_check_header=False)
    return jwe.encrypt_compact(header, text, JOSE[key], registry=registry)


def refused(token, platform) -> str:
    with pytest.raises(TokenRefused) as caught:
        encryption.opened(token, platform)
    assert SIGNED not in str(caught.value)
    return caught.value.code


# --- What is right ---


@pytest.mark.parametrize("key", ["EC", "RSA", "OLD"])
def test_a_token_for_any_of_our_keys_is_opened(platform, key):
    assert encryption.opened(encrypted(key), platform) == SIGNED


def test_the_older_rsa_padding_is_accepted_too(platform):
    assert encryption.opened(encrypted("RSA", alg="RSA-OAEP"), platform) == SIGNED


def test_what_says_that_it_is_nested_says_it_in_any_case(platform):
    assert encryption.opened(encrypted(cty="jwt"), platform) == SIGNED


# --- What is wrong ---


def test_a_token_that_is_not_encrypted_is_refused(platform):
    assert refused(SIGNED, platform) == "token_not_encrypted"


@pytest.mark.parametrize(
    "token", ["", "....", "a.b.c.d", "a.b.c.d.e", None, 5, ["a"], "\ud800...."]
)
def test_what_is_no_token_is_refused(platform, token):
    assert refused(token, platform) in ("token_not_encrypted", "token_malformed")


@pytest.mark.parametrize(
    "header", [b"[]", b"5", b'"x"', b"null", b"\xff", b"{", b"[" * 100_000, b"{}", b'{"kid": 5}']
)
def test_a_header_that_says_nothing_is_refused(platform, header):
    assert refused(f"{b64(header)}.a.b.c.d", platform) == "token_malformed"


def test_a_token_for_a_key_that_is_not_ours_is_refused(platform):
    assert refused(encrypted("STRANGE"), platform) == "encryption_key_unknown"


def test_another_key_under_the_name_of_ours_is_refused(platform):
    token = encrypted("STRANGE", kid=JOSE["EC"].thumbprint())

    assert refused(token, platform) == "token_not_decrypted"


def test_a_removed_key_opens_nothing_more(platform):
    rotated = replace(platform, encryption_key=pem(EC_KEY))

    assert refused(encrypted("OLD"), rotated) == "encryption_key_unknown"


@pytest.mark.parametrize("changes", [{"enc": "A128GCM"}, {"enc": "A256CBC-HS512"}])
def test_another_content_algorithm_is_refused(platform, changes):
    assert refused(encrypted(**changes), platform) == "encryption_algorithm_mismatch"


@pytest.mark.parametrize("alg", ["ECDH-ES+A128KW"])
def test_another_key_algorithm_is_refused(platform, alg):
    assert refused(encrypted(alg=alg), platform) == "encryption_algorithm_mismatch"


@pytest.mark.parametrize("alg", ["dir", "none", "RSA1_5", "RSA-OAEP", "PBES2-HS256+A128KW", 5, []])
def test_an_algorithm_of_another_key_type_is_refused(platform, alg):
    token = with_header(encrypted(), alg=alg)

    assert refused(token, platform) == "encryption_algorithm_mismatch"


def test_a_compressed_token_is_refused_before_it_is_inflated(platform):
    """A few bytes can hold gigabytes (RFC 8725 §3.6)."""
    assert refused(encrypted(zip="DEF"), platform) == "critical_header"


def test_a_critical_header_is_refused(platform):
    assert refused(with_header(encrypted(), crit=["exp"]), platform) == "critical_header"


@pytest.mark.parametrize("cty", [None, "", "text/plain", 5])
def test_a_token_that_does_not_say_it_is_nested_is_refused(platform, cty):
    token = encrypted(cty=None) if cty is None else with_header(encrypted(), cty=cty)

    assert refused(token, platform) == "token_not_nested"


@pytest.mark.parametrize("part", range(5))
def test_a_token_changed_anywhere_is_refused(platform, part):
    parts = encrypted("RSA").split(".")
    parts[part] = parts[part][:-2] + ("AA" if parts[part][-2:] != "AA" else "BB")

    assert refused(".".join(parts), platform) in (
        "token_not_decrypted",
        "token_malformed",
    )


def test_a_key_sent_with_the_token_is_never_used(platform):
    stranger = JOSE["STRANGE"].as_dict(private=False)

    assert refused(encrypted("STRANGE", jwk=stranger), platform) == "encryption_key_unknown"


def test_bytes_that_are_no_text_are_refused(platform):
    assert refused(encrypted(text=b"\xff\xfe"), platform) == "token_not_decrypted"


def test_a_huge_token_is_refused(platform):
    assert refused(encrypted(text="x" * 200_000), platform) == "token_not_decrypted"


def with_header(token: str, **changes) -> str:
    """The token under another header, which breaks its seal: refused before it is looked at."""
    head, rest = token.split(".", 1)
    values = json.loads(base64.urlsafe_b64decode(head + "=="))
    return f"{b64(json.dumps(values | changes).encode())}.{rest}"


# --- The keys ---


def test_only_public_halves_are_published(platform):
    published = encryption.public_keys(platform.encryption_key)

    assert [key["kty"] for key in published] == ["EC", "RSA", "EC"]
    assert [key["alg"] for key in published] == ["ECDH-ES", "RSA-OAEP-256", "ECDH-ES"]
    assert {key["use"] for key in published} == {"enc"}
    assert len({key["kid"] for key in published}) == 3
    private = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
    assert not any(private & set(key) for key in published)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("key", ["EC", "RSA"])
def test_keys_are_read_in_the_forms_that_openssl_writes(key, form):
    assert len(encryption.private_keys(pem(KEYS[key], form))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),  # noqa: S505
        pem(ed25519.Ed25519PrivateKey.generate()),
    ],
    ids=["empty", "no_pem", "broken", "another_curve", "small_rsa", "edwards"],
)
def test_an_unsuitable_key_is_refused_and_not_quoted(text):
    with pytest.raises(ValueError, match="key") as caught:
        encryption.private_keys(text)

    assert "AAAA" not in str(caught.value)


def test_the_key_is_never_shown(platform):
    assert "PRIVATE" not in repr(platform)
