"""In a real browser: proof by a mailed code, the step-up to FranceConnect+, an outage."""

import copy
from urllib.parse import urlsplit

import pytest

from franceconnect import conf, outage
from franceconnect.models import Link
from tests.accounts.factories import make_citizen
from tests.franceconnect.fixtures import Traveller

PROFILE, STEP_UP = "/mon-espace/profil/", "/franceconnect-plus/renforcer/"
WINDOWS = [
    pytest.param({"width": 1280}, id="wide"),
    pytest.param({"width": 360, "color_scheme": "dark"}, id="phone-dark"),
    pytest.param({"width": 320, "forced_colors": "active"}, id="small-forced"),
]


@pytest.fixture
def ines(transactional_db):
    return make_citizen()


@pytest.fixture
def plus_origin(plus, settings):
    """The policy of the pages is made from the settings, where FranceConnect+ was off."""
    policy = copy.deepcopy(settings.CONTENT_SECURITY_POLICY)
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(plus.issuer))
    policy["DIRECTIVES"]["form-action"].append(origin)
    settings.CONTENT_SECURITY_POLICY = policy
    return plus


@pytest.mark.parametrize("window", WINDOWS)
def test_a_space_is_found_again_with_a_code(arrives, ines, window):
    citizen = arrives(**window)
    citizen.goes_to("/")
    citizen.identifies("ines")
    citizen.looks("1-first-time")
    citizen.follows("Recevoir un code par e-mail")
    citizen.looks("2-address")
    citizen.types("Adresse e-mail de connexion", "ines")
    citizen.sends()
    citizen.looks("3-address-error")
    citizen.types("Adresse e-mail de connexion", ines.email)
    citizen.sends()
    citizen.is_at("/franceconnect/code/saisie/")
    citizen.looks("4-code")
    code = citizen.reads_the_code_mailed()
    citizen.types("Code de vérification", "000000" if code != "000000" else "111111")
    citizen.sends()
    citizen.looks("5-code-error")
    citizen.types("Code de vérification", code)
    citizen.sends()

    citizen.is_at("/franceconnect/certifier/")
    citizen.presses("Certifier mon espace")
    citizen.is_at("/mon-espace/")
    assert ines.franceconnect_links.active().count() == 1


@pytest.mark.parametrize("window", WINDOWS)
def test_a_step_up_leads_back_to_the_page(arrives, ines, plus_origin, simulator, window):
    Link.objects.create(
        issuer=simulator.issuer,
        sub=Traveller(simulator).sub_of(),
        citizen=ines,
        level="eidas1",
    )
    citizen = arrives(**window)
    citizen.goes_to("/")
    citizen.looks("1-sign-in")
    citizen.identifies("ines")
    citizen.is_at("/mon-espace/")
    citizen.looks("2-space-weak")
    citizen.goes_to(f"{STEP_UP}?next={PROFILE}")
    citizen.looks("3-step-up")
    citizen.page.get_by_role("button", name="S’identifier avec FranceConnect+").click()
    citizen.page.get_by_role("button", name="La Poste").click()
    citizen.page.get_by_label("Identifiant", exact=True).fill("ines")
    citizen.page.get_by_label("Mot de passe", exact=True).fill("123")
    citizen.presses("Valider")
    citizen.confirms()

    citizen.is_at("/franceconnect/certifier/")
    citizen.looks("4-comparison")
    citizen.sends()
    citizen.is_at(PROFILE)
    citizen.looks("5-profile")
    citizen.goes_to("/mon-espace/")
    citizen.reads("Identité prouvée par FranceConnect+")
    citizen.looks("6-space-strong")
    citizen.goes_to(f"{STEP_UP}?next={PROFILE}")
    citizen.looks("7-step-up-done")
    assert ines.franceconnect_links.active().count() == 2


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("page", ["/", "/inscription/"])
def test_in_an_outage_the_other_means_come_first(arrives, page, window):
    for _ in range(outage.THRESHOLD):
        outage.failed(conf.platform())
    citizen = arrives(**window)

    citizen.goes_to(page)

    citizen.reads("ne répond pas")
    citizen.looks("home" if page == "/" else "sign-up")


def test_a_code_is_typed_without_scripts_too(arrives, ines):
    citizen = arrives(width=360, java_script_enabled=False)
    citizen.goes_to("/")
    citizen.identifies("ines")
    citizen.follows("Recevoir un code par e-mail")
    citizen.types("Adresse e-mail de connexion", ines.email)
    citizen.sends()
    citizen.types("Code de vérification", citizen.reads_the_code_mailed())
    citizen.sends()

    citizen.is_at("/franceconnect/certifier/")
