"""The whole way back from a provider that breaks HTTP, discovery or the clock: a clear page.

No 500, nobody signed in, nothing made, nobody waits for long.
"""

import gzip
import time

import pytest
from django.core.cache import cache
from django.urls import reverse

from franceconnect import backends, exchange
from tests.franceconnect.hostile import (
    CLOSE,
    LONGEST_WAIT_SECONDS,
    RESET,
    RawServer,
    Visitor,
    assert_identified,
    assert_refused,
    each_byte,
    hostile_provider,
    http,
)

SECONDS = 0.4
MEGABYTE = 1024 * 1024
JWT = "application/jwt"


@pytest.fixture
def provider(db, settings):
    with hostile_provider(settings, timeout=SECONDS) as provider:
        yield provider


@pytest.fixture
def visitor(provider):
    return Visitor(provider)


@pytest.fixture
def elsewhere():
    server = RawServer([http("{}")])
    yield server
    server.close()


def test_a_right_provider_identifies_with_four_calls_on_one_connection(provider, visitor):
    assert_identified(visitor.go())

    assert [provider.calls(at) for at in ("discovery", "jwks", "token", "userinfo")] == [1] * 4
    assert provider.connections == 1


# --- HTTP, at each of the four addresses ---

ADDRESSES = ["discovery", "jwks", "token", "userinfo"]
BROKEN = {
    "nothing": [CLOSE],
    "reset": [RESET],
    "http 0.9": [b"{}", CLOSE],
    "garbage": [b"\x00\xff" * 5000, CLOSE],
    "204": [http(status="204 No Content", Content_Length=None)],
    "206": [http("{}", status="206 Partial Content", Content_Range="bytes 0-1/9")],
    "304": [http(status="304 Not Modified", Content_Length=None)],
    "103": [http(status="103 Early Hints", Content_Length=None)],
    "401": [http('{"error": "invalid_token"}', status="401 Unauthorized")],
    "500": [http("<html>", status="500 Oops", Content_Type="text/html")],
    "999": [http("{}", status="999 Odd")],
    "empty": [http("")],
    "page": [http("<!doctype html><title>Maintenance</title>", Content_Type="text/html")],
    "many headers": [b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n{}", CLOSE],
    "cut": [http({"a": "b"})[:-5], CLOSE],
    "chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}", CLOSE],
    "half a chunk": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{", CLOSE],
    "said compressed": [http("{}", Content_Encoding="gzip")],
    "bomb": [http(gzip.compress(b" " * 10 * MEGABYTE), Content_Encoding="gzip", Content_Type=JWT)],
    "deep": [http("[" * 100_000, Content_Type=JWT)],
    "huge integer": [http('{"a": ' + "1" * 5000 + "}")],
    "cut utf-16": [http('{"a": 1}'.encode("utf-16")[:-1])],
}


@pytest.mark.parametrize("at", ADDRESSES)
@pytest.mark.parametrize("answer", BROKEN)
def test_a_broken_answer_is_a_clear_page(provider, visitor, at, answer):
    provider.say(at, *BROKEN[answer])

    response = visitor.leave()
    assert_refused(visitor, response if at == "discovery" else visitor.come_back())


@pytest.mark.parametrize("at", ADDRESSES)
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Same", "308 Same"])
def test_no_redirection_is_followed(provider, visitor, elsewhere, at, status):
    provider.say(at, http(status=status, Location=elsewhere.url))

    response = visitor.leave()
    assert_refused(visitor, response if at == "discovery" else visitor.come_back())
    assert elsewhere.connections == 0


@pytest.mark.parametrize("at", ADDRESSES)
def test_a_body_of_ten_megabytes_is_left_unread(provider, visitor, at):
    sent = []

    def pieces():
        for _ in range(160):
            sent.append(1)
            yield b" " * 65536

    provider.said[at] = Lazily(http(Content_Length=10 * MEGABYTE), pieces), 0.0

    response = visitor.leave()
    response = response if at == "discovery" else visitor.come_back()
    assert_refused(visitor, response, "answer_too_large")
    assert len(sent) < 160


class Lazily:
    """Pieces made as they are sent: how many tells what was read."""

    def __init__(self, head, pieces):
        self.head, self.pieces = head, pieces

    def __iter__(self):
        yield self.head
        yield from self.pieces()


@pytest.mark.parametrize("at", ADDRESSES)
def test_a_byte_at_a_time_is_cut_off(provider, visitor, at):
    provider.say(at, *each_byte(http({"a": "b"})), pause=0.1)
    started = time.monotonic()

    response = visitor.leave()
    response = response if at == "discovery" else visitor.come_back()
    assert_refused(visitor, response, "answer_too_slow")
    assert time.monotonic() - started < 2 * SECONDS + 1


def test_all_the_calls_of_a_return_are_bounded_together(provider, visitor, monkeypatch):
    """Each in its own time, key set, token, userinfo and key set again would add up."""
    monkeypatch.setattr("franceconnect.backends.ALL_EXCHANGES_SECONDS", 0.5)
    visitor.leave()
    slow = 0.9 * SECONDS / 2
    provider.say("token", b"", http(provider.token_answer()), pause=slow)
    provider.say("jwks", b"", http(provider.key_set), pause=slow)
    provider.say("userinfo", b"", http(provider.userinfo(), Content_Type=JWT), pause=slow)
    started = time.monotonic()

    assert_refused(visitor, visitor.come_back(), "answer_too_slow")
    assert time.monotonic() - started < 0.5 + 0.5


def test_leaving_is_bounded_like_coming_back(provider, visitor, settings, monkeypatch):
    """Whatever FRANCECONNECT_TIMEOUT allows: discovery is asked before the departure."""
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"timeout": 8}
    monkeypatch.setattr("franceconnect.start_views.ALL_EXCHANGES_SECONDS", SECONDS)
    provider.say("discovery", *each_byte(http({"a": "b"})), pause=0.1)
    started = time.monotonic()

    assert_refused(visitor, visitor.leave(), "answer_too_slow")
    assert time.monotonic() - started < 4


def test_with_the_settings_as_they_are_every_refusal_comes_within_ten_seconds():
    assert backends.ALL_EXCHANGES_SECONDS + exchange.PLACE_SECONDS < LONGEST_WAIT_SECONDS


def test_a_connection_closed_between_two_sign_ins_is_no_obstacle(provider, visitor):
    visitor.leave()
    provider.say("userinfo", http(provider.userinfo(), Content_Type=JWT), CLOSE)
    assert_identified(visitor.come_back())
    time.sleep(0.05)  # until the end arrives
    del provider.said["userinfo"]

    assert_identified(Visitor(provider).go())
    assert provider.calls("token") == 2
    assert provider.connections == 2


def test_a_code_is_sent_once_even_when_the_connection_ends_at_that_moment(provider, visitor):
    visitor.leave()
    provider.say("token", CLOSE)

    assert_refused(visitor, visitor.come_back())
    assert provider.calls("token") == 1


# --- Discovery ---


@pytest.mark.parametrize(
    "members",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "https://evil.example/token"},
        {"userinfo_endpoint": "{origin}@evil.example/userinfo"},
        {"jwks_uri": "{origin}.evil.example/jwks"},
        {"authorization_endpoint": "{origin}\\@evil.example/authorize"},
        {"authorization_endpoint": "{origin}/\ud800"},
        {"end_session_endpoint": "{origin}/\ud800"},
        {"authorization_endpoint": "{origin}/" + "a" * 20_000},
        {"token_endpoint": None},
        {"token_endpoint": ["{origin}/token"]},
    ],
    ids=lambda members: repr(members)[:50],
)
def test_a_discovery_that_points_elsewhere_never_sends_anybody_there(provider, visitor, members):
    origin = provider.url[:-1]
    changed = {
        name: value.format(origin=origin) if isinstance(value, str) else value
        for name, value in members.items()
    }
    provider.say("discovery", http(provider.discovery(**changed)))

    assert_refused(visitor, visitor.leave())
    assert provider.calls("token") == 0


# --- The callback itself ---


@pytest.mark.parametrize(
    "code", ["\x00", "x" * 513, "x" * 100_000, " ", "é", "\u202e", "a b", "<script>", "c\r\nX: y"]
)
def test_a_strange_code_is_refused_before_any_call(provider, visitor, code):
    visitor.leave()
    visitor.query["code"] = code

    assert_refused(visitor, visitor.come_back(), "callback_without_code")
    assert provider.calls("token") == 0


@pytest.mark.parametrize("query", ["state=%00", "state=%ff%fe", "state=" + "x" * 50_000, "%00=1"])
def test_a_strange_state_is_a_clear_page(provider, visitor, query):
    visitor.leave()

    response = visitor.client.get(f"{reverse('franceconnect:callback')}?{query}", follow=True)

    assert_refused(visitor, response, "unknown_state")
    assert provider.calls("token") == 0


# --- Signing out ---


def test_a_long_id_token_does_not_stop_a_sign_out(provider, visitor):
    """It goes in an address, which browsers, proxies and Django bound."""
    visitor.leave()
    long = provider.id_token(padding="x" * 30_000)
    provider.say("token", http(provider.token_answer(id_token=long)))
    visitor.come_back()

    response = visitor.client.post("/deconnexion/")

    assert response.status_code == 302


def test_a_provider_gone_since_the_sign_in_does_not_stop_a_sign_out(provider, visitor):
    assert_identified(visitor.go())
    cache.clear()
    provider.say("discovery", http(status="500 Oops"))

    assert visitor.client.post("/deconnexion/")["Location"] == "/"
