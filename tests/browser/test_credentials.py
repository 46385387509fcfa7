"""What opens a space, in a real browser: a passkey, an app's codes, a mailed one."""

import re

import pytest

from accounts.models import User
from tests.accounts.authenticators import totp
from tests.accounts.factories import PASSWORD, make_citizen

CREDENTIALS = "/mon-espace/identifiants/"
FACTOR = f"{CREDENTIALS}double-authentification/"
EMAIL = "ines.perrer@rivemont.example"
# A telephone that recognises its owner.
MACHINE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def arrives_by_name(arrives, settings):
    """The same, at http://localhost: no browser makes a passkey for an address in digits."""
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "localhost"]

    def make(**options):
        citizen = arrives(**options)
        citizen.portal = citizen.portal.replace("127.0.0.1", "localhost")
        return citizen

    return make


def give_machine(citizen) -> None:
    tools = citizen.page.context.new_cdp_session(citizen.page)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": MACHINE})


def types_password(citizen) -> None:
    citizen.goes_to("/connexion/")
    citizen.types("Identifiant", EMAIL)
    citizen.types("Mot de passe", PASSWORD)
    citizen.presses("Se connecter")


def signs_out(citizen) -> None:
    citizen.goes_to("/mon-espace/")
    citizen.page.get_by_role("button", name=re.compile("connexion|connecter")).first.click()
    citizen.is_at("/")


def test_a_passkey_opens_the_space_and_the_last_way_in_stays(arrives_by_name):
    make_citizen()
    citizen = arrives_by_name(width=360, color_scheme="dark")
    give_machine(citizen)
    citizen.signs_in()

    citizen.goes_to(CREDENTIALS)
    citizen.looks("1-identifiants")
    citizen.follows("Ajouter une clé d’accès")
    citizen.types("Nom de la clé", "Mon téléphone")
    citizen.looks("2-add")
    citizen.presses("Créer la clé d’accès")
    citizen.is_at(f"{CREDENTIALS}#cles-d-acces")
    citizen.reads("Votre clé d’accès est ajoutée.")
    citizen.looks("3-added")
    citizen.follows("Ajouter une clé d’accès")
    citizen.presses("Créer la clé d’accès")
    citizen.reads("Cet appareil a déjà une clé d’accès")
    citizen.looks("4-already")

    User.objects.update(password="!")
    citizen.goes_to("/")
    citizen.looks("5-sign-in")
    citizen.presses("Me connecter avec une clé d’accès")
    citizen.is_at("/mon-espace/")
    citizen.goes_to(CREDENTIALS)
    citizen.reads("Votre espace s’ouvre seulement avec une clé d’accès.")
    citizen.page.get_by_role("link", name="Retirer Mon téléphone").click()
    citizen.reads("seul moyen d’entrer")
    citizen.looks("6-last-way-in")


def test_an_app_a_recovery_code_then_a_code_by_email(arrives_by_name):
    make_citizen()
    citizen = arrives_by_name()
    citizen.signs_in()

    citizen.goes_to(FACTOR)
    citizen.looks("1-explained")
    citizen.follows("Activer avec une application")
    secret = citizen.page.locator(".reference").inner_text().replace(" ", "")
    citizen.types("Code de l’application", "000000")
    citizen.presses("Activer")
    citizen.reads("Ce code n’est pas le bon")
    citizen.looks("2-wrong-code")
    code = totp(secret)
    citizen.types("Code de l’application", code)
    citizen.presses("Activer")
    citizen.is_at(f"{FACTOR}codes-de-secours/")
    citizen.looks("3-recovery-codes")
    recovery = citizen.page.locator(".recovery-codes li").first.inner_text()
    citizen.presses("J’ai gardé mes codes")
    citizen.is_at(FACTOR)

    signs_out(citizen)
    types_password(citizen)
    citizen.is_at("/connexion/code/")
    citizen.types("Code", code)
    citizen.presses("Entrer dans mon espace")
    citizen.reads("il a déjà servi")
    citizen.looks("4-served-already")
    citizen.types("Code", recovery)
    citizen.presses("Entrer dans mon espace")
    citizen.is_at("/mon-espace/")

    citizen.goes_to(f"{FACTOR}application/desactiver/")
    citizen.presses("Désactiver l’application")
    citizen.goes_to(f"{FACTOR}code-par-e-mail/")
    citizen.looks("5-email-code")
    citizen.presses("Demander un code par e-mail")
    citizen.is_at(FACTOR)
    signs_out(citizen)
    types_password(citizen)
    citizen.is_at("/connexion/code-par-e-mail/")
    citizen.looks("6-code-by-email")
    citizen.types("Code de vérification", citizen.reads_the_code_mailed())
    citizen.presses("Entrer dans mon espace")
    citizen.is_at("/mon-espace/")
