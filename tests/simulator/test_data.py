"""The administrations of the simulator, asked as a service asks them: by HTTP, with a token."""

import datetime

import pytest
import requests

from tests.simulator.process import SECRET, TIMEOUT
from tests.simulator.relying_party import RelyingParty

SIRET = "21999000100014"
CLIENT_ID = "service-administrations"
YEAR = datetime.datetime.now(tz=datetime.UTC).year


@pytest.fixture
def token(simulator, browser):
    """A fresh access token of somebody, with these scopes: `token("etudiante", "…")`."""

    def sign_in(login, scopes):
        party = RelyingParty(simulator, CLIENT_ID, f"openid identite_pivot {scopes}")
        return party.tokens(browser, login)["access_token"]

    return sign_in


def ask(simulator, path, token, *, recipient=SIRET, **headers):
    """The answer of an administration; `headers` beside, or instead of, the token's."""
    return requests.get(
        f"{simulator.url}/donnees/{path}",
        params={"recipient": recipient} if recipient else {},
        headers={"Authorization": f"Bearer {token}"} | headers,
        timeout=TIMEOUT,
    )


def resource(name: str) -> str:
    return f"api-particulier/v3/{name}/france_connect"


QUOTIENT = resource("dss/quotient_familial")


def code_of(answer) -> str:
    return answer.json()["errors"][0]["code"]


def test_a_quotient_comes_in_the_envelope_of_version_3(simulator, token):
    answer = ask(simulator, QUOTIENT, token("quotient_caf", "cnaf_quotient_familial"))

    quotient = answer.json()["data"]["quotient_familial"]
    assert set(answer.json()) == {"data", "links", "meta"}
    assert set(answer.json()["data"]) == {"quotient_familial"}
    assert (quotient["fournisseur"], quotient["valeur"]) == ("CNAF", 735)
    last_month = datetime.date.today().replace(day=1) - datetime.timedelta(days=1)  # noqa: DTZ011
    assert (quotient["annee"], quotient["mois"]) == (last_month.year, last_month.month)


def test_an_answer_goes_as_far_as_the_scopes_of_the_token(simulator, token):
    scopes = "mesri_admissions mesri_admission_inscrit"

    answer = ask(simulator, resource("mesri/statut_etudiant"), token("etudiante", scopes))

    [admission] = answer.json()["data"]["admissions"]
    assert set(admission) == {"date_debut", "date_fin", "est_inscrit"}


def test_a_token_that_franceconnect_does_not_know_is_refused(simulator, token):
    of_somebody = token("quotient_caf", "cnaf_quotient_familial")

    strange, absent, basic = (
        ask(simulator, QUOTIENT, "inconnu"),
        ask(simulator, QUOTIENT, ""),
        ask(simulator, QUOTIENT, "", Authorization=f"Basic {of_somebody}"),
    )
    simulator.control(clock=61)
    expired = ask(simulator, QUOTIENT, of_somebody)

    assert [answer.status_code for answer in (strange, absent, basic, expired)] == [401] * 4
    assert (code_of(strange), code_of(absent), code_of(expired)) == ("00103", "00101", "00103")


def test_a_token_without_the_scope_is_refused(simulator, token):
    answer = ask(simulator, QUOTIENT, token("quotient_caf", "mesri_admissions"))

    assert (answer.status_code, code_of(answer)) == (403, "00100")


def test_a_scope_that_the_platform_leaves_out_opens_nothing(simulator, token):
    simulator.control({"at": "grant", "remove": ["cnaf_quotient_familial"]})

    answer = ask(simulator, QUOTIENT, token("quotient_caf", "cnaf_quotient_familial"))

    assert answer.status_code == 403


@pytest.mark.parametrize("recipient", ["", "219990001", "21999000100015", "2199900010001X"])
def test_a_recipient_that_is_no_siret_is_refused(simulator, token, recipient):
    value = token("quotient_caf", "cnaf_quotient_familial")

    answer = ask(simulator, QUOTIENT, value, recipient=recipient)

    assert (answer.status_code, code_of(answer)) == (422, "00203")


@pytest.mark.parametrize(
    ("login", "status", "code"),
    [
        ("test", 404, "23003"),
        ("caf_debordee", 429, "00429"),
        ("caf_en_panne", 502, "23999"),
        ("caf_lente", 504, "23001"),
        ("accord_trop_ancien", 401, "00103"),
    ],
)
def test_somebody_stands_for_each_error(simulator, token, login, status, code):
    answer = ask(simulator, QUOTIENT, token(login, "cnaf_quotient_familial"))

    assert (answer.status_code, code_of(answer)) == (status, code)


def test_a_limit_says_when_to_come_back(simulator, token):
    answer = ask(simulator, QUOTIENT, token("caf_debordee", "cnaf_quotient_familial"))

    assert answer.json()["errors"][0]["meta"] == {"provider": "dss", "retry_in": 30}


@pytest.mark.parametrize(("login", "value"), [("quotient_nul", 0), ("quotient_absent", None)])
def test_a_quotient_may_be_nothing(simulator, token, login, value):
    answer = ask(simulator, QUOTIENT, token(login, "cnaf_quotient_familial"))

    assert answer.json()["data"]["quotient_familial"]["valeur"] == value


def test_an_unknown_resource_is_not_there(simulator, token):
    value = token("quotient_caf", "cnaf_quotient_familial")

    assert ask(simulator, resource("dss/inconnue"), value).status_code == 404


def test_france_travail_asks_its_own_scope(simulator, token):
    path = "france-travail/partenaire/fc-statutaugmente/v1/statut"

    right = ask(simulator, path, token("demandeur_emploi", "api_fc-statutaugmentev1"))
    wrong = ask(simulator, path, token("demandeur_emploi", "mesri_admissions"))

    assert right.json()["situationInscription"]["dateInscription"] == "2026-03-16"
    assert wrong.status_code == 403


def gateway_token(simulator, auth=(CLIENT_ID, SECRET), grant_type="client_credentials"):
    form = {"grant_type": grant_type}
    url = f"{simulator.url}/donnees/dgfip/token"
    return requests.post(url, data=form, auth=auth, timeout=TIMEOUT)


def situation(simulator, year, ours, theirs, **changes):
    headers = {"X-FranceConnect-OAuth": theirs, "X-Correlation-ID": "1", "ID_Teleservice": "essai"}
    path = f"dgfip/impotparticulier/1.0/situations/ir/assiettes/annrev/{year}"
    return ask(simulator, path, ours, recipient="", **headers | changes)


def test_the_gateway_of_the_dgfip_asks_both_tokens(simulator, token):
    ours = gateway_token(simulator).json()["access_token"]
    theirs = token("revenus", "dgfip_rfr dgfip_annee_n_moins_1")

    right = situation(simulator, YEAR - 1, ours, theirs)
    wrong = [
        situation(simulator, YEAR - 1, "inconnu", theirs),
        situation(simulator, YEAR - 1, ours, "inconnu"),
        situation(simulator, YEAR - 1, ours, theirs, ID_Teleservice=""),
        situation(simulator, YEAR - 2, ours, theirs),
    ]

    assert right.json() == {"rfr": 21480}
    assert [answer.status_code for answer in wrong] == [401] * 4
    assert set(wrong[0].json()) == {"reason", "message", "error"}


def test_the_gateway_knows_its_services(simulator):
    answers = [
        gateway_token(simulator, auth=(CLIENT_ID, "faux")),
        gateway_token(simulator, auth=("inconnu", SECRET)),
        gateway_token(simulator, auth=None),
        gateway_token(simulator, grant_type="authorization_code"),
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 400]


def test_the_home_page_lists_them(simulator):
    page = requests.get(simulator.url, timeout=TIMEOUT).text

    assert f"{simulator.url}/donnees/api-particulier" in page
    assert "quotient_nul" in page
