"""The authorisation of a datum: who may ask, who came back, and what becomes of it."""

import json
import time

import pytest
import time_machine
from django.core import signing
from django.core.cache import cache
from django.test import Client

from accounts.models import JournalEntry, JournalKind
from franceconnect import callback_views, client, conf, services
from franceconnect.data import waiting
from franceconnect.data.asking import DataRequest
from franceconnect.models import Activation
from tests.franceconnect.data_journey import (
    PAGE,
    RECEIVED,
    SOLENE,
    START,
    WHY,
    asked_page,
    signed,
    text_of,
)

pytestmark = [pytest.mark.urls("tests.franceconnect.data_page"), pytest.mark.django_db]


def test_the_page_says_which_data_whose_and_why_before_anything_is_asked(asker):
    asker = asker("quotient_caf")

    page = text_of(asker.client.get(asked_page("quotient_familial", "enfants")))

    assert WHY in page
    assert "Quotient familial CAF ou MSA" in page
    assert "Enfants du foyer" in page
    assert "je saisis moi-même" in page
    assert asker.calls() == 0


def test_the_departure_asks_the_scopes_of_these_data_and_no_other(asker):
    asker = asker("quotient_caf")

    url = asker.leaves("quotient_familial")

    assert "+email+cnaf_quotient_familial&" in url
    assert "cnaf_enfants" not in url
    assert "mesri" not in url


def test_a_space_that_is_not_linked_is_told_to_be_certified_first(client, citizen, data_api):
    client.force_login(citizen)

    response = client.post(START, {"demande": signed("quotient_familial")}, follow=True)

    assert "Certifiez d’abord votre espace" in text_of(response)
    assert data_api.calls().get("GET /api/v2/authorize") is None


@pytest.mark.parametrize(
    "demand",
    [
        "",
        "x",
        signing.dumps({"names": ["quotient_familial"], "why": "", "next_url": "/"}, salt="autre"),
        DataRequest(("quotient_familial", "inconnu"), WHY, PAGE).signed(),
        DataRequest((), WHY, PAGE).signed(),
        DataRequest(("quotient_familial",), WHY, "https://ailleurs.example/").signed(),
    ],
    ids=["empty", "garbage", "signed for something else", "unknown", "nothing", "elsewhere"],
)
def test_a_request_that_we_did_not_sign_or_do_not_offer_is_not_found(asker, demand):
    asker = asker("quotient_caf")

    assert asker.client.get("/franceconnect/donnees/", {"demande": demand}).status_code == 404
    assert asker.client.post(START, {"demande": demand}).status_code == 404


def test_nothing_is_asked_while_franceconnect_is_switched_off(asker):
    asker = asker("quotient_caf")
    Activation.objects.create(platform=conf.FRANCECONNECT, is_on=False)
    cache.clear()

    page = text_of(asker.client.get(asked_page("quotient_familial")))
    asker.client.post(START, {"demande": signed("quotient_familial")})

    assert services.offered_data() == {}
    assert "je saisis moi-même" in page
    assert asker.calls() == 0


def test_another_sub_on_return_fetches_nothing_and_leaves_the_citizen_signed_in(asker):
    asker = asker("quotient_caf")
    asker.traveller.abroad.cookies.clear()

    url = asker.leaves("quotient_familial")
    response = asker.traveller.come_back(asker.traveller.identify(url, "quotient_msa"))

    assert "L’identité reçue de FranceConnect n’est pas celle de cet espace" in text_of(response)
    assert asker.traveller.user_id == asker.citizen.pk
    assert asker.calls() == 0
    assert asker.journal() == []
    assert waiting.KEY not in asker.client.session


def test_a_citizen_unlinked_meanwhile_receives_nothing(asker):
    asker = asker("quotient_caf")
    callback = asker.traveller.identify(asker.leaves("quotient_familial"), "quotient_caf")
    asker.citizen.franceconnect_links.all().delete()

    response = asker.traveller.come_back(callback)

    assert response.status_code == 403
    assert asker.calls() == 0


def test_a_code_of_this_authorisation_brought_to_a_sign_in_opens_nothing(asker):
    """Intents cannot be mixed up: each state has its own nonce, which the token must bear."""
    asker = asker("quotient_caf")
    of_data = asker.traveller.identify(asker.leaves("quotient_familial"), "quotient_caf")
    of_sign_in = asker.traveller.identify(asker.traveller.leave(), "quotient_caf")

    for swapped in ((of_data, of_sign_in), (of_sign_in, of_data)):
        code, state = (
            url.split(f"{name}=")[1].split("&")[0]
            for url, name in zip(swapped, ("code", "state"), strict=True)
        )
        issuer = asker.traveller.simulator.issuer
        callback = f"http://x/franceconnect/callback/?code={code}&state={state}&iss={issuer}"
        response = asker.traveller.come_back(callback)
        assert response.status_code == 400
        assert asker.calls() == 0


def test_a_state_of_this_authorisation_is_refused_in_another_browser(asker):
    asker = asker("quotient_caf")
    callback = asker.traveller.identify(asker.leaves("quotient_familial"), "quotient_caf")
    asker.traveller.client = Client()

    asker.traveller.come_back(callback)

    assert asker.calls() == 0
    assert asker.traveller.user_id is None


def test_a_session_that_ends_during_the_fetch_is_given_nothing(asker, monkeypatch):
    asker = asker("quotient_caf")
    fetch = callback_views.fetch

    def fetch_while_signing_out(*args, **kwargs):
        data = fetch(*args, **kwargs)
        asker.client.session.flush()
        return data

    monkeypatch.setattr(callback_views, "fetch", fetch_while_signing_out)
    url = asker.leaves("quotient_familial")
    response = asker.traveller.come_back(asker.traveller.identify(url, "quotient_caf"))

    assert response.status_code == 400
    assert "735" not in text_of(response)


def test_turning_back_at_franceconnect_leads_back_to_the_page_that_asked(asker):
    asker = asker("quotient_caf")
    callback = asker.traveller.identify(asker.leaves("quotient_familial"), "quotient_caf")

    denied = callback.replace("code=", "error=access_denied&x=")
    response = asker.traveller.come_back(denied)

    assert response["Location"] == PAGE
    assert asker.calls() == 0


def test_a_fetch_raises_neither_the_level_nor_the_proof_of_the_session(asker):
    asker = asker("quotient_caf")
    before = asker.client.session["account_authentication_methods"]

    asker.asks("quotient_familial")

    assert asker.client.session["account_authentication_methods"] == before


# --- What becomes of what came ---


def test_what_came_waits_ten_minutes_and_no_longer(asker):
    asker = asker("quotient_caf")
    asker.asks("quotient_familial")

    with time_machine.travel(time.time() + 598):
        on_time = asker.client.get(RECEIVED)
    with time_machine.travel(time.time() + 602):
        late = asker.client.get(RECEIVED, follow=True)
        too_late = asker.uses()

    assert on_time.status_code == 200
    assert "oublié au bout de dix minutes" in text_of(late)
    assert too_late["Location"] == "/mon-espace/"
    assert waiting.KEY not in asker.client.session


def test_what_was_accepted_is_taken_once_by_the_page_that_asked_alone(asker):
    asker = asker("quotient_caf")
    asker.asks("quotient_familial", next_url=f"{PAGE}?membre=2#quotient")

    undecided = text_of(asker.client.get(f"{PAGE}?membre=2"))
    back = asker.uses()
    another_page = text_of(asker.client.get(f"{PAGE}?membre=3"))
    first = text_of(asker.client.get(f"{PAGE}?membre=2"))
    second = text_of(asker.client.get(f"{PAGE}?membre=2"))

    assert back["Location"] == f"{PAGE}?membre=2#quotient"
    assert "Rien n’a été décidé" in undecided
    assert "Rien n’a été décidé" in another_page
    assert "735" in first
    assert "Rien n’a été décidé" in second


def test_a_choice_is_made_once(asker):
    asker = asker("quotient_caf")
    asker.asks("quotient_familial")

    asker.types()
    again = asker.uses()
    reloaded = asker.client.get(RECEIVED)

    assert again["Location"] == reloaded["Location"] == PAGE
    assert "Saisie à la main" in text_of(asker.client.get(PAGE))


def test_what_waits_is_for_its_own_citizen(asker, stranger):
    asker = asker("quotient_caf")
    asker.asks("quotient_familial")
    session = asker.client.session

    assert waiting.find(session, stranger.pk) is None
    assert waiting.find(session, None) is None
    assert waiting.take(session, user_id=asker.citizen.pk, path=PAGE) is None
    assert waiting.find(session, asker.citizen.pk)


def test_nothing_of_it_is_legible_anywhere(asker, data_api, monkeypatch, caplog):
    """Neither the access token nor a value: log, session, cache, journal, address."""
    caplog.set_level("DEBUG")
    data = {"dss/quotient_familial": {"quotient_familial": {"fournisseur": "MSA", "valeur": 98761}}}
    data_api.put_person(**SOLENE, data=data)
    asker = asker("quotient_caf")
    tokens, exchange_code = [], client.exchange_code
    monkeypatch.setattr(
        client,
        "exchange_code",
        lambda *args: (tokens.append(exchange_code(*args)), tokens[-1])[1],
    )

    page = asker.asks("quotient_familial")
    stored = json.dumps(dict(asker.client.session.items()), ensure_ascii=False)
    kept = repr(list(cache._cache.values()))
    journal = repr(list(JournalEntry.objects.values_list()))

    assert "98\u202f761" in page.content.decode()
    assert len(tokens) == 1
    for secret in (tokens[0].access_token, "98761", "98\u202f761", "TREVENEC"):
        assert secret not in caplog.text
        assert secret not in stored
        assert secret not in kept
        assert secret not in journal
    assert tokens[0].access_token not in page.content.decode()
    assert "98761" not in repr(waiting.find(asker.client.session, asker.citizen.pk))


def test_each_fetch_is_read_in_the_activity_of_the_citizen(asker):
    asker = asker("quotient_caf")
    asker.asks("quotient_familial")

    page = text_of(asker.client.get("/mon-espace/activite/"))

    assert "Donnée demandée à une administration" in page
    assert "La donnée a été reçue, et montrée à vous seul." in page
    assert JournalEntry.objects.filter(kind=JournalKind.DATA_FETCHED, actor=None).count() == 1
