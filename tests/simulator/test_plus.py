"""What FranceConnect+ does differently; whatever is not here is shared with FranceConnect."""

import pytest
import requests

from tests.simulator.encryption_keys import EC_KEY
from tests.simulator.process import (
    FRANCE_IDENTITE_PLUS,
    IMPOTS,
    LA_POSTE_PLUS,
    PORTAL_PLUS,
    TIMEOUT,
)
from tests.simulator.relying_party import STATE, PlusRelyingParty, query_of
from tests.simulator.test_journey import IDENTITY, log_in, reach_provider
from tests.simulator.test_sessions import end_session, end_session_location

TILE = 'class="tile"'
ADDED = {"aud", "exp", "iat", "iss", "sub"}


@pytest.fixture
def register_service(plus):
    return PlusRelyingParty(
        plus, client_id="service-registre", key=EC_KEY, scope="openid rnipp_identite_pivot"
    )


def discovery_of(simulator):
    url = f"{simulator.issuer}/.well-known/openid-configuration"
    return requests.get(url, timeout=TIMEOUT).json()


# --- What it publishes --------------------------------------------------------------------------


def test_discovery_announces_what_franceconnect_plus_announces(plus):
    document = discovery_of(plus)

    assert document["acr_values_supported"] == ["eidas2", "eidas3"]
    for token in ("id_token", "userinfo"):
        assert document[f"{token}_signing_alg_values_supported"] == ["ES256"]
        assert document[f"{token}_encryption_alg_values_supported"] == [
            "ECDH-ES",
            "RSA-OAEP",
            "RSA-OAEP-256",
        ]
        assert document[f"{token}_encryption_enc_values_supported"] == ["A256GCM"]


def test_scopes_are_those_of_franceconnect_plus(plus, simulator):
    document, low = discovery_of(plus), discovery_of(simulator)

    of_low = set(low["scopes_supported"]) - set(document["scopes_supported"])
    assert {"idp_birthdate", "idp_id", "cnaf_quotient_familial", "mesri_admissions"} <= of_low
    assert not {scope for scope in of_low if scope.startswith(("dgfip_", "cnous_"))}
    assert set(document["scopes_supported"]) - set(low["scopes_supported"]) == {
        *("rnipp_identite_pivot", "rnipp_profile", "rnipp_birth", "rnipp_given_name"),
        *("rnipp_family_name", "rnipp_gender", "rnipp_birthdate", "rnipp_birthplace"),
        "rnipp_birthcountry",
    }
    assert "given_name_array" not in document["claims_supported"]
    assert "id_token_encryption_alg_values_supported" not in low


def test_it_signs_with_one_key(plus):
    (key,) = requests.get(f"{plus.issuer}/jwks", timeout=TIMEOUT).json()["keys"]

    assert (key["alg"], key["kid"]) == ("ES256", "pkcs11:hsm")


def test_pages_say_which_platform_they_stand_for(plus):
    page = requests.get(plus.url, timeout=TIMEOUT).text

    assert "<strong>Simulateur de FranceConnect+</strong>" in page
    assert "<title>Simulateur de FranceConnect+</title>" in page
    assert "eidas2 eidas3" in page


# --- Levels -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "provider", "answered"),
    [
        ("eidas2", LA_POSTE_PLUS, "eidas2"),
        ("eidas2", FRANCE_IDENTITE_PLUS, "eidas3"),
        ("eidas3 eidas2", LA_POSTE_PLUS, "eidas2"),
        ("eidas3", FRANCE_IDENTITE_PLUS, "eidas3"),
        ("inconnu", FRANCE_IDENTITE_PLUS, "eidas3"),
    ],
)
def test_the_level_is_the_providers(browser, plus_service, asked, provider, answered):
    tokens = plus_service.tokens(browser, provider=provider, acr_values=asked)

    assert plus_service.read(tokens["id_token"])["acr"] == answered


@pytest.mark.parametrize("asked", ["eidas3", "inconnu"])
def test_a_provider_that_reaches_less_than_asked_is_an_error(plus, browser, plus_service, asked):
    url = plus_service.url(acr_values=asked)

    page = log_in(browser, reach_provider(plus, browser, url, LA_POSTE_PLUS))

    assert page.status_code == 400
    assert "Erreur Y100001" in page.text
    link = page.text.split("redirect-to-sp-with-error")[1].split('"')[0]
    back = f"{plus.issuer}/redirect-to-sp-with-error{link}"
    answer = browser.get(back, timeout=TIMEOUT, allow_redirects=False)
    assert query_of(answer.headers["Location"])["error"] == "access_denied"
    assert TILE in browser.get(plus_service.url(), timeout=TIMEOUT).text


@pytest.mark.parametrize("asked", ["eidas1", "eidas1 eidas2 eidas3"])
def test_the_weak_level_is_not_served(plus, browser, plus_service, asked):
    url = plus_service.url(acr_values=asked)

    answer = browser.get(url, timeout=TIMEOUT, allow_redirects=False)

    assert query_of(answer.headers["Location"]) == {
        "error": "invalid_acr",
        "error_description": "acr_value is not valid, should be equal one of these values, "
        "expected eidas2,eidas3, got eidas1",
        "state": STATE,
        "iss": plus.issuer,
    }


# --- The chooser --------------------------------------------------------------------------------


def test_the_chooser_has_its_own_words_and_providers(browser, plus_service):
    page = browser.get(plus_service.url(), timeout=TIMEOUT).text

    title = "<title>Connexion - Choix du compte - FranceConnect+ (simulateur)</title>"
    assert title in page
    assert "Connexion en cours sur Espace Citoyens" in page
    assert page.count(TILE) == 2
    assert "L’Identité Numérique La Poste" in page
    assert "France Identité" in page
    assert "Pourquoi je ne retrouve pas mes comptes habituels\u00a0?" in page
    assert "Comment créer un compte\u00a0?" in page
    assert (
        "Afin de vous protéger contre l’usurpation d’identité, seuls les comptes assurant un "
        "niveau de sécurité élevé sont disponibles sur FranceConnect+." in page
    )
    assert "Aidants Connect" not in page
    assert page.count("<h1") == 1


@pytest.mark.parametrize("uid", [IMPOTS, "3189d655-0c78-4ff7-9758-f3a3ac36dd7e"])
def test_a_provider_of_franceconnect_is_unknown_here(plus, browser, plus_service, uid):
    answer = reach_provider(plus, browser, plus_service.url(), uid)
    hinted = browser.get(plus_service.url(idp_hint=uid), timeout=TIMEOUT, allow_redirects=False)

    assert "Erreur Y020019" in answer.text
    assert query_of(hinted.headers["Location"])["error"] == "invalid_idp_hint"


def test_confirmation_names_franceconnect_plus(plus, browser, plus_service):
    page = log_in(browser, reach_provider(plus, browser, plus_service.url(), LA_POSTE_PLUS))

    assert "Informations récupérées depuis FranceConnect+" in page.text
    assert page.text.split("<title>")[1].startswith(
        "Connexion - Continuer sur Service Espace Citoyens - FranceConnect+"
    )


# --- What services receive ----------------------------------------------------------------------


def test_userinfo_has_thirteen_members(browser, plus_service):
    person = plus_service.person(browser, "avec_nom_dusage")

    assert len(person) == 13
    assert person["preferred_username"] == "DUBOIS"
    assert "given_name_array" not in person


@pytest.mark.parametrize(
    ("login", "claims"),
    [
        ("étranger_présumé_né_jour", {"birthdate": "1992-11-00"}),
        ("étranger_présumé_né_jour_et_mois", {"birthdate": "1992-00-00"}),
        ("naissance_etranger_birthplace_texte", {"birthplace": "Alger", "birthcountry": "99352"}),
        (
            "prénom_composé_avec_espace",
            {"given_name": "Jean_PrénomComposéAvecEspace", "family_name": "Martin"},
        ),
    ],
)
def test_people_are_delivered_as_their_provider_holds_them(browser, plus_service, login, claims):
    assert claims.items() <= plus_service.person(browser, login).items()


def test_the_registers_scopes_give_both_values(browser, register_service):
    person = register_service.person(browser, "étranger_présumé_né_jour_et_mois")

    names = ("given_name", "family_name", "birthdate", "gender", "birthplace", "birthcountry")
    assert set(person) == ADDED | {*names, *(f"rnipp_{name}" for name in names)}
    assert (person["birthdate"], person["rnipp_birthdate"]) == ("1992-00-00", "1992-01-01")


def test_one_registers_scope_gives_one_pair(browser, register_service):
    person = register_service.person(browser, scope="openid rnipp_birthdate")

    assert set(person) == ADDED | {"birthdate", "rnipp_birthdate"}


@pytest.mark.parametrize("scope", ["rnipp_identite_pivot", "dgfip_rfr"])
def test_the_registers_and_tax_scopes_must_be_granted(browser, plus_service, scope):
    url = plus_service.url(scope=f"openid {scope}")

    answer = browser.get(url, timeout=TIMEOUT, allow_redirects=False)

    assert query_of(answer.headers["Location"])["error"] == "invalid_scope"


def test_scopes_of_franceconnect_alone_are_ignored(browser, plus_service):
    scope = "openid email idp_birthdate cnaf_enfants given_name_array"

    person = plus_service.person(browser, scope=scope)

    assert set(person) == ADDED | {"email"}


def test_the_same_person_has_another_sub_on_each_platform(plus, simulator, browser, service):
    twin = PlusRelyingParty(plus, key=EC_KEY)

    subs = {service.person(browser)["sub"], twin.person(browser)["sub"]}

    assert len(subs) == 2


def test_any_provider_gives_the_same_sub(browser, plus_service):
    subs = set()
    for provider in (LA_POSTE_PLUS, FRANCE_IDENTITE_PLUS):
        browser.cookies.clear()
        subs.add(plus_service.person(browser, provider=provider)["sub"])

    assert len(subs) == 1


def test_free_identity_keeps_a_place_in_plain_words(plus, browser, plus_service):
    page = reach_provider(plus, browser, plus_service.url(), FRANCE_IDENTITE_PLUS)
    url = page.url.replace("/?", "/identite-libre/?")
    form = IDENTITY | {"state": query_of(page.url)["state"], "birthplace": "Tizi Ouzou"}

    page = browser.post(url, data=form, timeout=TIMEOUT)
    code = query_of(plus.confirm(browser, page))["code"]
    tokens = plus_service.exchange(code).json()

    person = plus_service.read(plus_service.userinfo(tokens["access_token"]).text)
    assert (person["birthdate"], person["birthplace"]) == ("1992-00-00", "Tizi Ouzou")


# --- Session and sign-out -----------------------------------------------------------------------


def test_single_sign_on_serves_the_substantial_level_alone(browser, plus_service):
    plus_service.sign_in(browser, provider=FRANCE_IDENTITE_PLUS)

    again = plus_service.tokens(browser)

    assert plus_service.read(again["id_token"])["acr"] == "eidas2"
    page = browser.get(plus_service.url(acr_values="eidas3"), timeout=TIMEOUT)
    assert TILE in page.text
    assert browser.get(plus_service.url(), timeout=TIMEOUT).url.endswith("/consent")


def test_the_high_level_signs_in_anew_beside_a_session(browser, plus_service):
    plus_service.sign_in(browser)

    tokens = plus_service.tokens(
        browser, "avec_nom_dusage", provider=FRANCE_IDENTITE_PLUS, acr_values="eidas3"
    )

    assert plus_service.read(tokens["id_token"])["acr"] == "eidas3"
    assert plus_service.person(browser)["family_name"] == "MERCIER"


def test_the_session_does_not_slide(plus, browser, plus_service):
    plus_service.sign_in(browser)
    for minutes in (5, 9):
        plus.control(clock=minutes * 60)
        assert browser.get(plus_service.url(), timeout=TIMEOUT).url.endswith("/consent")

    plus.control(clock=10 * 60 + 1)

    assert TILE in browser.get(plus_service.url(), timeout=TIMEOUT).text


def test_a_sign_in_under_way_lasts_ten_minutes(plus, browser, plus_service):
    page = browser.get(plus_service.url(), timeout=TIMEOUT)
    plus.control(clock=9 * 60)
    page = browser.get(page.url, timeout=TIMEOUT)
    plus.control(clock=10 * 60 + 1)

    answer = plus.send_form(browser, page, "redirect-to-idp", providerUid=LA_POSTE_PLUS)

    assert "Erreur Y190001" in answer.text


def test_a_new_sign_in_has_its_whole_ten_minutes(plus, browser, plus_service):
    browser.get(plus_service.url(), timeout=TIMEOUT)
    plus.control(clock=9 * 60)
    page = browser.get(plus_service.url(), timeout=TIMEOUT)
    plus.control(clock=12 * 60)

    page = plus.send_form(browser, page, "redirect-to-idp", providerUid=LA_POSTE_PLUS)

    assert "Fournisseur d’identité de démonstration" in page.text


def test_the_cookie_ends_with_the_browser_and_is_its_own(browser, plus_service, service):
    response = browser.get(plus_service.url(), timeout=TIMEOUT, allow_redirects=False)
    cookie = response.headers["Set-Cookie"]
    browser.get(service.url(), timeout=TIMEOUT)

    assert cookie.startswith("plus_fc_session_id=")
    assert "max-age" not in cookie.lower()
    assert {known.name for known in browser.cookies} == {"plus_fc_session_id", "fc_session_id"}


def test_sign_in_on_one_platform_leaves_the_other_alone(browser, plus_service, service):
    """On one host, whose ports share their cookies."""
    plus_service.sign_in(browser)
    service.sign_in(browser)

    for known in (plus_service, service):
        assert browser.get(known.url(), timeout=TIMEOUT).url.endswith("/consent")


def test_sign_out_takes_the_decrypted_token(plus, browser, plus_service):
    id_token = plus_service.opened(plus_service.tokens(browser)["id_token"])
    plus.control(clock=120)

    location = end_session_location(
        plus,
        browser,
        id_token_hint=id_token,
        state="etat",
        post_logout_redirect_uri=f"{PORTAL_PLUS}/logout-callback/",
    )

    assert location == f"{PORTAL_PLUS}/logout-callback/?state=etat"
    assert TILE in browser.get(plus_service.url(), timeout=TIMEOUT).text


def test_sign_out_refuses_the_encrypted_token(plus, browser, plus_service):
    id_token = plus_service.tokens(browser)["id_token"]

    assert end_session(plus, browser, id_token_hint=id_token).status_code == 400


def test_the_alert_mail_names_franceconnect_plus(plus, browser, plus_service):
    plus_service.sign_in(browser)

    (mail,) = plus.mails()
    assert mail["subject"].endswith('"Espace Citoyens" avec FranceConnect+')
    assert "Une connexion avec FranceConnect+ a eu lieu" in mail["text"]
    assert "avec votre compte L’Identité Numérique La Poste" in mail["text"]


def test_the_other_service_signs_in_and_out_at_the_substantial_level(plus, browser):
    page = browser.post(f"{plus.url}/autre-service/connexion/", timeout=TIMEOUT)
    chosen = plus.send_form(browser, page, "redirect-to-idp", providerUid=LA_POSTE_PLUS)
    page = plus.send_form(browser, log_in(browser, chosen), "login")
    assert "Angela Claire Louise DUBOIS" in page.text
    assert "pendant 10\u00a0minutes" in page.text

    page = browser.post(f"{plus.url}/autre-service/deconnexion/", timeout=TIMEOUT)

    assert "Vous êtes déconnecté de ce service et de FranceConnect+." in page.text
