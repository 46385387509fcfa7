"""Each check on a token, and the forgery that breaks it."""

import json
from dataclasses import replace

import pytest

from franceconnect import tokens
from franceconnect.conf import Platform
from franceconnect.exceptions import TokenRefused, UnknownKey
from tests.franceconnect import forge
from tests.franceconnect.forge import EC_KEY, NOW, OTHER_EC_KEY, RSA_KEY, b64, jwk, sign

ISSUER = "https://fc.example/api/v2"
SUB = "a" * 64 + "v1"
PLATFORM = Platform(
    issuer=ISSUER,
    client_id="portail",
    client_secret="secret-du-portail-0123456789",
    scopes="openid",
    acr_values="eidas1",
    signing_alg="ES256",
    timeout=5,
)
HEADER = {"alg": "ES256", "kid": "key-1"}
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
USERINFO = {"sub": SUB, "aud": "portail", "iss": ISSUER, "iat": NOW, "exp": NOW + 60}


def verify(token, *, platform=PLATFORM, keys=None, now=NOW):
    keys = [jwk()] if keys is None else keys
    return tokens.verify_id_token(token, platform=platform, keys=keys, nonce="n" * 43, now=now)


def id_token(header=HEADER, key=EC_KEY, without=(), **claims):
    payload = {name: value for name, value in (ID_TOKEN | claims).items() if name not in without}
    return sign(header, payload, key)


def code_of(token, **kwargs):
    with pytest.raises(TokenRefused) as caught:
        verify(token, **kwargs)
    return caught.value.code


def test_an_id_token_of_franceconnect_is_accepted():
    assert verify(id_token()) == tokens.ProvenLogin(sub=SUB, acr="eidas1")


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": NOW + 30},
        {"aud": ["portail"]},
        {"azp": "portail"},
        {"acr": "eidas3"},
        {"at_hash": "unasked", "amr": ["fc", "pwd"], "sid": "x"},
        {"exp": NOW + 0.5},
        {"sub": "1"},
        {"sub": "s" * 255},
    ],
)
def test_a_right_though_unusual_id_token_is_accepted(claims):
    assert verify(id_token(**claims)).sub == claims.get("sub", SUB)


@pytest.mark.parametrize(
    ("code", "claims"),
    [
        ("issuer_mismatch", {"iss": "https://fc.example/api/v2/"}),
        ("issuer_mismatch", {"iss": None}),
        ("issuer_mismatch", {"iss": [ISSUER]}),
        ("audience_mismatch", {"aud": "autre"}),
        ("audience_mismatch", {"aud": ["portail", "autre"]}),
        ("audience_mismatch", {"aud": []}),
        ("audience_mismatch", {"aud": {"portail": 1}}),
        ("audience_mismatch", {"azp": "autre"}),
        ("token_expired", {"exp": NOW}),
        ("token_expired", {"exp": NOW - 1}),
        ("token_expired", {"exp": str(NOW + 60)}),
        ("token_expired", {"exp": True}),
        ("token_expired", {"exp": float("nan")}),
        ("token_expired", {"exp": float("inf")}),
        ("token_expired", {"exp": 10**400}),
        ("issued_in_the_future", {"iat": 10**400}),
        ("issued_in_the_future", {"iat": NOW + 61}),
        ("issued_in_the_future", {"iat": None}),
        ("nonce_mismatch", {"nonce": "m" * 43}),
        ("nonce_mismatch", {"nonce": ["n" * 43]}),
        ("nonce_mismatch", {"nonce": ""}),
        ("level_too_low", {"acr": "eidas0"}),
        ("level_too_low", {"acr": ["eidas1"]}),
        ("level_too_low", {"acr": ""}),
        ("sub_malformed", {"sub": ""}),
        ("sub_malformed", {"sub": "s" * 256}),
        ("sub_malformed", {"sub": 12}),
        ("sub_malformed", {"sub": "a\x00b"}),
        ("sub_malformed", {"sub": "é"}),
    ],
)
def test_a_wrong_claim_is_refused(code, claims):
    assert code_of(id_token(**claims)) == code


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("issuer_mismatch", "iss"),
        ("audience_mismatch", "aud"),
        ("token_expired", "exp"),
        ("issued_in_the_future", "iat"),
        ("nonce_mismatch", "nonce"),
        ("level_too_low", "acr"),
        ("sub_malformed", "sub"),
    ],
)
def test_a_missing_claim_is_refused(code, name):
    assert code_of(id_token(without=[name])) == code


def test_eidas1_is_refused_where_eidas2_is_asked_and_eidas3_accepted():
    platform = replace(PLATFORM, acr_values="eidas2")

    assert code_of(id_token(acr="eidas1"), platform=platform) == "level_too_low"
    assert verify(id_token(acr="eidas3"), platform=platform).acr == "eidas3"


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
    platform = replace(PLATFORM, signing_alg="RS256")
    keys = [jwk(), jwk(RSA_KEY)]

    assert verify(
        id_token(header=HEADER | {"alg": "RS256"}, key=RSA_KEY), platform=platform, keys=keys
    )
    assert code_of(id_token(), platform=platform, keys=keys) == "algorithm_mismatch"


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
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
    ],
)
def test_a_key_brought_by_the_token_itself_is_never_used(extra):
    with pytest.raises(UnknownKey):
        verify(id_token(header=HEADER | extra, key=OTHER_EC_KEY))


@pytest.mark.parametrize("kid", [5, None, ["key-1"], {"a": "b"}, ""])
def test_a_kid_of_another_type_is_refused(kid):
    assert code_of(id_token(header=HEADER | {"kid": kid})) in ("unknown_key", "token_malformed")


def test_without_kid_a_single_key_is_enough_and_several_are_not():
    token = id_token(header={"alg": "ES256"})

    assert verify(token).sub == SUB
    with pytest.raises(UnknownKey):
        verify(token, keys=[jwk(), jwk(OTHER_EC_KEY, kid="key-2")])


def test_two_keys_under_one_kid_are_both_tried():
    assert verify(id_token(), keys=[jwk(OTHER_EC_KEY), jwk()]).sub == SUB


@pytest.mark.parametrize(
    "members",
    [
        {"use": "enc"},
        {"alg": "ES384"},
        {"kty": "oct", "k": b64(b"secret")},
        {"crv": "P-384"},
        {"x": "!"},
        {"x": None},
        {"d": "AAAA"},
        {"kty": None},
    ],
)
def test_a_key_that_is_not_for_this_signature_is_not_used(members):
    with pytest.raises(UnknownKey):
        verify(id_token(), keys=[jwk(**members)])


@pytest.mark.parametrize("keys", [[], [{}], [{"kid": "key-1"}]])
def test_an_empty_or_odd_key_set_refuses(keys):
    with pytest.raises(UnknownKey):
        verify(id_token(), keys=keys)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b",
        "a.b.c",
        "....",
        "a.b.c.d.e",
        "é.é.é",
        None,
        5,
        b"bytes",
        "x" * (64 * 1024 + 1),
        f"{b64(b'[]')}.{b64(b'{}')}.{b64(b'x')}",
        f"{b64(b'null')}.{b64(b'{}')}.{b64(b'x')}",
        f"{b64(b'[' * 5000)}.{b64(b'{}')}.{b64(b'x')}",
    ],
)
def test_what_is_no_token_is_refused(token):
    assert code_of(token) in ("token_malformed", "algorithm_mismatch")


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"null", b'"text"', b"5", b"{", b"\xff", b"[" * 20_000]
)
def test_a_signed_payload_that_is_no_object_is_refused(payload):
    assert code_of(sign(HEADER, payload)) == "payload_malformed"


def userinfo(key=EC_KEY, **claims):
    return sign(HEADER, USERINFO | claims, key)


def verify_userinfo(token):
    return tokens.verify_userinfo(token, platform=PLATFORM, keys=[jwk()], sub=SUB, now=NOW)


def test_a_userinfo_of_franceconnect_is_accepted():
    assert verify_userinfo(userinfo(family_name="DUBOIS"))["family_name"] == "DUBOIS"


@pytest.mark.parametrize(
    ("code", "claims"),
    [
        ("userinfo_of_another", {"sub": "b" * 66}),
        ("sub_malformed", {"sub": None}),
        ("audience_mismatch", {"aud": "autre"}),
        ("issuer_mismatch", {"iss": "https://autre.example"}),
        ("token_expired", {"exp": NOW - 1}),
        ("issued_in_the_future", {"iat": NOW + 3600}),
    ],
)
def test_a_wrong_userinfo_is_refused(code, claims):
    with pytest.raises(TokenRefused) as caught:
        verify_userinfo(userinfo(**claims))

    assert caught.value.code == code


def test_a_userinfo_signed_by_an_unknown_key_is_refused():
    with pytest.raises(UnknownKey):
        verify_userinfo(userinfo(key=OTHER_EC_KEY))
