from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.simulator.process import PORTAL, TIMEOUT
from tests.simulator.relying_party import NONCE, STATE, query_of


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("Y030007", {"client_id": ""}),
        ("Y030007", {"client_id": None}),
        ("Y04EA6EF", {"client_id": "inconnu"}),
        ("Y030007", {"redirect_uri": "pas une adresse"}),
        ("Y030007", {"redirect_uri": None}),
        ("Y04C013C", {"redirect_uri": "http://127.0.0.1:8000/ailleurs/"}),
        ("Y030007", {"response_type": None}),
        ("Y030007", {"scope": None}),
        ("Y030007", {"state": None}),
        ("Y030007", {"nonce": None}),
        ("Y030007", {"nonce": "a" * 21}),
        ("Y030007", {"acr_values": None}),
        ("Y030007", {"prompt": ""}),
        ("Y030007", {"prompt": "none"}),
        ("Y030007", {"prompt": "select_account"}),
        ("Y030007", {"code_challenge": ""}),
        ("Y030007", {"code_challenge": "abc", "code_challenge_method": "S256"}),
        ("Y030007", {"max_age": "0"}),
        ("Y030007", {"login_hint": "test"}),
        ("Y100009", {"claims": '{"id_token":{"amr":{"essential":true}}}'}),
    ],
)
def test_a_bad_request_ends_on_an_error_page_of_franceconnect(authorize_url, code, changes):
    response = requests.get(authorize_url(**changes), timeout=TIMEOUT, allow_redirects=False)

    assert response.status_code == 400
    assert f"Erreur {code}" in response.text
    assert "<title>Erreur de connexion - FranceConnect (simulateur)</title>" in response.text


@pytest.mark.parametrize(
    ("error", "description", "changes"),
    [
        ("invalid_request", "missing required parameter 'response_type'", {"response_type": ""}),
        (
            "unsupported_response_type",
            "unsupported response_type requested",
            {"response_type": "kode"},
        ),
        (
            "invalid_request",
            "openid scope must be requested when using the acr_values parameter",
            {"scope": ""},
        ),
        (
            "invalid_request",
            "openid scope must be requested when using the acr_values parameter",
            {"scope": "email"},
        ),
        ("invalid_scope", "requested scope is not allowed", {"scope": "openid cnaf_enfants"}),
        (
            "invalid_acr",
            "acr_value is not valid, should be equal one of these values, "
            "expected eidas1, got eidas2",
            {"acr_values": "eidas2 eidas3"},
        ),
        (
            "invalid_idp_hint",
            "An idp_hint was provided but is not allowed",
            {"idp_hint": "inconnu"},
        ),
    ],
)
def test_an_error_that_is_the_services_goes_to_its_callback(
    simulator, authorize_url, error, description, changes
):
    response = requests.get(authorize_url(**changes), timeout=TIMEOUT, allow_redirects=False)

    assert response.status_code == 303
    assert response.headers["Location"].startswith(f"{PORTAL}/callback/?")
    assert query_of(response.headers["Location"]) == {
        "error": error,
        "error_description": description,
        "state": STATE,
        "iss": simulator.issuer,
    }


def test_a_token_response_type_is_refused_in_the_fragment(authorize_url):
    url = authorize_url(response_type="id_token")

    response = requests.get(url, timeout=TIMEOUT, allow_redirects=False)

    parts = urlsplit(response.headers["Location"])
    assert not parts.query
    assert dict(parse_qsl(parts.fragment))["error"] == "unsupported_response_type"


@pytest.mark.parametrize(
    "changes",
    [
        {"acr_values": "eidas1 eidas2 eidas3"},
        {"acr_values": "inconnu"},
        {"scope": "openid email inconnue"},
        {"prompt": "login consent"},
        {"prompt": "login"},
        {"ui_locales": "fr"},
        {"nonce": NONCE[:22]},
    ],
)
def test_a_good_request_shows_the_chooser(browser, authorize_url, changes):
    page = browser.get(authorize_url(**changes), timeout=TIMEOUT)

    assert page.status_code == 200
    assert "Connexion en cours sur Espace Citoyens" in page.text
    assert page.text.count('class="tile"') == 7
    assert "Utiliser Aidants Connect" in page.text


def test_a_request_may_be_posted(simulator, service):
    url = f"{simulator.issuer}/authorize"

    response = requests.post(url, data=service.parameters(), timeout=TIMEOUT, allow_redirects=False)

    assert response.status_code == 303
    assert "/api/v2/interaction/" in response.headers["Location"]


def test_a_repeated_parameter_is_refused(authorize_url):
    response = requests.get(authorize_url() + "&state=autre", timeout=TIMEOUT)

    assert "Erreur Y030007" in response.text


def test_a_hint_leads_straight_to_the_provider(browser, authorize_url):
    hint = "07e573f2-3312-4bb9-bc48-6fcec737e497"

    page = browser.get(authorize_url(idp_hint=hint), timeout=TIMEOUT)

    assert "Fournisseur d’identité de démonstration – Ameli.fr" in page.text


def test_session_cookie_is_protected(browser, authorize_url):
    response = browser.get(authorize_url(), timeout=TIMEOUT, allow_redirects=False)

    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("fc_session_id=")
    assert {"HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
