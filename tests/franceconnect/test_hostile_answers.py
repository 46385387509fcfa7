"""The whole way back with answers that are good HTTP and say anything: tokens, keys, identities.

Refused: no 500, nobody signed in, nothing made. Right though unusual: accepted.
"""

import json

import pytest
from django.utils.html import escape

from accounts.models import PersonalSpace
from tests.franceconnect.forge import HEADER, OTHER_EC_KEY, jwk, public_pem, sign
from tests.franceconnect.hostile import (
    CLOSE,
    FIRST_TIME,
    RawServer,
    Visitor,
    assert_identified,
    assert_refused,
    hostile_provider,
    http,
)

JWT = "application/jwt"
MEGABYTE = 1024 * 1024


@pytest.fixture
def provider(db, settings):
    with hostile_provider(settings) as provider:
        yield provider


@pytest.fixture
def visitor(provider):
    return Visitor(provider)


@pytest.fixture
def elsewhere():
    server = RawServer([http("{}")])
    yield server
    server.close()


# --- Token answer ---


@pytest.mark.parametrize(
    "members",
    [
        {"token_type": "bearer"},
        {"token_type": "BEARER"},
        {"expires_in": None},
        {"expires_in": "sixty"},
        {"expires_in": float("nan")},
        {"refresh_token": "x", "unheard of": {"deep": [[]]}},
        {"access_token": "-._~+/="},
    ],
    ids=repr,
)
def test_a_right_though_unusual_token_answer_is_accepted(provider, visitor, members):
    visitor.leave()
    given = {name: value for name, value in members.items() if value is not None}
    kept = {k: v for k, v in provider.token_answer().items() if k not in members or k in given}
    provider.say("token", http(kept | given))

    assert_identified(visitor.come_back())


@pytest.mark.parametrize(
    "members",
    [
        {"token_type": ["Bearer"]},
        {"token_type": {"Bearer": 1}},
        {"token_type": "Bearer "},
        {"token_type": "DPoP"},
        {"access_token": ["t" * 43]},
        {"access_token": ""},
        {"access_token": "t\r\nX-Forged: 1"},
        {"access_token": "t\x00"},
        {"access_token": "\ud800"},
        {"id_token": None},
        {"id_token": ["a.b.c"]},
        {"id_token": ""},
        {"id_token": "\ud800.b.c"},
        {"id_token": "a" * 200_000},
        {"id_token": "a.b.c.d.e"},
    ],
    ids=lambda members: repr(members)[:40],
)
def test_a_wrong_token_answer_is_refused(provider, visitor, members):
    visitor.leave()
    provider.say("token", http(provider.token_answer(**members)))

    assert_refused(visitor, visitor.come_back())


@pytest.mark.parametrize(
    "status", ["201 Created", "202 Later", "203 Other", "206 Partial", "299 X"]
)
def test_a_right_answer_under_another_status_is_refused(provider, visitor, status):
    visitor.leave()
    provider.say("token", http(provider.token_answer(), status=status))
    assert_refused(visitor, visitor.come_back(), f"token_endpoint_{status[:3]}")

    visitor.leave()
    del provider.said["token"]
    provider.say("userinfo", http(provider.userinfo(), status=status, Content_Type=JWT))
    assert_refused(visitor, visitor.come_back(), f"userinfo_{status[:3]}")


def test_a_token_of_five_megabytes_is_refused(provider, visitor):
    visitor.leave()
    provider.say("token", http(provider.token_answer(id_token="a" * 5 * MEGABYTE)))

    assert_refused(visitor, visitor.come_back(), "answer_too_large")


@pytest.mark.parametrize(
    "written",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: f"\r\n\t {text} \n".encode(),
        lambda text: text.replace("{", '{"id_token": "forged", ', 1).encode(),
    ],
    ids=["byte order mark", "utf-16", "spaces", "a member twice"],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "é", None])
def test_a_token_answer_oddly_written_is_read(provider, visitor, written, content_type):
    visitor.leave()
    body = written(json.dumps(provider.token_answer()))
    provider.say("token", http(body, Content_Type=content_type))

    assert_identified(visitor.come_back())


# --- ID token and userinfo ---


def test_each_token_serves_for_one_thing_only(provider, visitor):
    """RFC 8725 §2.8: one signed for something else must not be taken."""
    visitor.leave()
    provider.say("token", http(provider.token_answer(id_token=provider.userinfo())))
    assert_refused(visitor, visitor.come_back(), "nonce_mismatch")

    visitor.leave()
    del provider.said["token"]
    provider.say("userinfo", http(provider.id_token(), Content_Type=JWT))
    assert_refused(visitor, visitor.come_back(), "family_name_refused")


def test_the_id_token_of_another_sign_in_is_refused(provider, visitor):
    another = Visitor(provider)
    another.leave()
    answer = http(provider.token_answer())
    visitor.leave()
    provider.say("token", answer)

    assert_refused(visitor, visitor.come_back(), "nonce_mismatch")


FORGED = {
    "jwk": {"header": HEADER | {"jwk": jwk(OTHER_EC_KEY)}, "key": OTHER_EC_KEY},
    "crit": {"header": HEADER | {"crit": ["exp"]}},
    "b64": {"header": HEADER | {"b64": False, "crit": ["b64"]}},
    "none": {"header": {"alg": "none", "kid": "key-1"}},
    "HS256": {"header": {"alg": "HS256", "kid": "key-1"}, "key": public_pem()},
    "kid list": {"header": HEADER | {"kid": ["key-1"]}},
    "alg list": {"header": HEADER | {"alg": ["ES256"]}},
    "sub list": {"sub": ["a" * 66]},
    "sub number": {"sub": 5},
    "aud object": {"aud": {"portail": 1}},
    "exp text": {"exp": "9999999999"},
    "exp true": {"exp": True},
    "exp NaN": {"exp": float("nan")},
    "exp infinite": {"exp": float("inf")},
    "iat huge": {"iat": 10**400},
    "iss list": {"iss": []},
}


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize("at", ["token", "userinfo"])
def test_a_forged_token_is_refused(provider, visitor, at, name):
    visitor.leave()
    if at == "token":
        forged = provider.id_token(**FORGED[name])
        provider.say("token", http(provider.token_answer(id_token=forged)))
    else:
        provider.say("userinfo", http(provider.userinfo(**FORGED[name]), Content_Type=JWT))

    assert_refused(visitor, visitor.come_back())


@pytest.mark.parametrize("address", ["jku", "x5u"])
def test_an_address_in_a_token_is_never_visited(provider, visitor, elsewhere, address):
    visitor.leave()
    header = HEADER | {address: elsewhere.url}
    forged = provider.id_token(header=header, key=OTHER_EC_KEY)
    provider.say("token", http(provider.token_answer(id_token=forged)))

    assert_refused(visitor, visitor.come_back(), "unknown_key")
    assert elsewhere.connections == 0


@pytest.mark.parametrize(
    "payload", [b"[]", b"null", b"5", b'"x"', b"", b"\xff", b"[" * 40_000, b'{"a": ' + b"1" * 5000]
)
@pytest.mark.parametrize("at", ["token", "userinfo"])
def test_a_signed_payload_that_is_no_object_is_refused(provider, visitor, at, payload):
    visitor.leave()
    token = sign(HEADER, payload)
    answers = {"token": http(provider.token_answer(id_token=token)), "userinfo": http(token)}
    provider.say(at, answers[at].replace(b"application/json", JWT.encode()))

    assert_refused(visitor, visitor.come_back(), "payload_malformed")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["portail-de-test"]},
        {"exp": 4_000_000_000.5},
        {"header": HEADER | {"typ": "JWT"}},
        {"acr": "eidas3"},
        {"extra": {"deep": [[[]]]}, "email_verified": "no"},
        {"extra": "x" * 10_000},
    ],
    ids=lambda claims: repr(claims)[:40],
)
def test_a_right_though_unusual_token_is_accepted(provider, visitor, claims):
    visitor.leave()
    provider.say("token", http(provider.token_answer(id_token=provider.id_token(**claims))))
    provider.say("userinfo", http(provider.userinfo(**claims), Content_Type=JWT))

    assert_identified(visitor.come_back())


@pytest.mark.parametrize(
    "content_type", ["application/jwt; charset=utf-8", "APPLICATION/JWT", "Application/Jwt ;x=y"]
)
@pytest.mark.parametrize("around", ["{}", "{}\n", "\r\n {} \t"])
def test_a_userinfo_oddly_written_is_accepted(provider, visitor, content_type, around):
    visitor.leave()
    body = around.format(provider.userinfo())
    provider.say("userinfo", http(body, Content_Type=content_type))

    assert_identified(visitor.come_back())


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "", None, "é", "application/jwtx", "x" * 9999],
)
def test_a_userinfo_said_to_be_something_else_is_refused(provider, visitor, content_type):
    visitor.leave()
    provider.say("userinfo", http(provider.userinfo(), Content_Type=content_type))

    assert_refused(visitor, visitor.come_back(), "userinfo_not_signed")


@pytest.mark.parametrize(
    "transport",
    [
        lambda body: b"HTTP/1.0 200 OK\r\nContent-Type: application/jwt\r\n\r\n" + body,
        lambda body: (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/jwt\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        ),
        lambda body: b"HTTP/1.1 100 Continue\r\n\r\n" + http(body, Content_Type=JWT),
    ],
    ids=["http 1.0", "chunks", "continue"],
)
def test_a_right_though_unusual_transport_is_accepted(provider, visitor, transport):
    visitor.leave()
    provider.say("userinfo", transport(provider.userinfo().encode()), CLOSE)

    assert_identified(visitor.come_back())


# --- Keys ---


@pytest.mark.parametrize(
    "keys",
    [
        [{"kty": "AKP", "kid": "key-1"}, {"kty": "OKP"}, 5, None, "x", [], {}, jwk()],
        [jwk(use=None, alg=None)],
        [jwk(x5c=["MII="], key_ops=["verify"], nbf=0)],
        [jwk(OTHER_EC_KEY), jwk()],
        [jwk(use="enc"), jwk()],
    ],
    ids=["unknown types", "no use", "extra members", "a kid twice", "an encryption key"],
)
def test_a_right_though_unusual_key_set_is_accepted(provider, visitor, keys):
    provider.key_set = {"keys": keys, "extra": 1}

    assert_identified(visitor.go())


@pytest.mark.parametrize(
    "keys", [[], [jwk(use="enc")], [jwk(OTHER_EC_KEY)], [jwk(kid="key-2")], [jwk(x=[])]]
)
def test_a_key_set_without_the_right_key_is_fetched_again_once(provider, visitor, keys):
    provider.key_set = {"keys": keys}

    assert_refused(visitor, visitor.go(), "unknown_key")
    assert provider.calls("jwks") == 2


# --- Identity ---

DECEPTIVE = ["\x00", "\u202e", "\u2066", "\ufeff", "\n", "\x1b", "\ud800"]


@pytest.mark.parametrize("text", DECEPTIVE, ids=repr)
@pytest.mark.parametrize("name", ["family_name", "preferred_username", "birthplace", "gender"])
def test_a_deceptive_text_is_refused(provider, visitor, name, text):
    visitor.leave()
    provider.say("userinfo", http(provider.userinfo(**{name: f"A{text}B"}), Content_Type=JWT))

    assert_refused(visitor, visitor.come_back(), f"{name}_refused")


@pytest.mark.parametrize("value", [["PERRER"], {"a": 1}, 5, True, "X" * 10_000, "  "], ids=repr)
def test_a_name_of_another_kind_is_refused(provider, visitor, value):
    visitor.leave()
    provider.say("userinfo", http(provider.userinfo(family_name=value), Content_Type=JWT))

    assert_refused(visitor, visitor.come_back(), "family_name_refused")


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "🐎 ÉMÎLE", "{{ 7*7 }}{% now %}", "'; DROP TABLE--", "مريم"],
)
def test_a_strange_name_is_text_on_every_page_and_in_every_mail(provider, visitor, name, mails):
    visitor.leave()
    provider.say("userinfo", http(provider.userinfo(family_name=name), Content_Type=JWT))
    assert_identified(visitor.come_back())

    visitor.client.post(FIRST_TIME, {"contact_email": "a@rivemont.example"})

    assert PersonalSpace.objects.get().birth_family_name == name
    for page in ("/mon-espace/", "/mon-espace/profil/", "/mon-espace/profil/modifier/"):
        text = visitor.client.get(page).content.decode()
        assert escape(name) in text or page.endswith("modifier/")
        assert "<script>alert" not in text
    assert all(name in mail.message for mail in mails()), [mail.message for mail in mails()]
    assert not any("<script>alert" in mail.html_message for mail in mails())


def test_a_missing_email_stops_nobody(provider, visitor):
    visitor.leave()
    provider.say("userinfo", http(provider.userinfo(email=...), Content_Type=JWT))

    assert_identified(visitor.come_back())
