import pytest
import requests

from tests.simulator.process import SECRET, TIMEOUT


def test_discovery_announces_what_franceconnect_announces(simulator):
    response = requests.get(f"{simulator.issuer}/.well-known/openid-configuration", timeout=TIMEOUT)

    document = response.json()
    assert response.headers["Cache-Control"] == "public, max-age=600"
    assert document["issuer"] == simulator.issuer
    assert document["end_session_endpoint"] == f"{simulator.issuer}/session/end"
    assert document["acr_values_supported"] == ["eidas1"]
    assert document["id_token_signing_alg_values_supported"] == ["ES256", "RS256", "HS256"]
    assert document["subject_types_supported"] == ["pairwise"]
    assert document["claims_parameter_supported"] is True
    assert document["authorization_response_iss_parameter_supported"] is True
    assert "code_challenge_methods_supported" in document
    assert not {"offline_access", "address", "phone"} & set(document["scopes_supported"])


def test_key_set_publishes_only_public_halves(simulator):
    response = requests.get(f"{simulator.issuer}/jwks", timeout=TIMEOUT)

    assert response.headers["Content-Type"].startswith("application/jwk-set+json")
    assert response.headers["Cache-Control"] == "public, max-age=600"
    keys = response.json()["keys"]
    assert [key["alg"] for key in keys] == ["ES256", "RS256"]
    assert all(key["kid"].startswith(f"pkcs11:{key['alg']}:hsm") for key in keys)
    assert not any({"d", "p", "q", "dp", "dq", "qi", "k"} & set(key) for key in keys)


PAGES = ["/", "/boite-aux-lettres/", "/telephone/", "/autre-service/", "/signalement/", "/rien"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_it_is_a_simulator_and_runs_no_script(simulator, path):
    response = requests.get(simulator.url + path, timeout=TIMEOUT)

    assert "identités fictives, aucun lien avec l’État" in response.text
    assert response.text.count("<h1") == 1
    assert '<html lang="fr">' in response.text
    assert "<script" not in response.text
    assert "style=" not in response.text
    assert response.headers["Cache-Control"] == "no-store"
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "http://127.0.0.1:8000" in policy.split("form-action")[1]


def test_home_page_never_shows_a_client_secret(simulator):
    response = requests.get(simulator.url, timeout=TIMEOUT)

    assert SECRET not in response.text


def test_titles_are_unique(simulator):
    titles = [
        requests.get(simulator.url + path, timeout=TIMEOUT).text.split("<title>")[1].split("<")[0]
        for path in PAGES
    ]

    assert len(set(titles)) == len(PAGES)
