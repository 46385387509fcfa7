import copy
import time
from dataclasses import replace

import pytest
import time_machine
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.cache import cache

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
    cache.clear()

    with pytest.raises(UnknownState):
        state.take_login_request(session, "the-state")


def test_a_state_that_another_request_is_using_is_refused(session):
    """Two simultaneous returns have both read the session before either wrote it."""
    depart(session)
    twin = SessionStore()
    twin.update(copy.deepcopy(dict(session.items())))
    state.take_login_request(session, "the-state")

    with pytest.raises(UnknownState) as caught:
        state.take_login_request(twin, "the-state")

    assert caught.value.code == "state_replayed"


def test_a_departure_that_the_library_wrote_and_we_did_not_complete_is_refused(session):
    session[state.STATES_KEY] = {"library's own": {"nonce": "n", "added_on": time.time()}}

    with pytest.raises(UnknownState):
        state.take_login_request(session, "library's own")


def test_a_state_expires_after_ten_minutes(session):
    depart(session)

    with time_machine.travel(time.time() + 601), pytest.raises(UnknownState) as caught:
        state.take_login_request(session, "the-state")

    assert caught.value.code == "state_expired"


def test_a_state_serves_until_the_tenth_minute(session):
    depart(session)

    with time_machine.travel(time.time() + 599):
        assert state.take_login_request(session, "the-state")


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


# --- « J'ai déjà un espace personnel » ---


@pytest.fixture
def claim(session):
    """Somebody not signed in says that they have a space already; what leads them back."""
    waiting = replace(pending(), user_id=None)
    state.stash_pending(session, waiting)
    return state.make_claim(session, waiting)


def test_a_claim_is_long_and_another_each_time(session, claim):
    assert state.is_claimed(session)
    assert len(claim) >= 22
    assert state.make_claim(session, pending()) != claim


def test_nothing_is_claimed_at_first(session):
    assert not state.is_claimed(session)
    state.stash_pending(session, pending())
    assert not state.is_claimed(session)


def test_whoever_brings_the_claim_back_is_asked(session, claim):
    state.adopt_pending(session, claim=claim, question="link", user_id=7)

    assert state.pending_identity(session, question="link", user_id=7)
    assert not state.is_claimed(session)


@pytest.mark.parametrize("given", ["", "another", "é"])
def test_whoever_brings_another_claim_is_not_asked(session, claim, given):
    state.adopt_pending(session, claim=given, question="link", user_id=7)

    assert state.pending_identity(session, question="link", user_id=7) is None
    assert state.is_claimed(session)


def test_a_claim_serves_once(session, claim):
    state.adopt_pending(session, claim=claim, question="link", user_id=7)
    state.adopt_pending(session, claim=claim, question="link", user_id=8)
    state.adopt_pending(session, claim="", question="link", user_id=8)

    assert state.pending_identity(session, question="link", user_id=8) is None


def test_an_identity_that_nobody_claimed_is_not_adopted_by_an_empty_claim(session):
    state.stash_pending(session, replace(pending(), user_id=None))
    state.adopt_pending(session, claim="", question="link", user_id=7)

    assert state.pending_identity(session, question="link", user_id=7) is None


def test_an_identity_asked_of_somebody_is_not_adopted_by_another(session):
    state.stash_pending(session, replace(pending(), claim="the-claim"))
    state.adopt_pending(session, claim="the-claim", question="link", user_id=8)

    assert state.pending_identity(session, question="link", user_id=8) is None


def test_without_an_identity_that_waits_there_is_nothing_to_adopt(session):
    state.adopt_pending(session, claim="", question="link", user_id=7)

    assert state.PENDING_KEY not in session


def test_a_claimed_identity_goes_over_to_the_next_session(session, claim):
    values = state.claimed_pending(session, f"/franceconnect/certifier/?{state.CLAIM}={claim}")
    following = SessionStore()

    state.carry_pending(following, values)
    state.adopt_pending(following, claim=claim, question="link", user_id=7)

    assert state.pending_identity(following, question="link", user_id=7)


@pytest.mark.parametrize("next_url", ["/mon-espace/", "/?reprise=", "/?reprise=another"])
def test_an_identity_that_is_not_claimed_stays_behind(session, claim, next_url):
    assert state.claimed_pending(session, next_url) is None


def test_nothing_goes_over_from_nothing(session):
    assert state.claimed_pending(session, "/?reprise=") is None
    state.stash_pending(session, pending())
    assert state.claimed_pending(session, "/?reprise=") is None

    following = SessionStore()
    state.carry_pending(following, None)
    assert state.PENDING_KEY not in following


def test_repr_of_what_waits_shows_no_secret():
    assert "the-sub" not in repr(pending())
