import re

import pytest
import requests

from tests.simulator.process import PORTAL, TIMEOUT
from tests.simulator.relying_party import query_of
from tests.simulator.test_journey import log_in, reach_provider


def end_session(simulator, browser, **parameters):
    return browser.get(
        f"{simulator.issuer}/session/end", params=parameters, timeout=TIMEOUT, allow_redirects=True
    )


def end_session_location(simulator, browser, **parameters):
    """The last address of the sign-out, without asking it for anything."""
    url = f"{simulator.issuer}/session/end"
    first = browser.get(url, params=parameters, timeout=TIMEOUT, allow_redirects=False)
    confirm = simulator.url + first.headers["Location"]
    return browser.get(confirm, timeout=TIMEOUT, allow_redirects=False).headers["Location"]


def test_a_second_service_goes_straight_to_the_confirmation(browser, service, other_service_client):
    service.sign_in(browser)

    page = browser.get(other_service_client("service-rs256").url(), timeout=TIMEOUT)

    assert page.url.endswith("/consent")
    assert "Angela Claire Louise DUBOIS" in page.text


def test_single_sign_on_slides_then_ends(simulator, browser, service):
    service.sign_in(browser)
    for minutes in (20, 40):
        simulator.control(clock=minutes * 60)
        assert browser.get(service.url(), timeout=TIMEOUT).url.endswith("/consent")

    simulator.control(clock=71 * 60)

    assert 'class="tile"' in browser.get(service.url(), timeout=TIMEOUT).text


def test_stopping_before_the_confirmation_opens_no_single_sign_on(simulator, browser, service):
    log_in(browser, reach_provider(simulator, browser, service.url()))

    page = browser.get(service.url(), timeout=TIMEOUT)

    assert 'class="tile"' in page.text


def test_signing_out_ends_single_sign_on_and_goes_back_with_state(simulator, browser, service):
    id_token = service.tokens(browser)["id_token"]

    location = end_session_location(
        simulator,
        browser,
        id_token_hint=id_token,
        state="etat",
        post_logout_redirect_uri=f"{PORTAL}/logout-callback/",
    )

    assert location == f"{PORTAL}/logout-callback/?state=etat"
    assert 'class="tile"' in browser.get(service.url(), timeout=TIMEOUT).text


def test_an_old_id_token_still_signs_out_even_after_rotation(simulator, browser, service):
    id_token = service.tokens(browser)["id_token"]
    simulator.control(clock=3600, rotate_keys=True)

    page = end_session(simulator, browser, id_token_hint=id_token)

    assert "Vous êtes bien déconnecté, vous pouvez fermer votre navigateur." in page.text


@pytest.mark.parametrize(
    "changes",
    [
        {"id_token_hint": ""},
        {"id_token_hint": "a.b.c"},
        {"post_logout_redirect_uri": "https://ailleurs.example/"},
        {"inconnu": "1"},
    ],
)
def test_a_bad_sign_out_is_an_error_page_and_ends_nothing(simulator, browser, service, changes):
    id_token = service.tokens(browser)["id_token"]

    page = end_session(simulator, browser, **({"id_token_hint": id_token} | changes))

    assert page.status_code == 400
    assert "Une erreur s’est produite" in page.text
    assert browser.get(service.url(), timeout=TIMEOUT).url.endswith("/consent")


def test_sign_out_refuses_a_forged_hint(simulator, browser, service):
    simulator.control({"at": "id_token", "signing": "other_key"})
    id_token = service.tokens(browser)["id_token"]

    assert end_session(simulator, browser, id_token_hint=id_token).status_code == 400


def test_sign_out_cannot_be_posted(simulator):
    assert requests.post(f"{simulator.issuer}/session/end", timeout=TIMEOUT).status_code == 404


def test_alert_mail_comes_once_for_a_new_device(simulator, browser, service):
    service.sign_in(browser)
    service.sign_in(browser)

    (mail,) = simulator.mails()
    assert mail["subject"] == (
        'Alerte de connexion au service "Espace Citoyens" avec FranceConnect'
    )
    assert mail["recipient"] == "wossewodda-3728@yopmail.com"
    assert mail["text"].startswith("Bonjour Angela Claire Louise DUBOIS,")
    assert "avec votre compte impots.gouv.fr" in mail["text"]
    assert any("fr" in file.read_text() for file in simulator.mail_folder.iterdir())


def test_a_trusted_device_gets_no_alert_in_a_new_session(simulator, browser, service):
    service.sign_in(browser)
    browser.cookies.pop("fc_session_id")

    service.sign_in(browser)

    assert len(simulator.mails()) == 1


def test_only_two_people_are_trusted_on_a_device(simulator, browser, service):
    for login in ("test", "avec_nom_dusage", "prénom_composé") * 2:
        browser.cookies.pop("fc_session_id", None)
        service.sign_in(browser, login)

    assert len(simulator.mails()) == 4


def test_letter_box_shows_the_mail(simulator, browser, service):
    service.sign_in(browser)

    page = browser.get(f"{simulator.url}/boite-aux-lettres/", timeout=TIMEOUT)

    assert "Alerte de connexion au service" in page.text


def test_the_other_service_signs_in_shows_single_sign_on_and_signs_out(simulator, browser, service):
    start = f"{simulator.url}/autre-service/connexion/"
    page = browser.post(start, timeout=TIMEOUT)
    assert "Connexion en cours sur Un autre service public" in page.text
    uid = "8dfc4080-c90d-4234-969b-f6c961de3e90"
    page = log_in(browser, simulator.send_form(browser, page, "redirect-to-idp", providerUid=uid))
    page = simulator.send_form(browser, page, "login")
    text = re.sub(r"<[^>]+>", "", page.text)
    assert "Vous êtes connecté en tant que Angela Claire Louise DUBOIS." in text

    assert browser.get(service.url(), timeout=TIMEOUT).url.endswith("/consent")
    page = browser.post(f"{simulator.url}/autre-service/deconnexion/", timeout=TIMEOUT)
    assert "Vous êtes déconnecté de ce service" in page.text
    assert 'class="tile"' in browser.get(service.url(), timeout=TIMEOUT).text


@pytest.mark.parametrize("query", ["", "?code=x&state=y", "?error=access_denied&state=y"])
def test_the_other_service_refuses_a_callback_it_did_not_ask(simulator, browser, query):
    url = f"{simulator.url}/autre-service/retour/{query}"

    page = browser.get(url, timeout=TIMEOUT)

    assert page.status_code == 400
    assert "La connexion n’a pas abouti" in page.text


def test_logs_hold_nothing_of_a_sign_in(simulator, browser, service):
    code = service.sign_in(browser)
    tokens = service.exchange(code).json()
    person = service.read(service.userinfo(tokens["access_token"]).text)

    log = simulator.log.read_text()
    values = (code, tokens["access_token"], tokens["id_token"], person["sub"], "DUBOIS")
    assert not any(value in log for value in values)
    assert query_of(service.url())["client_id"] not in log
