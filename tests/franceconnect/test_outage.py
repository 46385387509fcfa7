"""FranceConnect down, slow or wrong: the rest of the portal stays whole, and nobody hangs."""

import logging
import threading
import time
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.urls import reverse

from franceconnect import backends, conf, exchange, outage
from franceconnect.exceptions import ProviderUnavailable, Saturated

BANNER = "FranceConnect ne répond pas"
TOKEN_DOWN = {"at": "token", "status": 500, "times": None}


def fail(traveller, times=1):
    for _ in range(times):
        traveller.come_back(traveller.identify(traveller.leave()))


def position(page, text):
    assert text in page
    return page.index(text)


@pytest.fixture
def down(traveller):
    traveller.simulator.control(TOKEN_DOWN)
    fail(traveller, outage.THRESHOLD)
    return traveller


@pytest.mark.parametrize("page", ["/", "/connexion/", "/inscription/"])
def test_the_button_comes_first_when_all_is_well(client, db, page):
    content = client.get(page).content.decode()

    assert BANNER not in content
    assert position(content, "S’identifier avec") < position(content, 'type="password"')


@pytest.mark.parametrize("page", ["/", "/connexion/", "/inscription/"])
def test_after_repeated_failures_the_button_steps_back_and_stays(down, client, page):
    content = client.get(page).content.decode()

    assert BANNER in content
    assert position(content, 'type="password"') < position(content, "S’identifier avec")


def test_two_failures_are_no_outage(traveller, client):
    traveller.simulator.control(TOKEN_DOWN)
    fail(traveller, outage.THRESHOLD - 1)

    assert BANNER not in client.get("/").content.decode()


def test_a_success_brings_the_button_back(down, client):
    down.simulator.reset()
    down.go()

    assert BANNER not in client.get("/").content.decode()


def test_time_brings_the_button_back(down, client, monkeypatch):
    monkeypatch.setattr(outage, "MEMORY_SECONDS", 0.2)
    fail(down)
    time.sleep(0.3)

    assert BANNER not in client.get("/").content.decode()


def test_operators_read_of_it_once(traveller, caplog):
    traveller.simulator.control(TOKEN_DOWN)
    with caplog.at_level(logging.ERROR, logger="franceconnect.outage"):
        fail(traveller, outage.THRESHOLD + 2)

    lines = [line.getMessage() for line in caplog.records if line.name == "franceconnect.outage"]
    assert lines == ["FranceConnect does not answer: its button steps back"]


def test_discovery_down_counts_too(traveller, client):
    traveller.simulator.control({"at": "discovery", "status": 500, "times": None})
    for _ in range(outage.THRESHOLD):
        response = traveller.client.post(reverse("franceconnect:start"))

    assert response.status_code == 503
    assert BANNER in client.get("/").content.decode()


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable", "unknown"])
def test_nobody_can_push_the_button_aside_from_their_browser(traveller, client, error):
    for _ in range(outage.THRESHOLD + 1):
        callback = traveller.identify(traveller.leave())
        url, _, query = callback.partition("?")
        kept = "&".join(part for part in query.split("&") if not part.startswith("code="))
        traveller.come_back(f"{url}?{kept}&error={error}")

    assert BANNER not in client.get("/").content.decode()


def test_nobody_can_push_it_aside_with_codes_of_their_own(traveller, client):
    for code in ["wrong", "x" * 5000, "é", "\x00", "a b"] * 2:
        callback = traveller.identify(traveller.leave())
        query = dict(parse_qsl(urlsplit(callback).query)) | {"code": code}
        traveller.client.get(reverse("franceconnect:callback"), query)

    assert BANNER not in client.get("/").content.decode()


def test_a_password_opens_the_space_all_the_same(down, client, citizen):
    response = client.post(
        "/connexion/", {"login": citizen.email, "password": "quatre chevaux au galop"}
    )

    assert response.status_code == 302


# --- Bounds ---


def test_all_the_exchanges_together_have_an_end(traveller, monkeypatch):
    """Each alone is within its time; together they would not be."""
    monkeypatch.setattr(backends, "ALL_EXCHANGES_SECONDS", 0.8)
    callback = traveller.identify(traveller.leave())
    for place in ("token", "jwks", "userinfo"):
        traveller.simulator.control({"at": place, "delay": 0.6, "times": None})

    started = time.monotonic()
    response = traveller.come_back(callback)

    assert response.status_code == 503
    assert time.monotonic() - started < 1.5


def test_nothing_is_asked_once_the_time_is_spent(simulator):
    with exchange.time_budget(0), pytest.raises(ProviderUnavailable, match="too_slow"):
        exchange.exchange("GET", f"{simulator.issuer}/jwks", seconds=5)

    assert "GET /api/v2/jwks" not in simulator.calls()


def test_a_budget_ends_with_its_block(simulator):
    with exchange.time_budget(0):
        pass

    assert exchange.exchange("GET", f"{simulator.issuer}/jwks", seconds=5).status == 200


def test_exchanges_at_once_are_bounded_and_places_are_given_back(simulator, settings, monkeypatch):
    """A provider that hangs takes so many workers, and no more."""
    monkeypatch.setattr(exchange, "PLACE_SECONDS", 0.05)
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"max_exchanges": 2}
    simulator.control({"at": "jwks", "delay": 0.6, "times": 2})
    url = f"{simulator.issuer}/jwks"
    hanging = [
        threading.Thread(target=lambda: exchange.exchange("GET", url, seconds=5)) for _ in range(2)
    ]
    for thread in hanging:
        thread.start()
    time.sleep(0.2)

    with pytest.raises(Saturated):
        exchange.exchange("GET", url, seconds=5)
    for thread in hanging:
        thread.join()

    assert exchange.exchange("GET", url, seconds=5).status == 200


def test_our_own_saturation_is_no_outage_of_theirs(traveller, settings, monkeypatch, client):
    monkeypatch.setattr(exchange, "PLACE_SECONDS", 0.01)
    callbacks = [traveller.identify(traveller.leave()) for _ in range(outage.THRESHOLD)]
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"max_exchanges": 0}
    for callback in callbacks:
        response = traveller.come_back(callback)

    assert response.status_code == 503
    assert not outage.is_down(conf.platform())


def test_a_count_forgotten_between_two_steps_is_no_error(db, monkeypatch):
    def forgotten(key):
        raise ValueError

    monkeypatch.setattr("django.core.cache.cache.incr", forgotten, raising=False)
    outage.failed(conf.platform())

    assert not outage.is_down(conf.platform())
