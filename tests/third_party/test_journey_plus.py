"""FranceConnect+ on the same foreign engine: encrypted answers, a stronger level, a step-up."""

from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings as portal_settings
from django.test import Client, override_settings
from django.urls import reverse

from accounts.models import JournalEntry, PersonalSpace, Provenance, User
from franceconnect.models import Link
from tests.franceconnect.fixtures import CLIENT, Traveller
from tests.third_party.provider import running_provider

FIRST_TIME = reverse("franceconnect:first_time")
HOME = "/mon-espace/"
CONTACT = {"contact_email": "a.ines@rivemont.example"}
CALLBACK = f"{portal_settings.BASE_URL}/franceconnect-plus/callback/"
LOGOUT_CALLBACK = f"{portal_settings.BASE_URL}/franceconnect-plus/logout-callback/"


def pem(key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def new_ec_key() -> str:
    return pem(ec.generate_private_key(ec.SECP256R1()))


KEY = new_ec_key()


def portal_settings_for(issuer: str, encryption_key: str = KEY) -> dict:
    return portal_settings.FRANCECONNECT_PLUS | {
        "issuer": issuer,
        "client_id": CLIENT["client_id"],
        "client_secret": CLIENT["client_secret"],
        "encryption_key": encryption_key,
    }


def published_keys(encryption_key: str) -> dict:
    """The key set that the portal shows FranceConnect+ when it has these private keys."""
    with override_settings(
        FRANCECONNECT_PLUS=portal_settings_for("http://127.0.0.1:1/api/v2", encryption_key)
    ):
        return Client().get("/franceconnect-plus/jwks/").json()


def running_plus(encryption_key: str = KEY, *, alg: str = "ECDH-ES", level: str = "eidas2"):
    """A FranceConnect+ that encrypts for the keys published by the portal of this setting."""
    return running_provider(
        level=level,
        redirect_uris=[CALLBACK],
        post_logout_redirect_uris=[LOGOUT_CALLBACK],
        jwks=published_keys(encryption_key),
        id_token_encrypted_response_alg=alg,
        id_token_encrypted_response_enc="A256GCM",
        userinfo_encrypted_response_alg=alg,
        userinfo_encrypted_response_enc="A256GCM",
    )


class PlusTraveller(Traveller):
    """Presses the other button."""

    def leave(self, **form) -> str:
        response = self.client.post(reverse("franceconnect:plus_start"), form)
        assert response.status_code == 302, response.content
        return response["Location"]

    @property
    def level(self) -> str:
        """The level that this session reached."""
        return self.client.get(HOME).context["assurance"].level


@pytest.fixture(scope="module")
def plus_provider():
    with running_plus() as provider:
        yield provider


@pytest.fixture
def plus(plus_provider, settings):
    """FranceConnect+, for the portal of this test."""
    settings.FRANCECONNECT_PLUS = portal_settings_for(plus_provider.issuer)
    return plus_provider


@pytest.fixture
def traveller(db, plus):
    return PlusTraveller(plus)


@pytest.fixture
def citizen(traveller):
    """Somebody whose space was opened by a first sign-in, with a browser of then."""
    traveller.go()
    traveller.client.post(FIRST_TIME, CONTACT)
    return User.objects.get()


def test_encrypted_answers_open_a_certified_space_at_the_stronger_level(traveller):
    response = traveller.go()
    created = traveller.client.post(FIRST_TIME, CONTACT)

    space, link = PersonalSpace.objects.get(), Link.objects.get()
    assert response["Location"] == FIRST_TIME
    assert created["Location"] == HOME
    assert space.identity_provenance == Provenance.FRANCECONNECT
    assert (space.birth_family_name, space.given_names) == ("PERRER", ["Ines"])
    assert (link.issuer, link.level) == (traveller.simulator.issuer, "eidas2")
    assert traveller.level == "eidas2"


def test_the_next_sign_in_recognises_the_person(citizen, plus):
    elsewhere = PlusTraveller(plus)

    response = elsewhere.go()

    assert response["Location"] == HOME
    assert elsewhere.user_id == citizen.pk
    assert User.objects.count() == Link.objects.count() == 1


def test_new_signing_keys_go_unseen(citizen, plus):
    elsewhere = PlusTraveller(plus)

    plus.restart()
    elsewhere.go()

    assert elsewhere.user_id == citizen.pk


def test_sign_out_hands_back_the_signed_token_and_comes_back(citizen, traveller, plus):
    end_session_url = traveller.client.post("/deconnexion/")["Location"]
    still_signed_in = traveller.user_id

    back = plus.sign_out(traveller.abroad, end_session_url)

    state = parse_qs(urlsplit(end_session_url).query)["state"][0]
    assert still_signed_in is None
    assert back == f"{LOGOUT_CALLBACK}?state={state}"
    assert traveller.come_back(back)["Location"] == "/"
    assert plus.asks_who_is_there(traveller.abroad, traveller.leave())


def test_a_level_above_the_one_asked_is_kept(db, settings):
    with running_plus(level="eidas3") as plus:
        settings.FRANCECONNECT_PLUS = portal_settings_for(plus.issuer)
        traveller = PlusTraveller(plus)
        traveller.go()

    traveller.client.post(FIRST_TIME, CONTACT)

    assert traveller.level == "eidas3"


def test_an_rsa_key_of_ours_is_used_too(db, settings):
    key = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    with running_plus(key, alg="RSA-OAEP-256") as plus:
        settings.FRANCECONNECT_PLUS = portal_settings_for(plus.issuer, key)
        response = PlusTraveller(plus).go()

    assert response["Location"] == FIRST_TIME


def test_an_encryption_key_serves_until_franceconnect_reads_the_next(traveller, settings):
    """It still knows the former one alone."""
    settings.FRANCECONNECT_PLUS = portal_settings_for(
        traveller.simulator.issuer, new_ec_key() + KEY
    )

    assert traveller.go()["Location"] == FIRST_TIME


def test_answers_encrypted_for_another_key_are_refused(traveller, settings):
    settings.FRANCECONNECT_PLUS = portal_settings_for(traveller.simulator.issuer, new_ec_key())

    response = traveller.go()

    assert response.status_code == 400
    assert JournalEntry.objects.get().code == "encryption_key_unknown"


def test_answers_in_clear_are_refused(db, settings):
    with running_provider(
        level="eidas2", redirect_uris=[CALLBACK], post_logout_redirect_uris=[LOGOUT_CALLBACK]
    ) as plus:
        settings.FRANCECONNECT_PLUS = portal_settings_for(plus.issuer)
        response = PlusTraveller(plus).go()

    assert response.status_code == 400
    assert JournalEntry.objects.get().code == "token_not_encrypted"


def test_turning_back_is_quiet(traveller, plus):
    callback = plus.turn_back(traveller.abroad, traveller.leave())

    assert traveller.come_back(callback)["Location"] == "/"
    assert not JournalEntry.objects.exists()


# --- Both platforms ---


@pytest.fixture(scope="module")
def weak_provider():
    with running_provider(level="eidas1") as provider:
        yield provider


@pytest.fixture
def stepped_up(traveller, weak_provider, settings):
    """Signed in by FranceConnect, a space opened, then proven again by FranceConnect+."""
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"issuer": weak_provider.issuer}
    weak = Traveller(weak_provider, traveller.client)
    weak.go()
    traveller.client.post(FIRST_TIME, CONTACT)
    response = traveller.go(intent="step_up")
    assert response["Location"] == reverse("franceconnect:link")
    traveller.client.post(response["Location"])
    return weak


def test_a_step_up_ties_the_second_platform_and_raises_the_session(stepped_up, traveller):
    user = User.objects.get()

    assert traveller.user_id == user.pk
    assert traveller.level == "eidas2"
    assert {link.level for link in user.franceconnect_links.active()} == {"eidas1", "eidas2"}


def test_sign_out_ends_the_sessions_of_both(stepped_up, traveller, plus, weak_provider):
    sessions = {
        plus.issuer: (plus, traveller.abroad),
        weak_provider.issuer: (weak_provider, stepped_up.abroad),
    }
    url = traveller.client.post("/deconnexion/")["Location"]
    ended = []

    while url != "/":
        issuer = url.split("/session/end?")[0]
        provider, browser = sessions[issuer]
        url = traveller.come_back(provider.sign_out(browser, url))["Location"]
        ended.append(issuer)

    assert sorted(ended) == sorted(sessions)
    assert plus.asks_who_is_there(traveller.abroad, traveller.leave())
    assert weak_provider.asks_who_is_there(stepped_up.abroad, stepped_up.leave())
