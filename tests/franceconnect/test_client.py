"""Discovery and keys: fetched seldom, kept when the provider is down, never trusted blindly."""

import time

import pytest
import time_machine

from franceconnect import client, conf
from franceconnect.exceptions import Misconfigured, ProviderUnavailable

DISCOVERY = "GET /api/v2/.well-known/openid-configuration"
JWKS = "GET /api/v2/jwks"
HOUR = 3600


@pytest.fixture
def platform():
    return conf.platform()


def test_discovery_and_keys_are_fetched_once_an_hour(simulator, platform):
    for _ in range(3):
        client.metadata(platform)
        client.key_set(platform)
    assert (simulator.calls()[DISCOVERY], simulator.calls()[JWKS]) == (1, 1)

    with time_machine.travel(time.time() + HOUR + 1):
        client.key_set(platform)
    assert simulator.calls()[JWKS] == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"at": "jwks", "status": 500},
        {"at": "jwks", "body": "[]"},
        {"at": "jwks", "body": '{"keys": "none"}'},
        {"at": "jwks", "cut": True},
        {"at": "discovery", "cut": True},
    ],
)
def test_a_key_set_that_cannot_be_read_is_an_outage(simulator, platform, fault):
    simulator.control(fault | {"times": None})

    with pytest.raises(ProviderUnavailable):
        client.key_set(platform)


def test_what_is_no_key_in_the_set_is_left_out(simulator, platform):
    simulator.control({"at": "jwks", "body": '{"keys": ["a", null, {"kid": "b"}]}'})

    assert client.key_set(platform) == [{"kid": "b"}]


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"members": {"issuer": "https://evil.example"}}]
)
def test_the_last_good_discovery_serves_for_a_day(simulator, platform, fault):
    good = client.metadata(platform)
    simulator.control({"at": "discovery", "times": None, **fault})

    for hours in (2, 23):
        with time_machine.travel(time.time() + hours * HOUR):
            assert client.metadata(platform) == good
    with (
        time_machine.travel(time.time() + 25 * HOUR),
        pytest.raises((ProviderUnavailable, Misconfigured)),
    ):
        client.metadata(platform)


def test_a_provider_that_is_down_is_not_asked_at_every_sign_in(simulator, platform):
    client.metadata(platform)
    simulator.control({"at": "discovery", "status": 500, "times": None}, reset_calls=True)

    with time_machine.travel(time.time() + 2 * HOUR, tick=False):
        for _ in range(5):
            client.metadata(platform)

    assert simulator.calls()[DISCOVERY] == 1


def test_an_unknown_provider_that_is_down_fails_at_once_for_a_while(simulator, platform):
    simulator.control({"at": "discovery", "status": 500, "times": None}, reset_calls=True)

    with time_machine.travel(time.time(), tick=False):
        for _ in range(5):
            with pytest.raises(ProviderUnavailable, match="discovery_500"):
                client.metadata(platform)
    assert simulator.calls()[DISCOVERY] == 1


def test_fresh_keys_are_asked_for_at_most_every_twenty_seconds(simulator, platform):
    client.key_set(platform)

    assert client.refreshed_key_set(platform)
    assert client.refreshed_key_set(platform) is None


def test_fresh_keys_that_cannot_be_had_are_none(simulator, platform):
    client.key_set(platform)
    simulator.control({"at": "jwks", "status": 500})

    assert client.refreshed_key_set(platform) is None


def test_nothing_listens_there(platform, settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"issuer": "http://127.0.0.1:9/api/v2"}

    with pytest.raises(ProviderUnavailable) as caught:
        client.metadata(conf.platform())

    assert caught.value.code == "http_ConnectionError"


def test_repr_of_an_answer_shows_no_token():
    answer = client.TokenAnswer(id_token="the-id-token", access_token="the-access-token")

    assert "the-" not in repr(answer)
