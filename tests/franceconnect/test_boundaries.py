"""The exact edges that mutation testing found unguarded: one step on each side of them."""

import datetime

import pytest
import time_machine
from django.contrib.sessions.backends.signed_cookies import SessionStore

from accounts.models import User
from franceconnect import codes, linking, state
from franceconnect.exceptions import IdentityRefused, LinkRefused, TokenRefused, UnknownState
from franceconnect.models import Link
from franceconnect.state import Intent
from tests.accounts.factories import make_citizen
from tests.franceconnect.forge import NOW, sign
from tests.franceconnect.test_identity import CLAIMS, identity
from tests.franceconnect.test_linking_properties import pending
from tests.franceconnect.test_state import depart
from tests.franceconnect.test_tokens import USERINFO, verify_userinfo

ISSUER, OTHER_ISSUER = "https://fc.example/api/v2", "https://fcp.example/api/v2"
HEADER = {"alg": "ES256", "kid": "key-1"}

# --- Tokens ---


def test_a_clock_sixty_seconds_ahead_is_the_last_one_accepted():
    assert verify_userinfo(sign(HEADER, USERINFO | {"iat": NOW + 60}))
    with pytest.raises(TokenRefused, match="issued_in_the_future"):
        verify_userinfo(sign(HEADER, USERINFO | {"iat": NOW + 60.1}))


# --- Identity ---


def test_thirty_given_names_are_the_most():
    assert len(identity(given_name_array=["A"] * 30).given_names) == 30
    with pytest.raises(IdentityRefused, match="^given_names_refused$"):
        identity(given_name_array=["A"] * 31)


@pytest.mark.parametrize("gender", ["female", "male", "unspecified"])
def test_a_known_gender_is_kept(gender):
    assert identity(gender=gender).gender == gender


def test_an_identity_says_the_same_in_the_words_of_accounts():
    person = identity(preferred_username="USAGE", gender="male")
    said = person.as_identity()

    assert said.birth_family_name == CLAIMS["family_name"]
    assert said.given_names == tuple(CLAIMS["given_name_array"])
    assert (said.usual_name, said.gender) == ("USAGE", "male")
    assert said.birthdate_text == CLAIMS["birthdate"]
    assert said.birthdate == datetime.date(1962, 8, 24)
    assert (said.birthplace, said.birthcountry) == ("75107", "99100")


@pytest.mark.parametrize(
    ("birthdate", "is_kept"),
    [("2026-11-23", True), ("2026-11-24", True), ("2026-11-25", True), ("2026-11-26", False)],
)
@pytest.mark.parametrize("hour", [0, 23])
def test_somebody_born_today_anywhere_on_earth_is_born(birthdate, is_kept, hour):
    with time_machine.travel(datetime.datetime(2026, 11, 24, hour, 30, tzinfo=datetime.UTC)):
        if is_kept:
            assert identity(birthdate=birthdate).birthdate_text == birthdate
        else:
            with pytest.raises(IdentityRefused, match="birthdate_refused"):
                identity(birthdate=birthdate)


def test_an_email_of_254_characters_is_the_longest():
    """RFC 5321 §4.5.3.1.3: a path of 256 octets, with its two brackets."""
    labels = ".".join(["d" * 60] * 4)
    longest = f"{'a' * (254 - len(labels) - len('@.fr'))}@{labels}.fr"

    assert len(longest) == 254
    assert identity(email=longest).email in (longest, "")
    assert identity(email="a" + longest).email == ""


# --- State ---


@pytest.fixture
def session():
    return SessionStore()


def test_a_departure_and_its_return_are_both_saved(session):
    """The entry is inside a dictionary, which the session does not watch by itself."""
    session[state.STATES_KEY] = {}
    session.modified = False
    depart(session)
    assert session.modified is True

    session.modified = False
    request = state.take_login_request(session, "the-state")
    assert session.modified is True
    assert request.issuer == "https://fc.example"
    assert request.intent is Intent.LINK


def test_a_browser_that_never_left_has_no_state(session):
    with pytest.raises(UnknownState):
        state.take_login_request(session, "the-state")


@pytest.mark.parametrize(("seconds", "is_known"), [(599, True), (600, True), (601, False)])
def test_ten_minutes_are_ten_minutes(session, seconds, is_known):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        depart(session)
        clock.shift(seconds)
        if is_known:
            assert state.take_login_request(session, "the-state")
        else:
            with pytest.raises(UnknownState, match="state_expired"):
                state.take_login_request(session, "the-state")


@pytest.mark.parametrize(("seconds", "waits"), [(599, True), (600, True), (601, False)])
def test_an_identity_waits_ten_minutes(session, seconds, waits):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        state.stash_pending(session, pending(ISSUER, "ines"))
        clock.shift(seconds)
        found = state.pending_identity(session, question="", user_id=None)

    assert (found is not None) is waits


def test_a_state_stays_used_as_long_as_it_could_serve(session):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        assert state._claim("the-state")
        clock.shift(599)
        assert not state._claim("the-state")
        clock.shift(2)
        assert state._claim("the-state")


def test_forgetting_what_does_not_wait_is_no_error(session):
    state.discard_pending(session)
    state.carry_pending(session, None)

    assert state.PENDING_KEY not in session


def test_an_identity_goes_over_only_to_whoever_brings_its_claim(session):
    waiting = pending(ISSUER, "ines")
    assert state.claimed_pending(session, "/x?reprise=") is None
    state.stash_pending(session, waiting)
    assert state.claimed_pending(session, "/x?reprise=") is None

    claim = state.make_claim(session, waiting)

    assert state.claimed_pending(session, f"/x?reprise={claim}")["sub"] == waiting.sub
    assert state.claimed_pending(session, "/x?reprise=another") is None
    assert state.claimed_pending(session, f"/x?autre={claim}") is None


# --- Links ---


def tie(citizen, sub, issuer=ISSUER):
    return Link.objects.create(issuer=issuer, sub=sub, citizen=citizen, level="eidas1")


def test_a_sub_taken_by_another_request_is_said_to_be_elsewhere(citizen, stranger):
    tie(stranger, "sub-of-ines")

    with pytest.raises(LinkRefused, match="^linked_elsewhere$"):
        linking.create_link(citizen, pending(ISSUER, "ines"), has_strong_mismatch=False)


def test_a_space_taken_by_another_request_is_said_to_have_another(citizen):
    tie(citizen, "another")

    with pytest.raises(LinkRefused, match="^space_has_another$"):
        linking.create_link(citizen, pending(ISSUER, "ines"), has_strong_mismatch=False)


def test_somebody_elses_link_is_no_way_in(settings, db, stranger):
    settings.FRANCECONNECT_PLUS = settings.FRANCECONNECT_PLUS | {
        "issuer": OTHER_ISSUER,
        "client_id": "x",
        "client_secret": "x",
        "encryption_key": "x",
    }
    citizen = make_citizen(None)
    tie(stranger, "theirs", OTHER_ISSUER)
    assert not linking.has_another_way_in(citizen, ISSUER)

    tie(citizen, "own", OTHER_ISSUER)
    assert linking.has_another_way_in(citizen, ISSUER)


def test_whoever_has_no_space_has_none_to_prove(db):
    User.objects.create_user("sans-espace@rivemont.example")

    assert codes._citizen_of("sans-espace@rivemont.example") is None


def test_an_agent_without_a_space_loses_a_link_all_the_same(agent):
    tie(agent, "long-ago")
    agent.save()

    assert not Link.objects.active().exists()


def test_an_agent_who_still_has_a_space_proves_nothing_by_a_code(citizen):
    User.objects.filter(pk=citizen.pk).update(is_staff=True)

    assert codes._citizen_of(citizen.email) is None
