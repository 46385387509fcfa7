import time

import pytest
import time_machine
from django.contrib.sessions.backends.signed_cookies import SessionStore

from franceconnect import state
from franceconnect.exceptions import UnknownState
from franceconnect.identity import PivotIdentity
from franceconnect.state import Intent, PendingIdentity


@pytest.fixture
def session():
    return SessionStore()


def depart(session, name="the-state"):
    session.setdefault(state.STATES_KEY, {})
    session[state.STATES_KEY]["library's own"] = {"nonce": "n", "added_on": time.time()}
    state.stash_login_request(
        session,
        name,
        issuer="https://fc.example",
        intent=Intent.LINK,
        user_id=7,
        next_url="/mon-espace/",
    )


def test_a_departure_is_found_by_its_state(session):
    depart(session)

    request = state.take_login_request(session, "the-state")

    assert (request.nonce, request.intent, request.user_id) == ("n", Intent.LINK, 7)
    assert request.next_url == "/mon-espace/"


@pytest.mark.parametrize("given", ["", "the-stat", "the-state2", "undefined", "é", "\udcff"])
def test_another_state_is_refused(session, given):
    depart(session)

    with pytest.raises(UnknownState):
        state.take_login_request(session, given)


def test_a_state_serves_once(session):
    depart(session)
    state.take_login_request(session, "the-state")

    with pytest.raises(UnknownState):
        state.take_login_request(session, "the-state")


def test_a_state_expires_after_ten_minutes(session):
    depart(session)

    with time_machine.travel(time.time() + 601), pytest.raises(UnknownState) as caught:
        state.take_login_request(session, "the-state")

    assert caught.value.code == "state_expired"


def test_two_tabs_each_have_their_departure(session):
    depart(session, "one")
    depart(session, "two")

    assert state.take_login_request(session, "two")
    assert state.take_login_request(session, "one")


def pending():
    return PendingIdentity(
        issuer="https://fc.example",
        sub="the-sub",
        acr="eidas1",
        identity=PivotIdentity("DUBOIS", ("Angela",), "", "female", "1962-08-24", "", "", ""),
        next_url="/",
        proven_at=time.time(),
        question="q",
        user_id=7,
    )


def test_a_pending_identity_waits_ten_minutes(session):
    waiting = pending()
    state.stash_pending(session, waiting)

    assert state.pending_identity(session, question="q", user_id=7) == waiting
    with time_machine.travel(time.time() + 601):
        assert state.pending_identity(session, question="q", user_id=7) is None
    assert state.PENDING_KEY not in session


def test_a_discarded_identity_is_gone(session):
    state.stash_pending(session, pending())
    state.discard_pending(session)

    assert state.pending_identity(session, question="q", user_id=7) is None


@pytest.mark.parametrize(("question", "user_id"), [("other", 7), ("q", 8), ("q", None)])
def test_a_pending_identity_is_for_one_question_and_one_person(session, question, user_id):
    state.stash_pending(session, pending())

    assert state.pending_identity(session, question=question, user_id=user_id) is None


def test_repr_of_what_waits_shows_no_secret():
    assert "the-sub" not in repr(pending())
