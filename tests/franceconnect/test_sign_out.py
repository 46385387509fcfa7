"""What sign-out asks of FranceConnect, and that nothing stops it."""

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore

from franceconnect import sign_out


@pytest.fixture
def request_with_session(rf):
    request = rf.post("/deconnexion/")
    request.session = SessionStore()
    sign_out.remember(request.session, "the.id.token")
    return request


def test_the_id_token_is_taken_once(request_with_session):
    assert sign_out.take_id_token(request_with_session.session) == "the.id.token"
    assert sign_out.take_id_token(request_with_session.session) is None


def test_nothing_is_remembered_of_nothing():
    session = SessionStore()
    sign_out.remember(session, None)

    assert sign_out.take_id_token(session) is None


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
