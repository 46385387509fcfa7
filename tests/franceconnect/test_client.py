"""Discovery and keys: fetched seldom, kept when the provider is down, never trusted blindly."""

import time
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.cache import cache

from franceconnect import client, conf
from franceconnect.exceptions import Misconfigured, ProviderUnavailable
from tests.franceconnect.forge import OTHER_EC_KEY, jwk
from tests.franceconnect.hostile import CLOSE, RESET, hostile_provider, http
from tests.franceconnect.test_concurrency import at_once

HOUR = 3600


@pytest.fixture
def provider(settings):
    with hostile_provider(settings) as provider:
        yield provider


@pytest.fixture
def platform(provider):
    return conf.platform()


def discovery_code(provider, **members):
    """What refuses a discovery with these members."""
    cache.clear()
    provider.say("discovery", http(provider.discovery(**members)))
    with pytest.raises(Misconfigured) as caught:
        client.metadata(conf.platform())
    return caught.value.code


def test_discovery_and_keys_are_fetched_once_an_hour(provider, platform):
    for _ in range(3):
        client.metadata(platform)
        client.key_set(platform)
    assert (provider.calls("discovery"), provider.calls("jwks")) == (1, 1)

    with time_machine.travel(time.time() + HOUR + 1):
        client.key_set(platform)
    assert provider.calls("jwks") == 2


@pytest.mark.parametrize(
    ("at", "answer"),
    [
        ("jwks", http(status="500 Oops")),
        ("jwks", http("[]")),
        ("jwks", http({"keys": "none"})),
        ("jwks", http({"keys": {"kid": "key-1"}})),
        ("jwks", http({})),
        ("jwks", http('{"keys": [' + "[" * 5000)),
        ("jwks", CLOSE),
        ("discovery", CLOSE),
        ("discovery", RESET),
    ],
)
def test_a_key_set_that_cannot_be_read_is_an_outage(provider, platform, at, answer):
    provider.say(at, answer)

    with pytest.raises(ProviderUnavailable):
        client.key_set(platform)


def test_what_is_no_key_in_the_set_is_left_out(provider, platform):
    provider.key_set = {"keys": ["a", None, 5, [], {"kid": "b"}]}

    assert client.key_set(platform) == [{"kid": "b"}]


ENDPOINTS = list(client.Metadata.__dataclass_fields__)
ELSEWHERE = [
    "https://evil.example/api/v2/x",
    "//evil.example/x",
    "/api/v2/x",
    "{scheme}://{host}:{port}@evil.example/x",
    "{scheme}://evil.example@{host}:{port}/x",
    "{scheme}://{host}:{port}.evil.example/x",
    "{scheme}://{host}:{port}0/x",
    "{scheme}://{host}:9/x",
    "{scheme}://{host}/x",
    "{scheme}://{host}:{port}\\@evil.example/x",
    "{scheme}:\\\\{host}:{port}\\x",
    "{scheme}://{host}:{port}",
    "{scheme}://{host}:{port}?/x",
    "{scheme}://{host}:{port}#/x",
    "{scheme}:/{host}:{port}/x",
    "{scheme}://localhost:{port}/x",
    "{scheme}://[::ffff:127.0.0.1]:{port}/x",
    "{scheme}://2130706433:{port}/x",
    " {scheme}://{host}:{port}/x",
    "\t{scheme}://{host}:{port}/x",
    "HTTP://{host}:{port}/x",
    "https://{host}:{port}/x",
    "ftp://{host}:{port}/x",
    "javascript:alert(1)//{host}:{port}/",
    "",
    None,
    5,
    True,
    ["{scheme}://{host}:{port}/x"],
    {"{scheme}://{host}:{port}/x": 1},
]


@pytest.mark.parametrize("address", ELSEWHERE, ids=repr)
def test_an_endpoint_elsewhere_is_refused_whichever_it_is(provider, address):
    """A secret and codes are sent there: same scheme, host and port as the issuer, or nothing."""
    parts = urlsplit(provider.issuer)
    if isinstance(address, str):
        address = address.format(scheme=parts.scheme, host=parts.hostname, port=parts.port)

    for name in ENDPOINTS:
        assert discovery_code(provider, **{name: address}) == "endpoint_elsewhere", name


UNSPEAKABLE = [
    "/\ud800",
    "/\r\nX-Forged: 1",
    "/\x00",
    "/ a",
    "/\u202e",
    "/é",
    "/a#b",
    "/a?b=c",
    "/" + "a" * 20_000,
]


@pytest.mark.parametrize("path", UNSPEAKABLE, ids=lambda path: repr(path)[:20])
def test_an_endpoint_that_is_no_plain_address_is_refused(provider, path):
    """A browser is redirected to two of them: a query or a fragment would swallow ours."""
    for name in ENDPOINTS:
        assert discovery_code(provider, **{name: provider.url[:-1] + path}), name


@pytest.mark.parametrize(
    "issuer", [None, 5, True, [], {}, "", "{}/", "{} ", "{}#", "https://evil.example", ["{}"]]
)
def test_discovery_of_another_issuer_is_refused(provider, issuer):
    if isinstance(issuer, str):
        issuer = issuer.format(provider.issuer)

    assert discovery_code(provider, issuer=issuer) == "discovery_of_another_issuer"


def test_what_else_discovery_says_is_ignored(provider):
    plain = client.metadata(conf.platform())
    cache.clear()
    odd = {"code_challenge_methods_supported": 5, "unheard_of": {"deep": [None]}}
    provider.say("discovery", http(provider.discovery(**odd)))

    assert client.metadata(conf.platform()) == plain


@pytest.mark.parametrize("answer", [http(status="500 Oops"), http({"issuer": "https://evil"})])
def test_the_last_good_discovery_serves_for_a_day(provider, platform, answer):
    good = client.metadata(platform)
    provider.say("discovery", answer)

    for hours in (2, 23):
        with time_machine.travel(time.time() + hours * HOUR):
            assert client.metadata(platform) == good
    with (
        time_machine.travel(time.time() + 25 * HOUR),
        pytest.raises((ProviderUnavailable, Misconfigured)),
    ):
        client.metadata(platform)


def test_a_provider_that_is_down_is_not_asked_at_every_sign_in(provider, platform):
    client.metadata(platform)
    provider.say("discovery", http(status="500 Oops"))

    with time_machine.travel(time.time() + 2 * HOUR, tick=False):
        for _ in range(5):
            client.metadata(platform)

    assert provider.calls("discovery") == 2


def test_an_unknown_provider_that_is_down_fails_at_once_for_a_while(provider, platform):
    provider.say("discovery", http(status="500 Oops"))

    with time_machine.travel(time.time(), tick=False):
        for _ in range(5):
            with pytest.raises(ProviderUnavailable, match="discovery_500"):
                client.metadata(platform)
    assert provider.calls("discovery") == 1

    with (
        time_machine.travel(time.time() + client.DOWN_SECONDS + 1),
        pytest.raises(ProviderUnavailable, match="discovery_500"),
    ):
        client.metadata(platform)
    assert provider.calls("discovery") == 2


ROTATED = {"keys": [jwk(OTHER_EC_KEY, kid="key-2")]}


def test_fresh_keys_are_fetched_at_once(provider, platform):
    known = client.key_set(platform)
    provider.key_set = ROTATED

    fresh = client.refreshed_key_set(platform, known=known)

    assert fresh == ROTATED["keys"]
    assert client.key_set(platform) == fresh


def test_fresh_keys_are_asked_for_a_few_times_a_minute(provider, platform, monkeypatch):
    monkeypatch.setattr(client, "REFRESH_WAIT_SECONDS", 0)
    known = client.key_set(platform)

    for _ in range(client.MAX_REFRESHES + 3):
        assert client.refreshed_key_set(platform, known=known) == known
    assert provider.calls("jwks") == 1 + client.MAX_REFRESHES

    with time_machine.travel(time.time() + client.REFRESH_WINDOW_SECONDS + 1):
        client.refreshed_key_set(platform, known=known)
    assert provider.calls("jwks") == 2 + client.MAX_REFRESHES


def test_past_that_a_sign_in_waits_for_the_keys_that_another_fetches(
    provider, platform, monkeypatch
):
    monkeypatch.setattr(client, "MAX_REFRESHES", 1)
    known = client.key_set(platform)
    provider.say("jwks", b"", http(ROTATED), pause=0.3)

    results = at_once(*[lambda: client.refreshed_key_set(platform, known=known)] * 3)

    assert results == [ROTATED["keys"]] * 3
    assert provider.calls("jwks") == 2


def test_nobody_waits_for_ever_for_the_keys_of_another(provider, platform, monkeypatch):
    monkeypatch.setattr(client, "MAX_REFRESHES", 0)
    monkeypatch.setattr(client, "REFRESH_WAIT_SECONDS", 0.2)
    known = client.key_set(platform)
    started = time.monotonic()

    assert client.refreshed_key_set(platform, known=known) == known
    assert time.monotonic() - started < 1


def test_a_minute_that_ends_in_between_is_no_crash(provider, platform, monkeypatch):
    monkeypatch.setattr(client, "REFRESH_WINDOW_SECONDS", 0)
    monkeypatch.setattr(client, "REFRESH_WAIT_SECONDS", 0)
    known = client.key_set(platform)

    assert client.refreshed_key_set(platform, known=known) == known
    assert provider.calls("jwks") == 1


def test_the_known_keys_stay_when_fresh_ones_cannot_be_had(provider, platform):
    known = client.key_set(platform)
    provider.say("jwks", http(status="500 Oops"))

    assert client.refreshed_key_set(platform, known=known) == known


def test_nothing_listens_there(settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"issuer": "http://127.0.0.1:9/api/v2"}

    with pytest.raises(ProviderUnavailable) as caught:
        client.metadata(conf.platform())

    assert caught.value.code == "http_ConnectionError"


def test_repr_of_an_answer_shows_no_token():
    answer = client.TokenAnswer(id_token="the-id-token", access_token="the-access-token")

    assert "the-" not in repr(answer)
