"""What the settings say of the data of other administrations; case 63 of the reference."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError

from espace_citoyens.demo.environment import DATA_SCOPES
from espace_citoyens.environment import Environment, data_settings
from franceconnect.checks import check_configuration
from franceconnect.data import catalogue
from franceconnect.data.api_particulier import is_siret
from franceconnect.services import offered_data, request_data_url
from tests.franceconnect.data_journey import asked_page
from tests.franceconnect.fixtures import IDENTITY_SCOPES, SIRET

NO_SIRETS = [
    "219990001",
    "2199900010001",
    "21999000100015",
    "219990001000140",
    "2199900010001X",
    "²1999000100014",
    "00000000000000",
]


def configure(settings, **values):
    data = settings.FRANCECONNECT["data"] | values
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"data": data}


def numbers() -> list[str]:
    return [error.id.removeprefix("franceconnect.") for error in check_configuration(None)]


@pytest.mark.parametrize("recipient", NO_SIRETS)
def test_case_63_a_recipient_that_is_no_siret_is_an_error(settings, data_api, recipient):
    configure(settings, recipient=recipient)

    assert numbers() == ["E012"]
    with pytest.raises(SystemCheckError, match="API_PARTICULIER_RECIPIENT n’est pas un SIRET"):
        call_command("check")


def test_case_63_the_diagnosis_says_that_a_recipient_is_no_siret(settings, data_api, capsys):
    configure(settings, recipient="21999000100015")

    with pytest.raises((CommandError, SystemExit)):
        call_command("franceconnect_check")

    lines = capsys.readouterr().out.splitlines()
    assert any(line.strip().startswith("✗") and "n’est pas un SIRET" in line for line in lines), (
        lines
    )


@pytest.mark.parametrize("siret", [SIRET, "73282932000074"])
def test_a_siret_is_fourteen_digits_and_their_key(siret):
    assert is_siret(siret)


def test_the_whole_configuration_of_the_tests_is_right(data_api):
    assert numbers() == []


@pytest.mark.parametrize(
    ("number", "values"),
    [
        ("E011", {"recipient": ""}),
        ("E011", {"api_particulier_url": ""}),
        ("E013", {"dgfip_client_secret": ""}),
        ("E013", {"dgfip_url": "", "dgfip_token_url": ""}),
        ("E014", {"scopes": "cnaf_quotient_familial eaje_allocataires"}),
    ],
)
def test_a_contradiction_is_an_error(settings, data_api, number, values):
    configure(settings, **values)

    assert numbers() == [number]


def test_data_without_franceconnect_are_an_error(settings, data_api):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {
        "issuer": "",
        "client_id": "",
        "client_secret": "",
    }

    assert numbers() == ["E015"]
    assert offered_data() == {}


def test_the_diagnosis_compares_the_data_scopes_with_those_of_the_platform(data_api, capsys):
    said = {"scopes_supported": IDENTITY_SCOPES}
    data_api.control({"at": "discovery", "members": said, "times": None})

    with pytest.raises((CommandError, SystemExit)):
        call_command("franceconnect_check")

    assert "✗ Portées\u00a0: cnaf_quotient_familial, " in capsys.readouterr().out


def test_nothing_configured_is_no_feature(client, citizen, settings, data_api):
    page = asked_page("quotient_familial")
    configure(settings, **dict.fromkeys(settings.FRANCECONNECT["data"], ""))
    client.force_login(citizen)

    assert offered_data() == {}
    assert client.get(page).status_code == 404
    assert client.post("/franceconnect/donnees/depart/").status_code == 404
    assert client.get("/franceconnect/donnees/recues/").status_code == 404
    with pytest.raises(ImproperlyConfigured):
        request_data_url(["quotient_familial"], why="Pourquoi.", next_url="/mon-espace/")


@pytest.mark.parametrize(
    ("missing", "gone"),
    [
        ({"scopes": "revenu_solidarite_active"}, "quotient_familial"),
        ({"api_particulier_url": ""}, "quotient_familial"),
        ({"france_travail_url": ""}, "demandeur_emploi"),
        ({"dgfip_teleservice": ""}, "revenu_fiscal_reference"),
    ],
)
def test_a_datum_is_offered_where_its_scope_and_its_provider_are(settings, data_api, missing, gone):
    assert set(offered_data()) == set(catalogue.CATALOGUE)

    configure(settings, **missing)

    assert gone not in offered_data()
    assert offered_data()


def test_only_the_scopes_of_the_habilitation_are_asked(settings, data_api):
    configure(settings, scopes="prime_activite dgfip_rfr dgfip_annee_n_moins_1")

    asked = catalogue.scopes_of(["prime_activite", "revenu_fiscal_reference"])

    assert asked == ["prime_activite", "dgfip_rfr", "dgfip_annee_n_moins_1"]


def test_the_demo_may_ask_for_everything():
    assert set(DATA_SCOPES.split()) == catalogue.KNOWN_SCOPES


def test_every_source_fits_in_the_journal():
    assert max(len(kind.source) for kind in catalogue.KINDS) <= 30


@pytest.mark.parametrize(
    "name", ["API_PARTICULIER_URL", "FRANCE_TRAVAIL_URL", "DGFIP_URL", "DGFIP_TOKEN_URL"]
)
def test_an_address_that_is_not_encrypted_stops_the_portal(monkeypatch, name):
    monkeypatch.setenv(name, "http://donnees.example.fr")

    with pytest.raises(ImproperlyConfigured, match=f"{name} .* n’est pas en https"):
        data_settings(Environment(), base_url="https://portail.example.fr")


def test_a_siret_may_be_written_in_groups_and_an_address_with_a_slash(monkeypatch):
    monkeypatch.setenv("API_PARTICULIER_RECIPIENT", "219 990 001 00014")
    monkeypatch.setenv("API_PARTICULIER_URL", "https://particulier.api.gouv.fr/")

    values = data_settings(Environment(), base_url="https://portail.example.fr")

    assert values["recipient"] == SIRET
    assert values["api_particulier_url"] == "https://particulier.api.gouv.fr"
