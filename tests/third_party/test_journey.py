"""The whole journey of the portal against an OpenID provider that nobody here wrote.

Our simulator could share a misreading with the portal; FranceConnect's own engine cannot.
"""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils.html import escape

from accounts.models import JournalEntry, JournalKind, PersonalSpace, Provenance, User
from franceconnect.exceptions import AccessDenied, Misconfigured
from franceconnect.models import Link
from tests.franceconnect.fixtures import CLIENT, INES, Traveller
from tests.third_party.provider import running_provider

FIRST_TIME = reverse("franceconnect:first_time")
HOME = "/mon-espace/"
CONTACT = {"contact_email": "a.ines@rivemont.example"}


@pytest.fixture(scope="module")
def es256_provider():
    with running_provider(level="eidas1") as provider:
        yield provider


@pytest.fixture(scope="module")
def rs256_provider():
    with running_provider(level="eidas1", signing_alg="RS256") as provider:
        yield provider


@pytest.fixture
def provider(es256_provider, settings):
    """FranceConnect, for the portal of this test."""
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"issuer": es256_provider.issuer}
    return es256_provider


@pytest.fixture
def traveller(db, provider):
    return Traveller(provider)


@pytest.fixture
def citizen(traveller):
    """Somebody whose space was opened by a first sign-in, with a browser of then."""
    traveller.go()
    traveller.client.post(FIRST_TIME, CONTACT)
    return User.objects.get()


def test_a_first_sign_in_shows_the_identity_and_writes_nothing(traveller):
    response = traveller.go()
    page = traveller.client.get(FIRST_TIME)

    assert response["Location"] == FIRST_TIME
    assert "Première connexion" in page.content.decode()
    assert "PERRER" in page.content.decode()
    assert page.context["form"]["contact_email"].value() == INES["email"]
    assert traveller.user_id is None
    assert not User.objects.exists()


def test_a_first_sign_in_opens_a_certified_space(traveller):
    traveller.go()

    response = traveller.client.post(FIRST_TIME, CONTACT)

    space, link = PersonalSpace.objects.get(), Link.objects.get()
    assert response["Location"] == HOME
    assert traveller.user_id == space.user_id == link.citizen_id
    assert space.identity_provenance == Provenance.FRANCECONNECT
    assert (space.birth_family_name, space.given_names) == ("PERRER", ["Ines"])
    assert (space.birthdate_text, space.gender) == ("1985-04-12", "female")
    assert (space.birthplace, space.birthcountry) == ("44109", "99100")
    assert (link.issuer, link.level) == (traveller.simulator.issuer, "eidas1")
    assert len(link.sub) == 66
    assert traveller.client.get(HOME).status_code == 200


def test_the_next_sign_in_recognises_the_person(citizen, provider):
    elsewhere = Traveller(provider)

    response = elsewhere.go()

    assert response["Location"] == HOME
    assert elsewhere.user_id == citizen.pk
    assert User.objects.count() == Link.objects.count() == 1


def test_single_sign_on_recognises_the_person_too(citizen, traveller, provider):
    traveller.client.logout()
    authorize_url = traveller.leave()
    asks = provider.asks_who_is_there(traveller.abroad, authorize_url)

    response = traveller.come_back(traveller.identify(authorize_url))

    assert not asks
    assert response["Location"] == HOME
    assert traveller.user_id == citizen.pk


def test_a_platform_that_signs_with_rsa_is_understood(db, rs256_provider, settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {
        "issuer": rs256_provider.issuer,
        "signing_alg": "RS256",
    }

    assert Traveller(rs256_provider).go()["Location"] == FIRST_TIME


def test_a_reload_of_the_callback_changes_nothing(citizen, provider):
    elsewhere = Traveller(provider)
    callback = elsewhere.identify(elsewhere.leave())
    elsewhere.come_back(callback)
    entries = JournalEntry.objects.count()

    response = elsewhere.come_back(callback)

    assert response["Location"] == HOME
    assert elsewhere.user_id == citizen.pk
    assert JournalEntry.objects.count() == entries


def test_a_reload_before_the_choice_leaves_the_choice(traveller):
    callback = traveller.identify(traveller.leave())
    traveller.come_back(callback)
    traveller.come_back(callback)

    response = traveller.client.post(FIRST_TIME, CONTACT)

    assert response["Location"] == HOME
    assert traveller.user_id == User.objects.get().pk


def test_sign_out_ends_both_sessions_and_comes_back(citizen, traveller, provider):
    end_session_url = traveller.client.post("/deconnexion/")["Location"]
    still_signed_in = traveller.user_id

    back = provider.sign_out(traveller.abroad, end_session_url)

    state = parse_qs(urlsplit(end_session_url).query)["state"][0]
    assert still_signed_in is None
    assert back == f"{CLIENT['post_logout_redirect_uris'][0]}?state={state}"
    assert traveller.come_back(back)["Location"] == "/"
    assert provider.asks_who_is_there(traveller.abroad, traveller.leave())


def test_new_keys_between_two_sign_ins_go_unseen(citizen, provider):
    before = provider.get("/jwks")
    elsewhere = Traveller(provider)

    provider.restart()
    response = elsewhere.go()

    assert provider.get("/jwks") != before
    assert response["Location"] == HOME
    assert elsewhere.user_id == citizen.pk


def test_new_keys_while_somebody_is_away_go_unseen(citizen, provider):
    """They left before the ceremony; the provider has forgotten their journey, not the portal."""
    elsewhere = Traveller(provider)
    authorize_url = elsewhere.leave()

    provider.restart()

    assert elsewhere.come_back(elsewhere.identify(authorize_url))["Location"] == HOME


def test_a_wrong_secret_is_a_clear_page_and_alerts_operators(traveller, settings, caplog):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"client_secret": "z" * 40}

    response = traveller.go()

    entry = JournalEntry.objects.get()
    page = response.content.decode()
    assert response.status_code == 503
    assert (entry.kind, entry.code) == (JournalKind.SIGN_IN_REFUSED, "token_invalid_client")
    assert escape(Misconfigured.user_message) in page
    assert entry.reference in page
    assert traveller.user_id is None
    assert [
        record.levelname for record in caplog.records if record.name.startswith("franceconnect")
    ] == ["ERROR"]


def test_turning_back_at_the_provider_is_quiet(traveller, provider):
    callback = provider.turn_back(traveller.abroad, traveller.leave())

    response = traveller.come_back(callback)

    assert response["Location"] == "/"
    assert [str(message) for message in get_messages(response.wsgi_request)] == [
        AccessDenied.user_message
    ]
    assert not JournalEntry.objects.exists()


def test_turning_back_then_trying_again_works(traveller, provider):
    traveller.come_back(provider.turn_back(traveller.abroad, traveller.leave()))

    assert traveller.go()["Location"] == FIRST_TIME
