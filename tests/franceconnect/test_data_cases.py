"""Case 62 of the reference, one test a situation: an administration that is asked for a datum."""

import re
import time

import pytest
import time_machine

from accounts.models import JournalEntry, JournalKind
from tests.franceconnect.data_journey import PAGE, RECEIVED, SOLENE, text_of

pytestmark = [pytest.mark.urls("tests.franceconnect.data_page"), pytest.mark.django_db]
BY_HAND = "Les saisir moi-même"
USE = "Utiliser ces données"


def test_case_62_a_quotient_that_comes_is_shown_then_used_as_certified(asker):
    asker = asker("quotient_caf")

    page = text_of(asker.asks("quotient_familial"))
    back = asker.uses()
    procedure = text_of(asker.client.get(PAGE))

    assert "735\u00a0€" in page
    assert "CAF, par FranceConnect" in page
    assert re.search(r"Mois \w+ 20\d\d", page)
    assert back["Location"] == PAGE
    assert re.search(r"quotient_familial 20\d\d-\d\d CAF, par FranceConnect : 735", procedure)
    assert asker.journal() == [("CAF", "data_received")]


def test_case_62_no_file_is_an_ordinary_answer_that_leads_to_typing(asker):
    asker = asker("ines")

    response = asker.asks("quotient_familial")
    page = text_of(response)

    assert response.status_code == 200
    assert "pas de dossier à votre nom" in page
    assert BY_HAND in page
    assert USE not in page
    assert "Référence pour la mairie" not in page
    assert asker.types()["Location"] == PAGE
    assert "Saisie à la main" in text_of(asker.client.get(PAGE))
    assert asker.journal() == [("CAF ou MSA", "data_no_file")]


def test_case_62_too_many_requests_close_the_way_for_as_long_as_was_said(asker):
    asker = asker("caf_debordee")

    page = text_of(asker.asks("quotient_familial"))
    asked = asker.calls()
    again = text_of(asker.asks("quotient_familial"))
    not_asked = asker.calls()
    with time_machine.travel(time.time() + 31):
        asker.asks("quotient_familial")

    assert "Trop de demandes" in page
    assert "Trop de demandes" in again
    assert BY_HAND in again
    assert (asked, not_asked, asker.calls()) == (1, 1, 2)
    assert {code for _, code in asker.journal()} == {"data_busy"}


def test_case_62_a_rate_limit_header_is_obeyed_too(asker, data_api):
    data_api.put_person(
        **SOLENE, data={"dss/quotient_familial": {"status": 429, "reset": int(time.time()) + 50}}
    )
    asker = asker("quotient_caf")

    asker.asks("quotient_familial")
    with time_machine.travel(time.time() + 40):
        asker.asks("quotient_familial")
    before = asker.calls()
    with time_machine.travel(time.time() + 55):
        asker.asks("quotient_familial")

    assert (before, asker.calls()) == (1, 2)


@pytest.mark.parametrize("login", ["caf_en_panne", "caf_lente"])
def test_case_62_an_outage_leads_to_typing_with_a_reference(asker, caplog, login):
    asker = asker(login)

    page = text_of(asker.asks("quotient_familial"))

    line = JournalEntry.objects.get(kind=JournalKind.DATA_FETCHED)
    assert "ne répond pas en ce moment" in page
    assert BY_HAND in page
    assert USE not in page
    assert f"Référence pour la mairie\u00a0: {line.reference}" in page
    assert line.code == "data_unavailable"
    assert line.reference in caplog.text


def test_case_62_an_expired_token_offers_a_new_authorisation(asker):
    asker = asker("accord_trop_ancien")

    response = asker.asks("quotient_familial")

    page = response.content.decode()
    assert "Donner un nouvel accord" in page
    assert BY_HAND in page
    demand = re.search(r'name="demande" value="([^"]+)"', page)[1]
    again = asker.client.post("/franceconnect/donnees/depart/", {"demande": demand})
    assert "cnaf_quotient_familial" in again["Location"]
    assert asker.journal() == [("CAF ou MSA", "data_token_expired")]


def test_case_62_partial_scopes_fill_what_came_and_say_what_did_not(asker, data_api):
    asker = asker("quotient_caf")
    data_api.control({"at": "grant", "remove": ["cnaf_enfants"]})

    page = text_of(asker.asks("quotient_familial", "enfants"))
    asker.uses()
    procedure = text_of(asker.client.get(f"{PAGE}"))

    assert "735\u00a0€" in page
    assert "Enfants du foyer\u00a0: pas reçu" in page
    assert "quotient_familial" in procedure
    assert "enfants" not in procedure
    assert asker.journal() == [("CAF", "data_received"), ("CAF ou MSA", "data_not_granted")]
    assert asker.calls() == 1


def test_case_62_a_scope_that_the_provider_does_not_see_is_refused(asker, data_api):
    asker = asker("quotient_caf")
    data_api.control({"at": "grant", "remove": ["cnaf_quotient_familial", "cnaf_enfants"]})

    page = text_of(asker.asks("quotient_familial"))

    assert "n’a pas reçu le droit de le lire" in page
    assert BY_HAND in page
    assert asker.journal() == [("CAF ou MSA", "data_not_granted")]


@pytest.mark.parametrize("login", ["quotient_nul", "quotient_absent"])
def test_case_62_a_zero_or_absent_quotient_never_becomes_a_number(asker, login):
    asker = asker(login)

    page = text_of(asker.asks("quotient_familial"))
    asker.uses()

    assert "La réponse est vide ou nulle" in page
    assert USE not in page
    assert "Saisie à la main" in text_of(asker.client.get(PAGE))
    assert asker.journal() == [("CAF ou MSA", "data_doubtful")]


@pytest.mark.parametrize(
    ("login", "name", "expected"),
    [
        ("quotient_msa", "quotient_familial", "1\u202f204\u00a0€"),
        ("quotient_caf", "enfants", "Lise TREVENEC, date de naissance\u00a0: 14 mars 2016"),
        ("quotient_msa", "enfants", "Enfants aucun"),
        ("allocations", "revenu_solidarite_active", "Bénéficiaire oui Avec majoration oui"),
        ("allocations", "prime_activite", "Avec majoration non Depuis le 1er avril 2026"),
        ("allocations", "allocation_adulte_handicape", "Bénéficiaire non"),
        ("allocations", "complementaire_sante_solidaire", "Avec participation financière non"),
        ("etudiante", "statut_etudiant", "Établissement Université de Rivemont"),
        ("etudiante", "etudiant_boursier", "Échelon 3"),
        ("demandeur_emploi", "demandeur_emploi", "Depuis le 16 mars 2026"),
        ("revenus", "revenu_fiscal_reference", "21\u202f480\u00a0€"),
        ("revenus_anciens", "revenu_fiscal_reference", "15\u202f300\u00a0€"),
    ],
)
def test_each_datum_comes_from_the_administration_that_holds_it(asker, login, name, expected):
    asker = asker(login)

    page = text_of(asker.asks(name))

    assert expected in page
    assert [code for _, code in asker.journal()] == ["data_received"]


def test_a_page_reloaded_asks_nobody_again(asker):
    asker = asker("quotient_caf")

    asker.asks("quotient_familial")
    asker.client.get(RECEIVED)

    assert asker.calls() == 1
