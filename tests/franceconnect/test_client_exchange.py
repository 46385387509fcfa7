"""The two calls of a return, without the rest of the journey: what is sent, what is refused."""

from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from franceconnect import client, conf
from franceconnect.exceptions import (
    CodeRefused,
    Misconfigured,
    ProviderUnavailable,
    TokenRefused,
    UnexpectedRefusal,
)
from tests.franceconnect.hostile import hostile_provider, http

JWT = "application/jwt"


@pytest.fixture
def provider(settings):
    with hostile_provider(settings) as provider:
        yield provider


@pytest.fixture
def platform(provider):
    return conf.platform()


def request_to(provider, page) -> tuple[str, str]:
    """The head and the body of the one request to this page."""
    (request,) = [item for item in provider.requests if provider._page(item) == page]
    head, _, body = request.decode().partition("\r\n\r\n")
    return head, body


def test_a_code_is_exchanged_as_registered(provider, platform):
    answer = client.exchange_code(platform, "the+code/=")

    head, body = request_to(provider, "token")
    assert head.startswith("POST /api/v2/token ")
    assert "authorization:" not in head.lower()
    assert parse_qs(body) == {
        "grant_type": ["authorization_code"],
        "code": ["the+code/="],
        "redirect_uri": [platform.redirect_uri],
        "client_id": [platform.client_id],
        "client_secret": [platform.client_secret],
    }
    assert answer.access_token == "t" * 43
    assert answer.id_token.count(".") == 2


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http(status="500 Oops"), "jwks_500"),
        (http({"keys": []}, status="201 Made"), "jwks_201"),
        (http({"keys": "none"}), "jwks_unreadable"),
    ],
)
def test_a_key_set_that_cannot_be_read_has_its_cause(provider, platform, answer, code):
    provider.say("jwks", answer)

    with pytest.raises(ProviderUnavailable) as caught:
        client.key_set(platform)
    assert caught.value.code == code
    assert request_to(provider, "jwks")[0].startswith("GET /api/v2/jwks ")
    assert request_to(provider, "discovery")[0].startswith("GET /api/v2/.well-known/openid-conf")


def test_the_fresh_sets_of_one_platform_do_not_use_up_those_of_another(platform):
    other = replace(platform, issuer="https://other.example")
    for _ in range(client.MAX_REFRESHES):
        assert client._may_refresh(platform)

    assert not client._may_refresh(platform)
    assert client._may_refresh(other)


@pytest.mark.parametrize("token_type", ["Bearer", "bearer", "BEARER"])
def test_the_type_of_a_token_has_any_case(provider, platform, token_type):
    provider.say("token", http(provider.token_answer(token_type=token_type)))

    assert client.exchange_code(platform, "code")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"id_token": None}, "token_answer_incomplete"),
        ({"id_token": ["a.b.c"]}, "token_answer_incomplete"),
        ({"access_token": None}, "token_answer_incomplete"),
        ({"access_token": 5}, "token_answer_incomplete"),
        ({"access_token": ""}, "token_answer_incomplete"),
        ({"token_type": None}, "token_type_unknown"),
        ({"token_type": "mac"}, "token_type_unknown"),
        ({"access_token": "é"}, "access_token_malformed"),
        ({"access_token": "a\r\nX: b"}, "access_token_malformed"),
    ],
)
def test_a_token_answer_that_is_not_right_is_refused(provider, platform, members, code):
    provider.say("token", http(provider.token_answer(**members)))

    with pytest.raises(TokenRefused) as caught:
        client.exchange_code(platform, "code")
    assert caught.value.code == code


def test_an_answer_without_a_type_is_refused(provider, platform):
    answer = provider.token_answer()
    del answer["token_type"]
    provider.say("token", http(answer))

    with pytest.raises(TokenRefused, match="^token_type_unknown$"):
        client.exchange_code(platform, "code")


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ("invalid_grant", CodeRefused, "code_refused"),
        *[(error, Misconfigured, f"token_{error}") for error in sorted(client.OUR_ERRORS)],
    ],
)
def test_a_refusal_of_the_token_endpoint_has_its_cause(
    provider, platform, status, error, kind, code
):
    provider.say("token", http({"error": error}, status=f"{status} No"))

    with pytest.raises(kind) as caught:
        client.exchange_code(platform, "code")
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "strange"}, UnexpectedRefusal),
        (400, {}, UnexpectedRefusal),
        (403, "<html>", UnexpectedRefusal),
        (404, {"error": "invalid_client"}, UnexpectedRefusal),
        (429, {"error": "invalid_grant"}, UnexpectedRefusal),
        (499, {}, UnexpectedRefusal),
        (302, {}, ProviderUnavailable),
        (500, {"error": "invalid_client"}, ProviderUnavailable),
        (201, {}, ProviderUnavailable),
    ],
)
def test_any_other_refusal_is_theirs(provider, platform, status, body, kind):
    provider.say("token", http(body, status=f"{status} No"))

    with pytest.raises(ProviderUnavailable) as caught:
        client.exchange_code(platform, "code")
    assert type(caught.value) is kind
    assert caught.value.code == f"token_endpoint_{status}"


@pytest.mark.parametrize("content_type", ["Application/JWT ; charset=utf-8", f"{JWT};q=1", JWT])
def test_the_userinfo_is_asked_with_the_token(provider, platform, content_type):
    provider.say("userinfo", http(" a.b.c\n", Content_Type=content_type))

    assert client.userinfo_token(platform, "the-token") == "a.b.c"
    head, body = request_to(provider, "userinfo")
    assert head.startswith("GET /api/v2/userinfo ")
    assert "\r\nauthorization: bearer the-token" in head.lower()
    assert "Bearer the-token" in head
    assert body == ""


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (http("a.b.c", status="401 No", Content_Type=JWT), ProviderUnavailable, "userinfo_401"),
        (http("a.b.c", status="201 Made", Content_Type=JWT), ProviderUnavailable, "userinfo_201"),
        (http("{}", Content_Type="application/json"), TokenRefused, "userinfo_not_signed"),
        (
            http("a.b.c", Content_Type="text/x; application/jwt"),
            TokenRefused,
            "userinfo_not_signed",
        ),
        (http("a.b.é", Content_Type=JWT), TokenRefused, "userinfo_malformed"),
    ],
)
def test_a_userinfo_that_is_not_right_is_refused(provider, platform, answer, kind, code):
    provider.say("userinfo", answer)

    with pytest.raises(kind) as caught:
        client.userinfo_token(platform, "the-token")
    assert type(caught.value) is kind
    assert caught.value.code == code
