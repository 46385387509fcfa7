"""A FranceConnect of its own process, and somebody who goes there and comes back."""

from urllib.parse import urljoin, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings as portal_settings
from django.test import Client

from franceconnect import conf, encryption
from franceconnect.models import Link
from tests.franceconnect.data_journey import Asker
from tests.settings import PLUS_SIMULATOR_PORT, SIMULATOR_PORT
from tests.simulator.process import SimulatorProcess

CLIENT = {
    "client_id": portal_settings.FRANCECONNECT["client_id"],
    "client_secret": portal_settings.FRANCECONNECT["client_secret"],
    "service_name": "Espace Citoyens de Rivemont",
    "redirect_uris": [f"{portal_settings.BASE_URL}/franceconnect/callback/"],
    "post_logout_redirect_uris": [f"{portal_settings.BASE_URL}/franceconnect/logout-callback/"],
}
# What the habilitation of the town of the tests covers beside the identity.
DATA_SCOPES = [
    "cnaf_quotient_familial",
    "cnaf_enfants",
    "revenu_solidarite_active",
    "revenu_solidarite_active_majoration",
    "prime_activite",
    "prime_activite_majoration",
    "allocation_adulte_handicape",
    "complementaire_sante_solidaire",
    "mesri_admissions",
    "mesri_admission_inscrit",
    "mesri_admission_etablissement_etude",
    "cnous_statut_boursier",
    "cnous_echelon_bourse",
    "api_fc-statutaugmentev1",
    "dgfip_rfr",
    "dgfip_annee_n_moins_1",
    "dgfip_annee_n_moins_2_si_indispo_n_moins_1",
]
IDENTITY_SCOPES = portal_settings.FRANCECONNECT["scopes"].split()
SIRET = "21999000100014"
INES = {
    "login": "ines",
    "given_name_array": ["Ines"],
    "family_name": "PERRER",
    "gender": "female",
    "birthdate": "1985-04-12",
    "birthplace": "44109",
    "birthcountry": "99100",
    "email": "ines.franceconnect@rivemont.example",
}


@pytest.fixture(scope="session")
def running_simulator():
    client = CLIENT | {"scopes": [*IDENTITY_SCOPES, *DATA_SCOPES]}
    simulator = SimulatorProcess.start(clients=[client], people=[INES], port=SIMULATOR_PORT)
    yield simulator
    simulator.stop()


@pytest.fixture
def simulator(running_simulator):
    running_simulator.reset()
    return running_simulator


@pytest.fixture
def data_api(settings, simulator):
    """Every administration configured, all of them the simulator; that simulator."""
    providers = f"{simulator.url}/donnees"
    settings.FRANCECONNECT = settings.FRANCECONNECT | {
        "data": {
            "scopes": " ".join(DATA_SCOPES),
            "api_particulier_url": f"{providers}/api-particulier",
            "recipient": SIRET,
            "france_travail_url": f"{providers}/france-travail",
            "dgfip_url": f"{providers}/dgfip",
            "dgfip_token_url": f"{providers}/dgfip/token",
            "dgfip_client_id": CLIENT["client_id"],
            "dgfip_client_secret": CLIENT["client_secret"],
            "dgfip_teleservice": "essai",
        }
    }
    return simulator


PLUS_CLIENT_ID, PLUS_SECRET = "portail-de-test-plus", "secret-plus-0123456789abcdefghijklmnop"
PLUS_KEY = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)


@pytest.fixture(scope="session")
def running_plus_simulator():
    """A FranceConnect+ of its own process, which knows our public key."""
    folder = f"{portal_settings.BASE_URL}/franceconnect-plus"
    client = {
        "client_id": PLUS_CLIENT_ID,
        "client_secret": PLUS_SECRET,
        "service_name": "Espace Citoyens de Rivemont",
        "redirect_uris": [f"{folder}/callback/"],
        "post_logout_redirect_uris": [f"{folder}/logout-callback/"],
        "jwks": {"keys": encryption.public_keys(PLUS_KEY)},
    }
    simulator = SimulatorProcess.start(
        clients=[client], people=[INES], port=PLUS_SIMULATOR_PORT, platform="high"
    )
    yield simulator
    simulator.stop()


@pytest.fixture
def plus(settings, running_plus_simulator):
    """FranceConnect+, configured; the simulator of it."""
    running_plus_simulator.reset()
    settings.FRANCECONNECT_PLUS = settings.FRANCECONNECT_PLUS | {
        "issuer": running_plus_simulator.issuer,
        "client_id": PLUS_CLIENT_ID,
        "client_secret": PLUS_SECRET,
        "encryption_key": PLUS_KEY,
    }
    return running_plus_simulator


FAILURE = "/franceconnect/echec/"


class Traveller:
    """A browser at the portal (Django's client) and at FranceConnect (requests)."""

    def __init__(self, simulator, client=None, name=conf.FRANCECONNECT):
        self.simulator = simulator
        self.name = name
        self.client = client or Client()
        self.abroad = requests.Session()

    def leave(self, **form) -> str:
        """Press the button; the address of FranceConnect that the portal redirects to."""
        response = self.client.post(conf.platform(self.name).path("start"), form)
        assert response.status_code == 302, response.content
        if "/session/end?" in response["Location"]:
            response = self.follow_sign_out(response["Location"])
        return response["Location"]

    def follow_sign_out(self, url: str):
        """The pages of FranceConnect's sign-out; the portal's answer to the return."""
        while not url.startswith(portal_settings.BASE_URL):
            answer = self.abroad.get(url, allow_redirects=False, timeout=10)
            url = urljoin(answer.url, answer.headers["Location"])
        return self.come_back(url)

    def identify(self, authorize_url: str, login: str = "ines") -> str:
        """Identify at FranceConnect; the callback address, not followed."""
        return self.simulator.sign_in(self.abroad, authorize_url, login)

    def come_back(self, callback_url: str):
        """Follow the callback at the portal."""
        parts = urlsplit(callback_url)
        response = self.client.get(f"{parts.path}?{parts.query}")
        if response.status_code == 302 and response["Location"] == FAILURE:
            return self.client.get(FAILURE)
        return response

    def go(self, login: str = "ines", **form):
        """There and back: the portal's answer to the callback."""
        return self.come_back(self.identify(self.leave(**form), login))

    def sub_of(self, login: str = "ines") -> str:
        """The `sub` that FranceConnect gives this person here, learnt by a real sign-in."""
        traveller = Traveller(self.simulator, name=self.name)
        response = traveller.go(login)
        assert response.status_code == 302, response.content
        return traveller.client.session["franceconnect_pending_identity"]["sub"]

    @property
    def user_id(self) -> int | None:
        """Who is signed in at the portal."""
        pk = self.client.session.get("_auth_user_id")
        return pk and int(pk)


@pytest.fixture
def traveller(db, simulator):
    return Traveller(simulator)


@pytest.fixture
def plus_traveller(traveller, plus):
    """The same browser, on its way to FranceConnect+."""
    return Traveller(plus, traveller.client, name=conf.FRANCECONNECT_PLUS)


@pytest.fixture
def another_traveller(db, simulator):
    return Traveller(simulator)


@pytest.fixture
def link_of(traveller):
    """Tie a person of the simulator to a citizen: `link_of(citizen, "ines")`."""

    def link(citizen, login="ines", **fields):
        return Link.objects.create(
            issuer=portal_settings.FRANCECONNECT["issuer"],
            sub=traveller.sub_of(login),
            citizen=citizen,
            level="eidas1",
            **fields,
        )

    return link


@pytest.fixture
def asker(traveller, link_of, citizen, data_api):
    """Somebody of the simulator, signed in and linked: `asker("quotient_caf")`."""

    def enter(login):
        link_of(citizen, login)
        traveller.go(login)
        assert traveller.user_id == citizen.pk
        return Asker(traveller, citizen, login)

    return enter
