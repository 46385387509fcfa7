import pytest
import requests

from tests.simulator.process import PORTAL, TIMEOUT, csrf_token
from tests.simulator.relying_party import STATE, query_of

IMPOTS = "8dfc4080-c90d-4234-969b-f6c961de3e90"
IDENTITY = {
    "given_names": "Jean Philippe, Pierre\nLouis",
    "family_name": "D’ESSAI",
    "preferred_username": "",
    "gender": "male",
    "birthdate": "1992-00-00",
    "birthplace": "",
    "birthcountry": "99352",
    "email": "essai@personnes.example",
}


def reach_provider(simulator, browser, url, uid=IMPOTS):
    page = browser.get(url, timeout=TIMEOUT)
    return simulator.send_form(browser, page, "redirect-to-idp", providerUid=uid)


def log_in(browser, page, login="test", password="123", **more):  # noqa: S107
    form = {"state": query_of(page.url)["state"], "login": login, "password": password, **more}
    return browser.post(page.url, data=form, timeout=TIMEOUT)


def test_whole_journey_comes_back_with_code_state_and_issuer(simulator, browser, service):
    callback = simulator.sign_in(browser, service.url())

    assert callback.startswith(f"{PORTAL}/callback/?")
    answer = query_of(callback)
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == (STATE, simulator.issuer)


def test_confirmation_lists_names_of_data_and_no_value(simulator, browser, service):
    page = log_in(browser, reach_provider(simulator, browser, service.url()), "avec_nom_dusage")

    assert "Vous allez vous connecter en tant que\u00a0:" in page.text
    assert "Pierre MERCIER" in page.text
    assert "Continuer sur Espace Citoyens" in page.text
    labels = [part.split("</li>")[0] for part in page.text.split("<details")[1].split("<li>")[1:9]]
    assert labels == [
        "Nom de naissance",
        "Nom d’usage",
        "Prénom(s)",
        "Sexe",
        "Date de naissance",
        "Lieu de naissance",
        "Pays de naissance",
        "Adresse email",
    ]
    assert "1969-03-17" not in page.text
    assert "95277" not in page.text


def test_confirmation_names_each_source(simulator, browser, other_service_client):
    url = other_service_client("service-donnees").url(scope="openid email cnaf_quotient_familial")

    page = log_in(browser, reach_provider(simulator, browser, url))

    assert "Information récupérée depuis FranceConnect" in page.text
    assert "Quotient familial CAF &amp; MSA et composition familiale" in page.text


def test_openid_alone_is_anonymous(simulator, browser, service):
    page = log_in(browser, reach_provider(simulator, browser, service.url(scope="openid")))

    assert "Vous allez vous connecter de façon anonyme" in page.text
    assert "DUBOIS" not in page.text


@pytest.mark.parametrize(
    "form", [{"login": "test", "password": "faux"}, {"login": "personne"}, {"cancel": "1"}]
)
def test_failing_at_the_provider_goes_back_to_the_chooser(simulator, browser, service, form):
    page = log_in(browser, reach_provider(simulator, browser, service.url()), **form)

    assert "La connexion à <strong>impots.gouv.fr</strong> n’a pas été possible." in page.text
    assert 'class="tile"' in page.text


def test_going_back_to_the_service_tells_it(simulator, browser, service):
    page = browser.get(service.url(), timeout=TIMEOUT)
    link = page.text.split("redirect-to-sp-with-error")[1].split('"')[0]

    response = browser.get(
        f"{simulator.issuer}/redirect-to-sp-with-error{link}",
        timeout=TIMEOUT,
        allow_redirects=False,
    )

    assert query_of(response.headers["Location"]) == {
        "error": "access_denied",
        "error_description": "User auth aborted",
        "state": STATE,
        "iss": simulator.issuer,
    }


@pytest.mark.parametrize(
    ("login", "code", "status", "error"),
    [
        ("sans_mail", "Y600006", 400, "server_error"),
        ("sans_genre", "Y600006", 400, "server_error"),
        ("sans_birthplace", "Y600006", 400, "server_error"),
        ("mois_00", "Y600006", 400, "server_error"),
        ("test_INVALID_COG", "Y600006", 400, "server_error"),
        ("E010004", "Y010004", 400, "access_denied"),
        ("E010006", "Y010006", 400, "access_denied"),
        ("E010007", "Y010007", 400, "access_denied"),
        ("E010008", "Y010008", 400, "access_denied"),
        ("E010009", "Y010009", 400, "access_denied"),
        ("E010011", "Y010011", 504, "temporarily_unavailable"),
        ("E010012", "Y010012", 504, "temporarily_unavailable"),
        ("E010013", "Y010013", 400, "server_error"),
        ("E010015", "Y010015", 400, "access_denied"),
        ("E010099", "Y010013", 400, "server_error"),
        ("Désactivé", "Y180001", 400, "access_denied"),
        ("Y180001", "Y180001", 400, "access_denied"),
    ],
)
def test_people_who_cannot_sign_in_see_an_error_with_a_way_back(
    simulator, browser, service, login, code, status, error
):
    page = log_in(browser, reach_provider(simulator, browser, service.url()), login)

    assert page.status_code == status
    assert f"Erreur {code}" in page.text
    link = page.text.split("redirect-to-sp-with-error")[1].split('"')[0]
    url = f"{simulator.issuer}/redirect-to-sp-with-error{link}"
    back = browser.get(url, timeout=TIMEOUT, allow_redirects=False)
    assert query_of(back.headers["Location"])["error"] == error


def test_steps_out_of_order_expire_the_session(simulator, browser, service):
    page = browser.get(service.url(), timeout=TIMEOUT)
    uid = page.url.rsplit("/", 1)[1]

    for url in (f"interaction/{uid}/verify", f"interaction/{uid}/consent", f"authorize/{uid}"):
        answer = browser.get(f"{simulator.issuer}/{url}", timeout=TIMEOUT)
        assert "Erreur Y190001" in answer.text


def test_another_browser_cannot_take_the_interaction(browser, service):
    page = browser.get(service.url(), timeout=TIMEOUT)

    stranger = requests.get(page.url, timeout=TIMEOUT)

    assert "Erreur Y190001" in stranger.text


def test_after_thirty_minutes_the_session_has_expired(simulator, browser, service):
    page = browser.get(service.url(), timeout=TIMEOUT)
    simulator.control(clock=30 * 60 + 1)

    answer = simulator.send_form(browser, page, "redirect-to-idp", providerUid=IMPOTS)

    assert "Erreur Y190001" in answer.text


@pytest.mark.parametrize(("form", "code"), [({}, "Y470001"), ({"csrfToken": "x"}, "Y470002")])
def test_a_form_without_its_token_is_refused(simulator, browser, service, form, code):
    browser.get(service.url(), timeout=TIMEOUT)

    answer = browser.post(f"{simulator.issuer}/redirect-to-idp", data=form, timeout=TIMEOUT)

    assert f"Erreur {code}" in answer.text


def test_a_providers_answer_with_a_strange_state_is_refused(simulator, browser, service):
    reach_provider(simulator, browser, service.url())
    url = f"{simulator.issuer}/oidc-callback"

    assert "Y020021" in browser.get(url, timeout=TIMEOUT).text
    assert "Y020022" in browser.get(f"{url}?state=x&code=y", timeout=TIMEOUT).text


def test_two_tabs_finish_in_either_order(simulator, browser, service):
    first = reach_provider(simulator, browser, service.url())
    second = reach_provider(simulator, browser, service.url())
    pages = [log_in(browser, second), log_in(browser, first)]

    codes = [query_of(simulator.confirm(browser, page))["code"] for page in pages]

    assert [service.exchange(code).status_code for code in codes] == [200, 200]


def test_confirmation_sent_twice_gives_one_code(simulator, browser, service):
    page = log_in(browser, reach_provider(simulator, browser, service.url()))
    simulator.confirm(browser, page)

    again = browser.post(
        f"{simulator.issuer}/login", data={"csrfToken": csrf_token(page)}, timeout=TIMEOUT
    )

    assert again.status_code == 400


def test_free_identity_reaches_the_service_corrected_by_the_register(simulator, browser, service):
    page = reach_provider(simulator, browser, service.url(scope="openid profile birth email"))
    url = page.url.replace("/?", "/identite-libre/?")
    form = IDENTITY | {"state": query_of(page.url)["state"]}

    page = browser.post(url, data=form, timeout=TIMEOUT)
    code = query_of(simulator.confirm(browser, page))["code"]
    tokens = service.exchange(code).json()

    person = service.read(service.userinfo(tokens["access_token"]).text)
    assert person["given_name_array"] == ["Jean Philippe", "Pierre", "Louis"]
    assert person["birthdate"] == "1992-01-01"
    assert person["birthplace"] == ""
    assert "preferred_username" not in person


@pytest.mark.parametrize(
    "wrong",
    [
        {"birthdate": "1977-00-03"},
        {"birthdate": "1990-05"},
        {"birthdate": "1990"},
        {"given_names": " , "},
        {"email": "essai"},
        {"birthcountry": "France"},
        {"birthcountry": "99100"},
        {"family_name": ""},
    ],
)
def test_free_identity_refuses_what_no_provider_holds(simulator, browser, service, wrong):
    page = reach_provider(simulator, browser, service.url())
    url = page.url.replace("/?", "/identite-libre/?")
    form = IDENTITY | wrong | {"state": query_of(page.url)["state"]}

    page = browser.post(url, data=form, timeout=TIMEOUT)

    assert page.status_code == 400
    assert page.text.count('aria-invalid="true"') == 1
    assert "<title>Erreur\u00a0: Identité libre" in page.text
