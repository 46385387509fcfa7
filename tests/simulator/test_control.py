import time

import jwt
import pytest
import requests

from tests.simulator.process import SECRET, TIMEOUT, SimulatorProcess
from tests.simulator.relying_party import query_of


def test_the_control_does_not_exist_unless_switched_on():
    simulator = SimulatorProcess.start(control=False)
    try:
        answers = [
            requests.get(f"{simulator.url}/_control/", timeout=TIMEOUT),
            requests.post(f"{simulator.url}/_control/", json={"clock": 1}, timeout=TIMEOUT),
            requests.post(f"{simulator.url}/_control/person", json={}, timeout=TIMEOUT),
            requests.get(f"{simulator.url}/_control/mails", timeout=TIMEOUT),
        ]
    finally:
        simulator.stop()

    assert {answer.status_code for answer in answers} == {404}


def test_calls_are_counted_by_path(simulator, browser, service):
    service.tokens(browser)

    calls = simulator.calls()
    assert calls["GET /api/v2/authorize"] == 1
    assert calls["POST /api/v2/token"] == 1
    assert "GET /api/v2/userinfo" not in calls


@pytest.mark.parametrize(
    ("fault", "algorithm"),
    [
        ({"signing": "other_key"}, "ES256"),
        ({"signing": "broken"}, "ES256"),
        ({"signing": "none"}, "none"),
        ({"signing": "secret_hs256"}, "HS256"),
        ({"signing": "public_key_hs256"}, "HS256"),
        ({"header": {"kid": "inconnu"}}, "ES256"),
        ({"claims": {"sub": 12}}, "ES256"),
        ({"shift": -3600}, "ES256"),
        ({"shift": 3600}, "ES256"),
    ],
)
@pytest.mark.parametrize("place", ["id_token", "userinfo_token"])
def test_tokens_can_be_made_unacceptable(simulator, browser, service, place, fault, algorithm):
    simulator.control({"at": place, **fault})

    tokens = service.tokens(browser)
    userinfo = service.userinfo(tokens["access_token"]).text
    token = tokens["id_token"] if place == "id_token" else userinfo

    assert jwt.get_unverified_header(token)["alg"] == algorithm
    with pytest.raises((jwt.PyJWTError, StopIteration)):
        service.read(token)


def test_claims_can_be_replaced_and_removed(simulator, browser, service):
    simulator.control({"at": "id_token", "claims": {"acr": "eidas3"}, "remove": ["nonce"]})

    claims = service.read(service.tokens(browser)["id_token"])

    assert claims["acr"] == "eidas3"
    assert "nonce" not in claims


def test_the_secret_really_signs_the_hs256_forgery(simulator, browser, service):
    simulator.control({"at": "id_token", "signing": "secret_hs256"})

    token = service.tokens(browser)["id_token"]

    assert jwt.decode(token, SECRET, algorithms=["HS256"], audience=service.client_id)


def test_the_signature_part_can_be_missing(simulator, browser, service):
    simulator.control({"at": "id_token", "signing": "missing"})

    assert service.tokens(browser)["id_token"].count(".") == 1


def test_faults_are_used_up_in_order(simulator, service):
    simulator.control(
        {"at": "token", "status": 500, "body": "<html>", "times": 2},
        {"at": "token", "members": {"error": "autre"}},
    )

    answers = [service.exchange("inconnu") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [500, 500, 400, 400]
    assert [answer.text[:6] for answer in answers[:2]] == ["<html>"] * 2
    assert answers[2].json()["error"] == "autre"
    assert answers[3].json()["error"] == "invalid_grant"


def test_a_fault_may_last_and_headers_may_change(simulator):
    simulator.control({"at": "jwks", "times": None, "status": 503, "headers": {"X-Essai": "1"}})

    for _ in range(3):
        answer = requests.get(f"{simulator.issuer}/jwks", timeout=TIMEOUT)
        assert (answer.status_code, answer.headers["X-Essai"]) == (503, "1")


def test_a_connection_can_be_cut(simulator):
    simulator.control({"at": "userinfo", "cut": True})

    with pytest.raises(requests.ConnectionError):
        requests.get(f"{simulator.issuer}/userinfo", timeout=TIMEOUT)


def test_answers_can_be_late_dripping_or_huge(simulator):
    simulator.control(
        {"at": "jwks", "delay": 0.3},
        {"at": "jwks", "drip": 0.01, "body": "0123456789" * 3},
        {"at": "jwks", "size": 5_000_000},
    )

    start = time.monotonic()
    requests.get(f"{simulator.issuer}/jwks", timeout=TIMEOUT)
    requests.get(f"{simulator.issuer}/jwks", timeout=TIMEOUT)
    assert time.monotonic() - start > 0.6
    assert len(requests.get(f"{simulator.issuer}/jwks", timeout=TIMEOUT).content) > 5_000_000


def test_callback_parameters_can_be_dropped_and_replaced(simulator, browser, service):
    parameters = {"iss": None, "state": "autre", "error": "server_error"}
    simulator.control({"at": "callback", "parameters": parameters})

    answer = query_of(simulator.sign_in(browser, service.url()))

    assert set(answer) == {"code", "state", "error"}
    assert answer["state"] == "autre"


def test_keys_rotate_under_new_names(simulator, browser, service):
    before = requests.get(f"{simulator.issuer}/jwks", timeout=TIMEOUT).json()["keys"]
    simulator.control(rotate_keys=True)

    after = requests.get(f"{simulator.issuer}/jwks", timeout=TIMEOUT).json()["keys"]

    assert not {key["kid"] for key in before} & {key["kid"] for key in after}
    assert service.read(service.tokens(browser)["id_token"])


def test_a_corrected_civil_status_gives_a_new_sub(simulator, browser, service):
    before = service.person(browser)["sub"]
    simulator.put_person(
        login="test",
        given_name_array=["Angela", "Claire"],
        family_name="DUBOIS",
        gender="female",
        birthdate="1962-08-24",
        birthplace="75107",
        birthcountry="99100",
        email="angela@personnes.example",
    )
    browser.cookies.clear()

    person = service.person(browser)

    assert person["given_name"] == "Angela Claire"
    assert person["sub"] != before


def test_a_stored_sub_is_used_at_every_service(simulator, browser, other_service_client):
    entry = {"login": "stocké", "given_name_array": ["Essai"], "family_name": "STOCKÉ"}
    entry |= {"gender": "male", "birthdate": "1980-01-01", "birthcountry": "99139"}
    simulator.put_person(**entry, sub="f" * 64 + "v1")

    subs = {
        other_service_client(name).person(browser, "stocké", scope="openid")["sub"]
        for name in ("espace-citoyens-test", "service-rs256")
    }

    assert subs == {"f" * 64 + "v1"}


@pytest.mark.parametrize(
    "orders",
    [
        {"faults": [{"at": "ailleurs"}]},
        {"faults": [{"at": "token", "claims": {}}]},
        {"faults": [{"at": "token", "times": 0}]},
        {"faults": [{"at": "id_token", "signing": "rot13"}]},
        {"inconnu": 1},
    ],
)
def test_an_order_that_would_do_nothing_is_refused(simulator, orders):
    response = requests.post(f"{simulator.url}/_control/", json=orders, timeout=TIMEOUT)

    assert response.status_code == 400
    assert not simulator.control()["faults"]


def test_reset_forgets_everything(simulator):
    simulator.control({"at": "token", "status": 500}, clock=99)

    simulator.reset()

    state = requests.get(f"{simulator.url}/_control/", timeout=TIMEOUT).json()
    assert state == {"faults": [], "calls": {}, "clock": 0.0}
