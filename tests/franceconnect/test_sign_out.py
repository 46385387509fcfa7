"""What sign-out asks of FranceConnect, and that nothing stops it."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore

from franceconnect import conf, sign_out


@pytest.fixture
def request_with_session(rf):
    request = rf.post("/deconnexion/")
    request.session = SessionStore()
    sign_out.remember(request.session, conf.platform().issuer, "the.id.token")
    return request


def test_the_id_token_is_kept_encrypted_and_taken_once(request_with_session):
    taken = sign_out.take_id_tokens(request_with_session.session)

    assert "the.id.token" not in str(taken)
    assert list(taken) == [conf.platform().issuer]
    assert sign_out.take_id_tokens(request_with_session.session) == {}


def test_nothing_is_restored_of_nothing():
    session = SessionStore()
    sign_out.restore(session, {})

    assert sign_out.ID_TOKENS_KEY not in session


def test_a_session_that_no_platform_opened_ends_nothing_there(rf):
    request = rf.post("/deconnexion/")
    request.session = SessionStore()

    assert sign_out.end_session_url(request) is None
    assert sign_out.end_platform_session_url(request, conf.platform()) is None


def test_an_id_token_of_another_secret_key_is_no_obstacle(request_with_session, settings):
    settings.SECRET_KEY = "another-secret-key"

    assert sign_out.end_session_url(request_with_session) is None


def test_franceconnect_down_does_not_stop_a_sign_out(request_with_session, simulator):
    simulator.control({"at": "discovery", "status": 500, "times": None})

    assert sign_out.end_session_url(request_with_session) is None


def test_franceconnect_switched_off_does_not_stop_a_sign_out(request_with_session, settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"client_id": ""}

    assert sign_out.end_session_url(request_with_session) is None


def test_the_address_holds_what_the_protocol_asks(request_with_session, simulator):
    url = sign_out.end_session_url(request_with_session)

    assert url.startswith(f"{simulator.issuer}/session/end?id_token_hint=the.id.token&state=")
    assert "post_logout_redirect_uri=http%3A%2F%2F127.0.0.1" in url


# --- Two platforms: whoever stepped up has a session at both ---


@pytest.fixture
def both(request_with_session, plus, simulator):
    sign_out.remember(request_with_session.session, plus.issuer, "the.plus.token")
    return request_with_session


def state_of(url):
    return parse_qs(urlsplit(url).query)["state"][0]


def test_one_sign_out_leads_on_to_the_other_once(both, simulator, plus):
    first = sign_out.end_session_url(both)
    second = sign_out.continuation_url(state_of(first))

    assert first.startswith(f"{plus.issuer}/session/end?id_token_hint=the.plus.token")
    assert "franceconnect-plus%2Flogout-callback" in first
    assert second.startswith(f"{simulator.issuer}/session/end?id_token_hint=the.id.token")
    assert sign_out.continuation_url(state_of(first)) is None
    assert sign_out.continuation_url(state_of(second)) is None


def test_ending_one_platforms_session_keeps_the_others_token(both, simulator, plus):
    url = sign_out.end_platform_session_url(both, conf.platform(conf.FRANCECONNECT_PLUS))

    assert url.startswith(f"{plus.issuer}/session/end")
    assert list(both.session[sign_out.ID_TOKENS_KEY]) == [simulator.issuer]
    assert sign_out.continuation_url(state_of(url)) is None


@pytest.mark.parametrize("state", ["", "forged", "\ud800"])
def test_a_state_that_we_did_not_make_leads_nowhere(state, db):
    assert sign_out.continuation_url(state) is None


def test_a_way_on_of_another_secret_key_leads_nowhere(both, settings):
    first = sign_out.end_session_url(both)
    settings.SECRET_KEY = "another-secret-key"

    assert sign_out.continuation_url(state_of(first)) is None
