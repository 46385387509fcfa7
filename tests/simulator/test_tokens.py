import re

import jwt
import pytest
import requests

from tests.simulator.process import SECRET, TIMEOUT
from tests.simulator.relying_party import NONCE


def test_token_answer_has_exactly_five_members_and_no_cookie(browser, service):
    response = service.exchange(service.sign_in(browser))

    tokens = response.json()
    assert set(tokens) == {"access_token", "expires_in", "id_token", "scope", "token_type"}
    assert (tokens["expires_in"], tokens["token_type"]) == (60, "Bearer")
    assert len(tokens["access_token"]) == 43
    assert not response.cookies
    assert response.headers["Cache-Control"] == "no-store"


def test_id_token_has_exactly_the_eight_claims_of_franceconnect(simulator, browser, service):
    token = service.tokens(browser)["id_token"]

    header = jwt.get_unverified_header(token)
    assert set(header) == {"alg", "kid"}
    assert header["kid"].startswith("pkcs11:ES256:hsm")
    claims = service.read(token)
    assert set(claims) == {"sub", "acr", "auth_time", "nonce", "aud", "exp", "iat", "iss"}
    assert re.fullmatch(r"[0-9a-f]{64}v1", claims["sub"])
    assert (claims["acr"], claims["nonce"]) == ("eidas1", NONCE)
    assert claims["aud"] == service.client_id
    assert claims["exp"] == claims["iat"] + 60


def test_userinfo_is_a_signed_token_of_fifteen_members(simulator, browser, service):
    scope = "openid identite_pivot preferred_username email idp_birthdate"
    tokens = service.tokens(browser, "avec_nom_dusage", scope=scope)

    response = service.userinfo(tokens["access_token"])

    assert response.headers["Content-Type"].startswith("application/jwt")
    person = service.read(response.text)
    assert len(person) == 15
    assert person["sub"] == service.read(tokens["id_token"])["sub"]
    assert person["preferred_username"] == "DUBOIS"
    assert person["given_name_array"] == ["Pierre"]


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("openid", set()),
        ("openid email", {"email"}),
        ("openid birth", {"birthplace", "birthcountry"}),
        ("openid given_name", {"given_name", "given_name_array"}),
        (
            "openid identite_pivot",
            {"given_name", "given_name_array", "family_name", "birthdate", "gender"}
            | {"birthplace", "birthcountry"},
        ),
        (
            "openid profile",
            {"given_name", "given_name_array", "family_name", "birthdate", "gender"}
            | {"preferred_username"},
        ),
    ],
)
def test_userinfo_holds_what_the_scopes_open(browser, service, scope, claims):
    person = service.person(browser, "avec_nom_dusage", scope=scope)

    assert set(person) == claims | {"sub", "aud", "iss", "iat", "exp"}


def test_the_usual_name_is_absent_when_there_is_none(browser, service):
    assert "preferred_username" not in service.person(browser, "test")


@pytest.mark.parametrize(
    ("login", "claims"),
    [
        ("test", {"given_name": "Angela Claire Louise", "birthplace": "75107"}),
        (
            "prénom_composé_avec_espace",
            {"family_name": "DUBOIS", "given_name_array": ["Jean Philippe", "Pierre", "Louis"]},
        ),
        ("naissance_Algérie", {"birthplace": "", "birthcountry": "99352"}),
        ("naissance_etranger_birthplace_texte", {"birthplace": "", "birthcountry": "99352"}),
        (
            "étranger_présumé_né_jour",
            {"birthdate": "1992-11-01", "idp_birthdate": "1992-11-00"},
        ),
        (
            "étranger_présumé_né_jour_et_mois",
            {"birthdate": "1992-01-01", "idp_birthdate": "1992-00-00"},
        ),
        ("genre_indéfini", {"gender": "unspecified"}),
        ("nom_50+_caractères", {"family_name": "AZERTYUIOPMLKJHGFDSQWXCVBN" * 2}),
    ],
)
def test_people_are_delivered_as_the_register_holds_them(browser, service, login, claims):
    person = service.person(browser, login, scope="openid identite_pivot idp_birthdate")

    assert claims.items() <= person.items()


def test_a_service_may_choose_rs256(browser, other_service_client):
    token = other_service_client("service-rs256").tokens(browser)["id_token"]

    assert jwt.get_unverified_header(token)["alg"] == "RS256"


def test_subs_differ_between_services_unless_they_share_an_entity(browser, other_service_client):
    names = ("espace-citoyens-test", "service-frere", "service-rs256")

    first, sibling, stranger = (other_service_client(name).person(browser)["sub"] for name in names)

    assert first == sibling
    assert first != stranger


def test_amr_comes_only_when_asked_and_granted(browser, other_service_client):
    service = other_service_client("service-amr")
    claims = '{"id_token":{"amr":{"essential":true}}}'

    token = service.tokens(browser, scope="openid amr", claims=claims)["id_token"]

    assert service.read(token)["amr"] == ["fc", "pwd"]


@pytest.mark.parametrize(
    ("changes", "status", "error", "code"),
    [
        ({"client_secret": "x" * 40}, 401, "invalid_client", "Y0434A7B"),
        ({"client_secret": None}, 401, "invalid_client", "Y044D82C"),
        ({"code": None}, 400, "invalid_request", "Y048017B"),
        ({"code": "inconnu"}, 400, "invalid_grant", "Y049E20B"),
        ({"client_id": "inconnu"}, 401, "invalid_client", "Y04"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "Y04"),
        ({"grant_type": None}, 400, "invalid_request", "Y04"),
        ({"redirect_uri": "http://127.0.0.1:8000/"}, 400, "invalid_grant", "Y04"),
        ({"client_id": "service-rs256"}, 400, "invalid_grant", "Y04"),
    ],
)
def test_token_errors_are_those_of_franceconnect(browser, service, changes, status, error, code):
    response = service.exchange(service.sign_in(browser), **changes)

    assert response.status_code == status
    body = response.json()
    assert set(body) == {"error", "error_description", "error_uri"}
    assert body["error"] == error
    assert f"code={code}" in body["error_uri"]
    assert "&id=" in body["error_uri"]


def test_http_basic_is_refused(simulator):
    response = requests.post(
        f"{simulator.issuer}/token", auth=("espace-citoyens-test", SECRET), timeout=TIMEOUT
    )

    assert response.status_code == 401
    assert "Y044D82C" in response.json()["error_uri"]


def test_a_code_is_dead_after_thirty_seconds(simulator, browser, service):
    code = service.sign_in(browser)
    simulator.control(clock=31)

    response = service.exchange(code)

    assert response.json()["error"] == "invalid_grant"


def test_a_code_used_twice_ends_the_access_token(browser, service):
    code = service.sign_in(browser)
    access_token = service.exchange(code).json()["access_token"]

    replay = service.exchange(code)

    assert replay.json()["error"] == "invalid_grant"
    assert service.userinfo(access_token).status_code == 401


def test_userinfo_answers_again_and_again_for_a_minute(simulator, browser, service):
    access_token = service.tokens(browser)["access_token"]

    assert [service.userinfo(access_token).status_code for _ in range(2)] == [200, 200]
    simulator.control(clock=61)
    late = service.userinfo(access_token)
    assert late.status_code == 401
    assert late.json()["error"] == "invalid_token"
    assert "Y040001" in late.json()["error_uri"]


def test_userinfo_without_token_says_so(simulator):
    response = requests.get(f"{simulator.issuer}/userinfo?schema=openid", timeout=TIMEOUT)

    assert response.status_code == 401
    assert "Y04146A2" in response.json()["error_uri"]


def test_userinfo_cannot_be_posted(simulator):
    assert requests.post(f"{simulator.issuer}/userinfo", timeout=TIMEOUT).status_code == 404


def revoke(service, **changes):
    form = {"client_id": service.client_id, "client_secret": SECRET} | changes
    return requests.post(f"{service.simulator.issuer}/token/revocation", data=form, timeout=TIMEOUT)


def test_a_revoked_token_opens_nothing(browser, service):
    access_token = service.tokens(browser)["access_token"]

    assert revoke(service, token=access_token).status_code == 200

    assert service.userinfo(access_token).status_code == 401


@pytest.mark.parametrize(
    "changes", [{"token": "court"}, {"token": "x" * 43, "token_type_hint": "access_token"}]
)
def test_revocation_takes_three_parameters_only(service, changes):
    assert revoke(service, **changes).status_code == 400
