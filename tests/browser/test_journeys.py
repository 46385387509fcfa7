"""The journeys that the product exists for, each as a citizen lives it."""

import json
import re

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from playwright.sync_api import expect

from accounts.models import PersonalSpace, User
from franceconnect import client
from franceconnect.models import Link
from tests.accounts.factories import PASSWORD, make_citizen
from tests.franceconnect.fixtures import INES

PROFILE = "/mon-espace/profil/"
CERTIFY = "Certifier mon espace personnel FranceConnect"
DISSOCIATE = "Dissocier mon compte de FranceConnect"


@pytest.fixture
def ines(portal):
    return make_citizen()


def certify(citizen, login="ines"):
    """From the profile to the confirmation of the comparison."""
    citizen.goes_to(PROFILE)
    citizen.follows(CERTIFY)
    citizen.identifies(login)
    citizen.is_at("/franceconnect/certifier/")


@pytest.mark.parametrize(
    "options",
    [{"width": 1280}, {"width": 360, "java_script_enabled": False, "color_scheme": "dark"}],
    ids=["desktop", "phone without JavaScript"],
)
def test_ines_certifies_her_space_then_signs_in_with_franceconnect(arrives, ines, options):
    citizen = arrives(**options)
    check = options.get("java_script_enabled", True)
    kind = "desktop" if check else "phone"

    citizen.goes_to("/")
    citizen.looks(f"{kind}-1-home", check=check)
    citizen.signs_in()
    citizen.sees_pictogram(False)
    citizen.looks(f"{kind}-2-space", check=check)
    citizen.follows("Profil")
    citizen.reads("RAPPROCHEMENT DE VOTRE ESPACE PERSONNEL AVEC FRANCECONNECT")
    citizen.looks(f"{kind}-3-profile", check=check)

    citizen.follows(CERTIFY)
    citizen.looks(f"{kind}-4-certify", check=check)
    citizen.identifies()
    citizen.is_at("/franceconnect/certifier/")
    citizen.looks(f"{kind}-5-comparison", check=check)
    citizen.presses("Certifier mon espace")
    citizen.is_at(PROFILE)
    citizen.reads("Votre espace personnel est certifié avec FranceConnect.")
    citizen.looks(f"{kind}-6-certified", check=check)
    citizen.goes_to("/mon-espace/")
    citizen.sees_pictogram()
    citizen.looks(f"{kind}-7-space", check=check)

    citizen.presses("Se déconnecter")
    citizen.is_at("/")
    citizen.reads("Vous êtes déconnecté")
    citizen.looks(f"{kind}-8-signed-out", check=check)
    citizen.goes_to("/mon-espace/")
    citizen.is_at("/connexion/")

    citizen.goes_to("/")
    citizen.presses_franceconnect()
    citizen.chooses_an_account("ines")
    citizen.looks(f"{kind}-9-franceconnect", check=False)
    citizen.confirms()
    citizen.is_at("/mon-espace/")
    citizen.sees_pictogram()
    assert Link.objects.get().citizen == ines


def test_signed_in_at_another_service_one_confirmation_is_enough(arrives, ines, link_of):
    link_of(ines)
    citizen = arrives()

    citizen.page.goto(citizen.simulator.url + "/autre-service/")
    citizen.presses("Se connecter avec le simulateur")
    citizen.chooses_an_account("ines")
    citizen.confirms()
    citizen.reads("Vous êtes connecté")
    citizen.goes_to("/")
    citizen.presses_franceconnect()
    expect(citizen.page).to_have_url(re.compile("/consent$"))
    citizen.looks("1-straight-to-the-confirmation", check=False)
    citizen.confirms()

    citizen.is_at("/mon-espace/")
    citizen.sees_pictogram()
    citizen.looks("2-space")


def test_ines_dissociates_after_a_fresh_proof(arrives, ines, link_of):
    link_of(ines)
    citizen = arrives()
    citizen.signs_in()
    citizen.sees_pictogram()

    citizen.goes_to(PROFILE)
    citizen.follows(DISSOCIATE)
    citizen.is_at("/confirmation-identite/")
    citizen.looks("1-fresh-proof")
    citizen.proves_again()
    citizen.is_at("/franceconnect/dissocier/")
    citizen.looks("2-dissociate")
    citizen.presses(DISSOCIATE)

    citizen.is_at(PROFILE)
    citizen.reads("Votre espace n’est plus rattaché à FranceConnect.")
    citizen.looks("3-dissociated")
    citizen.goes_to("/mon-espace/")
    citizen.sees_pictogram(False)
    assert not Link.objects.active().exists()


def test_somebody_new_creates_a_space_without_a_password(arrives, portal):
    citizen = arrives()

    citizen.goes_to("/")
    citizen.identifies("test")
    citizen.is_at("/franceconnect/premiere-connexion/")
    citizen.reads("DUBOIS")
    citizen.looks("1-first-time")
    citizen.types("Adresse e-mail de contact", "pas une adresse")
    citizen.page.locator("form", has_text="Je crée mon espace").evaluate(
        "form => form.noValidate = true"
    )
    citizen.presses("Je crée mon espace")
    citizen.looks("2-error")
    citizen.types("Adresse e-mail de contact", "angela@rivemont.example")
    citizen.presses("Je crée mon espace")

    citizen.is_at("/mon-espace/")
    citizen.sees_pictogram()
    citizen.looks("3-space")
    assert not User.objects.get().has_usable_password()


def test_somebody_with_a_space_is_linked_after_the_password(arrives, ines):
    citizen = arrives()

    citizen.goes_to("/")
    citizen.identifies("ines")
    citizen.presses("J’ai déjà un espace personnel")
    citizen.is_at("/connexion/")
    citizen.looks("1-sign-in")
    citizen.types("Identifiant", ines.email)
    citizen.types("Mot de passe", PASSWORD)
    citizen.presses("Se connecter")
    citizen.is_at("/franceconnect/certifier/")
    citizen.presses("Certifier mon espace")

    citizen.is_at("/mon-espace/")
    assert ines.franceconnect_links.active().count() == 1
    assert User.objects.count() == 1


def test_turning_back_at_franceconnect_is_quiet(arrives, ines):
    citizen = arrives()
    citizen.goes_to("/")
    citizen.presses_franceconnect()
    citizen.page.get_by_text("Revenir sur").click()
    citizen.is_at("/")
    citizen.reads("La connexion avec FranceConnect n’a pas eu lieu.")
    citizen.looks("1-signed-out")

    citizen.signs_in()
    citizen.goes_to(PROFILE)
    citizen.follows(CERTIFY)
    citizen.presses_franceconnect()
    citizen.page.get_by_text("Revenir sur").click()

    citizen.is_at(PROFILE)
    citizen.reads("La connexion avec FranceConnect n’a pas eu lieu.")
    citizen.looks("2-signed-in")


def test_a_person_linked_elsewhere_is_refused_and_shows_nothing(arrives, ines, link_of):
    other = make_citizen("autre@rivemont.example", birth_family_name="ROUSSET")
    link_of(other)
    citizen = arrives()
    citizen.signs_in()

    citizen.goes_to(PROFILE)
    citizen.follows(CERTIFY)
    citizen.identifies("ines")

    citizen.reads("déjà rattachée à un autre espace personnel")
    citizen.does_not_read("ROUSSET")
    citizen.looks("1-refused")
    citizen.goes_to("/mon-espace/")
    citizen.sees_pictogram(False)


def test_a_strong_mismatch_asks_for_a_tick(arrives, portal):
    make_citizen(birth_family_name="DURAND", given_names=["Inès"])
    citizen = arrives(width=320)
    citizen.signs_in()

    certify(citizen)
    citizen.looks("1-mismatch")
    citizen.page.locator("form", has_text="Certifier mon espace").evaluate(
        "form => form.noValidate = true"
    )
    citizen.presses("Certifier mon espace")
    citizen.looks("2-error")
    assert not Link.objects.exists()
    citizen.page.get_by_label("Ces deux identités sont bien les miennes").check()
    citizen.presses("Certifier mon espace")

    citizen.is_at(PROFILE)
    assert Link.objects.get().has_strong_mismatch


def test_certified_data_are_read_only(arrives, ines):
    citizen = arrives()
    citizen.signs_in()
    certify(citizen)
    citizen.presses("Certifier mon espace")
    citizen.follows("JE MODIFIE MON ESPACE")
    citizen.looks("1-form")

    expect(citizen.page.get_by_label("Nom de naissance")).to_have_count(0)
    citizen.page.locator("main form").last.evaluate(
        """form => { const field = document.createElement('input');
        field.name = 'birth_family_name'; field.value = 'FAUX'; form.append(field); }"""
    )
    citizen.types("Commune", "Rivemont")
    citizen.presses("Enregistrer")

    citizen.is_at(PROFILE)
    citizen.reads("Rivemont")
    citizen.does_not_read("FAUX")
    assert PersonalSpace.objects.get().birth_family_name == "PERRER"


def test_without_franceconnect_there_is_no_button_and_the_rest_is_whole(arrives, ines, settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"issuer": ""}
    citizen = arrives()

    citizen.goes_to("/")
    citizen.looks("1-home")
    citizen.does_not_read("FranceConnect")
    citizen.signs_in()
    citizen.does_not_read("FranceConnect")
    for path in (PROFILE, "/mon-espace/profil/modifier/", "/mon-espace/identifiants/"):
        citizen.goes_to(path)
        citizen.looks(path.strip("/").replace("/", "-"))
        citizen.does_not_read("FRANCECONNECT")


def test_the_only_way_in_is_replaced_before_it_goes(arrives, portal, link_of):
    link_of(make_citizen(None))
    citizen = arrives()
    citizen.goes_to("/")
    citizen.identifies("ines")
    citizen.goes_to(PROFILE)
    citizen.follows(DISSOCIATE)
    citizen.is_at("/confirmation-identite/")
    citizen.looks("1-fresh-proof")
    citizen.identifies("ines")
    citizen.is_at("/franceconnect/dissocier/")
    citizen.looks("2-steps")

    citizen.page.locator("main a[href*='adresse-e-mail']").click()
    citizen.types("Nouvelle adresse e-mail de connexion", "ines.neuve@rivemont.example")
    citizen.page.locator("button[name=action_add]").click()
    citizen.looks("3-code")
    citizen.types("Code de vérification", citizen.reads_the_code_mailed())
    citizen.sends()
    citizen.is_at("/franceconnect/dissocier/")
    citizen.looks("4-steps")
    citizen.page.locator("main a[href*='nouveau-mot-de-passe']").click()
    citizen.types("Nouveau mot de passe", PASSWORD)
    citizen.sends()
    citizen.is_at("/franceconnect/dissocier/")
    citizen.presses(DISSOCIATE)
    citizen.is_at(PROFILE)

    assert not Link.objects.active().exists()
    citizen.presses("Se déconnecter")
    citizen.signs_in("ines.neuve@rivemont.example")


@pytest.fixture
def secrets_seen(monkeypatch):
    """Every code and token that passes between the portal and FranceConnect, as it passes."""
    seen, exchange_code = [], client.exchange_code

    def listen(platform, code):
        answer = exchange_code(platform, code)
        seen.extend([code, answer.id_token, answer.access_token])
        return answer

    monkeypatch.setattr(client, "exchange_code", listen)
    return seen


def test_no_credential_of_a_provider_is_anywhere_in_the_database(
    arrives, portal, simulator, secrets_seen
):
    make_citizen()
    simulator.put_person(**INES | {"login": "un-identifiant-chez-le-fournisseur"})
    citizen = arrives()
    citizen.signs_in()
    certify(citizen, "un-identifiant-chez-le-fournisseur")
    citizen.presses("Certifier mon espace")
    citizen.presses("Se déconnecter")
    citizen.goes_to("/")
    citizen.identifies("un-identifiant-chez-le-fournisseur")
    citizen.is_at("/mon-espace/")
    newcomer = arrives()
    newcomer.goes_to("/")
    newcomer.identifies("test")
    waiting = read_every_table()
    newcomer.presses("Je crée mon espace")
    newcomer.is_at("/mon-espace/")

    assert len(secrets_seen) == 9
    for everything in (waiting, read_every_table()):
        assert "PERRER" in everything
        for secret in (*secrets_seen, "un-identifiant-chez-le-fournisseur", "eyJ", '"123"'):
            assert secret not in everything


def read_every_table() -> str:
    """Every value of every table, sessions decoded."""
    values = [session.get_decoded() for session in Session.objects.all()]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            if table != "django_session":  # signed, and decoded above
                values += cursor.fetchall()
    # Twice: what a column holds as JSON text shows its own quotes.
    return json.dumps(values, default=str) + str(values)
