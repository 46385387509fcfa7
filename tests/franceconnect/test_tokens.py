"""Each check on a token, and the forgery that breaks it. Who signed: test_token_keys.py."""

import json

import pytest

from franceconnect import tokens
from franceconnect.exceptions import TokenRefused, UnknownKey
from tests.franceconnect.forge import (
    EC_KEY,
    HEADER,
    ID_TOKEN,
    ISSUER,
    NOW,
    OTHER_EC_KEY,
    SUB,
    b64,
    id_token,
    jwk,
    platform,
    sign,
)

PLATFORM = platform()
USERINFO = {"sub": SUB, "aud": "portail", "iss": ISSUER, "iat": NOW, "exp": NOW + 60}


def verify(token, *, asked=PLATFORM, keys=None, now=NOW):
    keys = [jwk()] if keys is None else keys
    return tokens.verify_id_token(token, platform=asked, keys=keys, nonce="n" * 43, now=now)


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
        {"exp": 1.5 * NOW, "iat": NOW - 0.25},
        {"iat": 0},
        {"sub": "1"},
        {"sub": "s" * 255},
        {"deep": json.loads("[" * 200 + "]" * 200), "big": 10**4000, "nan": float("nan")},
    ],
    ids=lambda claims: "+".join(claims),
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


CODE_OF_CLAIM = {
    "iss": "issuer_mismatch",
    "aud": "audience_mismatch",
    "azp": "audience_mismatch",
    "exp": "token_expired",
    "iat": "issued_in_the_future",
    "nonce": "nonce_mismatch",
    "acr": "level_too_low",
    "sub": "sub_malformed",
}
# What a right value of another type looks like to a comparison that is not strict.
WRONG_TYPES = [None, True, False, "", [], {}, [[]], [None], {"a": []}]


@pytest.mark.parametrize("name", CODE_OF_CLAIM)
def test_a_claim_of_another_type_is_refused(name):
    numbers = [] if name == "iat" else [0, -1, 1.5]
    texts = [] if name == "sub" else ["0"]

    for value in WRONG_TYPES + numbers + texts:
        assert code_of(id_token(**{name: value})) == CODE_OF_CLAIM[name], value


@pytest.mark.parametrize("name", CODE_OF_CLAIM)
def test_the_right_value_in_a_list_or_as_text_is_refused(name):
    right = (ID_TOKEN | {"azp": "portail"})[name]
    wrong = [{"value": right}, [right, right], [[right]], f"{right}\x00"]
    if name != "aud":  # the only one that may be a list
        wrong.append([right])

    for value in wrong:
        assert code_of(id_token(**{name: value})) == CODE_OF_CLAIM[name], value


@pytest.mark.parametrize("name", CODE_OF_CLAIM)
def test_of_two_members_of_one_name_the_last_counts_whatever_the_first(name):
    """RFC 7519 §4: either refused, or the lexically last; one reader, so no two readings."""
    right = (ID_TOKEN | {"azp": "portail"})[name]
    start = json.dumps(ID_TOKEN | {name: right})[:-1]
    wrong_last = f'{start}, "{name}": []}}'.encode()
    right_last = f'{start}, "{name}": [], "{name}": {json.dumps(right)}}}'.encode()

    assert verify(sign(HEADER, right_last)).sub == SUB
    assert code_of(sign(HEADER, wrong_last)) == CODE_OF_CLAIM[name]


@pytest.mark.parametrize(
    "header",
    [
        HEADER | {"typ": "JWT"},
        HEADER | {"typ": "jwt", "cty": "unheard of"},
        HEADER | {"extra": {"deep": [1, None]}},
        {"kid": "key-1", "alg": "ES256"},
    ],
)
def test_a_right_though_unusual_header_is_accepted(header):
    assert verify(id_token(header=header)).sub == SUB


def test_eidas1_is_refused_where_eidas2_is_asked_and_eidas3_accepted():
    asked = platform(acr_values="eidas2")

    assert code_of(id_token(acr="eidas1"), asked=asked) == "level_too_low"
    assert verify(id_token(acr="eidas3"), asked=asked).acr == "eidas3"


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
        "x" * (tokens.MAX_TOKEN_CHARACTERS + 1),
        "x" * 5_000_000,
        "\ud800.a.b",
        f"{b64(b'[]')}.{b64(b'{}')}.{b64(b'x')}",
        f"{b64(b'null')}.{b64(b'{}')}.{b64(b'x')}",
        f"{b64(b'[' * 5000)}.{b64(b'{}')}.{b64(b'x')}",
    ],
    ids=lambda token: repr(token)[:30],
)
def test_what_is_no_token_is_refused(token):
    assert code_of(token) in ("token_malformed", "algorithm_mismatch")


def test_a_token_is_bounded_even_when_everything_else_is_right():
    token = id_token(padding="x" * tokens.MAX_TOKEN_CHARACTERS)

    assert code_of(token) == "token_malformed"


@pytest.mark.parametrize("written", ["{} ", " {}", "{}\n", "{}.", ".{}", "{}\x00"])
def test_a_token_with_anything_around_it_is_refused(written):
    assert code_of(written.format(id_token())) == "token_malformed"


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
        ("userinfo_of_another", {"sub": SUB.upper()}),
        *[("sub_malformed", {"sub": value}) for value in ([SUB], {SUB: 1}, 5, True, "")],
    ],
)
def test_a_wrong_userinfo_is_refused(code, claims):
    with pytest.raises(TokenRefused) as caught:
        verify_userinfo(userinfo(**claims))

    assert caught.value.code == code


def test_a_userinfo_signed_by_an_unknown_key_is_refused():
    with pytest.raises(UnknownKey):
        verify_userinfo(userinfo(key=OTHER_EC_KEY))
