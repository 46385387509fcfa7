"""An administration that is broken, slow or hostile: typing stays possible, nothing hangs."""

import time

import pytest
import time_machine

from franceconnect import outage
from franceconnect.data import circuit
from tests.franceconnect.data_journey import asked_page, text_of

pytestmark = [pytest.mark.urls("tests.franceconnect.data_page"), pytest.mark.django_db]
MEGABYTE = 1024 * 1024


@pytest.mark.parametrize(
    "fault",
    [
        {"size": 10 * MEGABYTE},
        {"drip": 0.2},
        {"delay": 2},
        {"cut": True},
        {"body": "<html><h1>Bienvenue</h1></html>", "headers": {"Content-Type": "text/html"}},
        {"body": "<html><h1>Introuvable</h1></html>", "status": 404},
        {"body": '{"errors": [{"code": "00404"}]}', "status": 404},
        {"body": '{"message": "no route"}', "status": 404},
        {"body": '{"errors": ["23003"]}', "status": 404},
        {"body": '{"data": '},
        {"body": "[]"},
        {"body": '{"data": []}'},
        {"body": '{"data": {"quotient_familial": "735"}}'},
        {"body": '{"data": {"quotient_familial": {"fournisseur": "CNAF", "valeur": "735"}}}'},
        {"body": "{" * 100_000},
        {"status": 302, "headers": {"Location": "https://ailleurs.example/"}},
        {"status": 200, "headers": {"Content-Encoding": "gzip"}},
        {"status": 418},
        {"status": 422},
        {"status": 409},
        {"status": 500},
    ],
    ids=lambda fault: " ".join(fault),
)
def test_an_answer_that_cannot_be_read_leads_to_typing(asker, settings, data_api, fault):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"timeout": 1}
    asker = asker("quotient_caf")
    data_api.control({"at": "data"} | fault)

    start = time.monotonic()
    page = text_of(asker.asks("quotient_familial"))

    assert time.monotonic() - start < 5
    assert "Rien n’a pu être reçu" in page
    assert "ne répond pas en ce moment" in page
    assert "Les saisir moi-même" in page
    assert "735" not in page
    assert asker.journal() == [("CAF ou MSA", "data_unavailable")]


def test_after_three_failures_the_administration_is_left_alone_for_a_while(asker, data_api):
    asker = asker("quotient_caf")
    data_api.control({"at": "data", "status": 502, "times": 3})

    for _ in range(4):
        asker.asks("quotient_familial")
    asked = asker.calls()
    page = text_of(asker.client.get(asked_page("quotient_familial")))
    later = outage.MEMORY_SECONDS + 1
    data_api.control(clock=later)
    with time_machine.travel(time.time() + later):
        back = text_of(asker.asks("quotient_familial"))

    assert asked == 3
    assert "CAF ou MSA ne répond pas en ce moment" in page
    assert "Donner mon accord" not in page
    assert "735" in back


def test_one_administration_down_leaves_the_others_and_the_sign_in(asker, data_api):
    asker = asker("etudiante")
    for _ in range(outage.THRESHOLD):
        circuit.failed("france_travail")

    page = text_of(asker.asks("demandeur_emploi", "statut_etudiant"))

    assert "Université de Rivemont" in page
    assert "Inscription comme demandeur d’emploi\u00a0: pas reçu" in page


def test_a_right_answer_forgets_the_failures(asker, data_api):
    asker = asker("quotient_caf")
    data_api.control({"at": "data", "status": 502, "times": 2})

    for _ in range(3):
        asker.asks("quotient_familial")

    assert not circuit.is_down("api_particulier")
    data_api.control({"at": "data", "status": 502})
    asker.asks("quotient_familial")
    assert not circuit.is_down("api_particulier")


@pytest.mark.parametrize("status", [403, 404, 422])
def test_a_fault_of_ours_is_an_error_in_the_log(asker, data_api, caplog, status):
    asker = asker("quotient_caf")
    data_api.control({"at": "data", "status": status, "body": "{}"})

    asker.asks("quotient_familial")

    assert [
        record.levelname for record in caplog.records if f"data_{status}" in record.message
    ] == ["ERROR"]


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ({"dgfip_client_secret": "faux"}, "gateway_data_401"),
        ({"dgfip_token_url": "http://127.0.0.1:9/"}, "http_ConnectionError"),
    ],
)
def test_a_gateway_that_refuses_us_asks_no_new_authorisation(asker, settings, caplog, broken, code):
    data = settings.FRANCECONNECT["data"] | broken
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"data": data}
    asker = asker("revenus")

    page = text_of(asker.asks("revenu_fiscal_reference"))

    assert code in caplog.text
    assert "ne répond pas en ce moment" in page
    assert "Donner un nouvel accord" not in page


def test_the_year_before_is_asked_only_with_its_scope(asker, settings):
    data = settings.FRANCECONNECT["data"] | {"scopes": "dgfip_rfr dgfip_annee_n_moins_1"}
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"data": data}
    asker = asker("revenus_anciens")

    page = text_of(asker.asks("revenu_fiscal_reference"))

    assert "pas de dossier à votre nom" in page
    assert asker.calls() == 1
