"""The counter's code, on the agents' side: who may hand it over, to whom, in front of whom."""

import re
from urllib.parse import unquote

import pytest
from django.conf import settings as portal_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import counter
from accounts.admin.counter import drawing_of
from accounts.models import CounterCode, CounterCodeRequest, JournalKind, User
from tests.accounts.agents import make_agent_with, sign_in_agent
from tests.accounts.factories import make_citizen

RIGHTS = ("accounts.view_personalspace", counter.PERMISSION)
QUEUE = reverse("admin:accounts_countercoderequest_changelist")
SEEN = {"document": "passport", "is_face": "on", "is_name": "on", "action": "give"}
ASK = SEEN | {"action": "ask"}


def url_of(space):
    return reverse("admin:accounts_personalspace_give_code", args=[space.pk])


def cancel_of(space):
    return reverse("admin:accounts_personalspace_cancel_code", args=[space.pk])


@pytest.fixture
def first(db):
    return sign_in_agent(Client(), make_agent_with(*RIGHTS, email="premier@rivemont.example"))


@pytest.fixture
def second(db):
    return sign_in_agent(Client(), make_agent_with(*RIGHTS, email="second@rivemont.example"))


@pytest.fixture
def protected(citizen):
    citizen.wants_email_code = True
    citizen.save()
    return citizen


@pytest.mark.parametrize("right", RIGHTS)
def test_nobody_without_both_rights_gives_a_code(client, citizen, stranger, right):
    pages = [url_of(citizen.space), cancel_of(citizen.space), QUEUE]

    for page in pages:
        for method in (client.get, client.post):
            assert method(page, SEEN).status_code == 302  # to the agents' door
    client.force_login(stranger)
    assert client.post(url_of(citizen.space), SEEN).status_code == 302
    sign_in_agent(client, make_agent_with(right))
    for page in pages:
        for method in (client.get, client.post):
            assert method(page, SEEN).status_code == 403

    assert not CounterCode.objects.exists()


def test_who_may_only_look_sees_no_way_to_give_a_code(client, citizen):
    sign_in_agent(client, make_agent_with("accounts.view_personalspace"))
    change = reverse("admin:accounts_personalspace_change", args=[citizen.space.pk])

    assert url_of(citizen.space) not in client.get(change).content.decode()
    assert QUEUE not in client.get("/admin/").content.decode()


def test_an_agent_with_the_right_sees_the_code_once(first, citizen):
    change = reverse("admin:accounts_personalspace_change", args=[citizen.space.pk])
    page = url_of(citizen.space)

    assert page in first.get(change).content.decode()
    assert first.get(page).status_code == 200
    assert not CounterCode.objects.exists()  # a GET changes nothing
    response = first.post(page, SEEN)

    code = response.context["code"]
    assert code in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert counter.find_code(code).given_by.email == "premier@rivemont.example"
    assert code not in first.get(page).content.decode()
    given = citizen.journal.get(kind=JournalKind.COUNTER_CODE_GIVEN)
    assert (given.means, given.capacity) == ("passeport", "administration")
    assert citizen.journal.filter(kind=JournalKind.FILE_OPENED).count() == 1


def test_the_drawing_holds_the_address_and_never_the_code(first, citizen):
    """What a telephone scans, it keeps: the code is typed."""
    response = first.post(url_of(citizen.space), SEEN)

    address = portal_settings.BASE_URL + "/code-mairie/"
    assert response.context["url"] == address
    assert response.context["drawing"] == drawing_of(address)
    body = response.content.decode()
    links = re.findall(r'(?:href|src|action)="([^"]*)"', body)
    assert not [link for link in links if response.context["code"] in unquote(link)]
    assert " style=" not in body
    assert "style=" not in unquote(response.context["drawing"])


@pytest.mark.parametrize("missing", ["document", "is_face", "is_name"])
def test_without_what_was_seen_and_compared_there_is_no_code(first, citizen, missing):
    response = first.post(url_of(citizen.space), {k: v for k, v in SEEN.items() if k != missing})

    assert response.context["form"].errors[missing]
    assert response.status_code == 200
    assert not CounterCode.objects.exists()


def test_an_unknown_document_is_no_document(first, citizen):
    response = first.post(url_of(citizen.space), SEEN | {"document": "library_card"})

    assert response.context["form"].errors["document"]


@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_active": False}])
def test_no_code_is_given_for_an_agents_space_or_a_blocked_one(first, citizen, fields):
    User.objects.filter(pk=citizen.pk).update(**fields)

    page = first.get(url_of(citizen.space)).content.decode()
    response = first.post(url_of(citizen.space), SEEN)

    assert "Créer le code" not in page
    assert "Rien n’a été créé" in response.content.decode()
    assert not CounterCode.objects.exists()


def test_a_space_that_does_not_exist_is_not_found(first):
    address = reverse("admin:accounts_personalspace_give_code", args=[999])

    assert first.get(address).status_code == 404


# --- Two agents ---


def test_a_strongly_protected_space_takes_two_agents(first, second, protected):
    page = url_of(protected.space)

    assert "Demander un second agent" in first.get(page).content.decode()
    asked = first.post(page, ASK, follow=True).content.decode()
    assert "Vous avez demandé un code" in asked
    assert "Créer le code" not in asked
    queue = second.get(QUEUE).content.decode()
    assert page in queue
    assert protected.space.reference in queue
    confirming = second.get(page).content.decode()
    assert "Vous êtes le second" in confirming
    response = second.post(page, SEEN)

    assert counter.find_code(response.context["code"]) is not None
    assert page not in second.get(QUEUE).content.decode()


def test_who_asked_cannot_confirm_by_a_forged_post(first, protected):
    page = url_of(protected.space)
    for form in (SEEN, ASK, SEEN, ASK):
        response = first.post(page, form)

    assert "Rien n’a été créé" in response.content.decode()
    assert CounterCodeRequest.objects.count() == 1
    assert not CounterCode.objects.exists()


def test_the_second_agent_says_what_they_saw_too(first, second, protected):
    first.post(url_of(protected.space), ASK)

    second.post(url_of(protected.space), {"action": "give"})

    assert not CounterCode.objects.exists()


def test_an_agent_cancels_what_waits(first, second, protected):
    first.post(url_of(protected.space), ASK)

    assert second.get(cancel_of(protected.space)).status_code == 302
    assert CounterCodeRequest.objects.exists()  # a GET changes nothing
    second.post(cancel_of(protected.space))

    assert not CounterCodeRequest.objects.exists()
    line = protected.journal.filter(code=counter.CANCELLED).get()
    assert line.actor.email == "second@rivemont.example"


def test_each_page_asks_the_database_a_bounded_number_of_times(first, protected):
    def count(page):
        with CaptureQueriesContext(connection) as queries:
            assert first.get(page).status_code == 200
        return len(queries)

    for page in (QUEUE, url_of(protected.space)):
        count(page)
    first.post(url_of(protected.space), ASK)
    before = [count(QUEUE), count(url_of(protected.space))]
    asker = CounterCodeRequest.objects.get().asked_by
    for number in range(5):
        neighbour = make_citizen(f"voisin{number}@rivemont.example")
        counter.ask_code(neighbour.space, agent=asker, document="passport")

    assert [count(QUEUE), count(url_of(protected.space))] == before
    assert max(before) <= 20


# --- The citizen, who sees it and can end it ---


def test_the_owner_reads_that_a_code_was_given_and_ends_it(client, citizen, agent):
    code = counter.give_code(citizen.space, agent=agent, document="passport")
    client.force_login(citizen)

    page = client.get("/mon-espace/identifiants/").content.decode()
    assert "Un code d’accès a été remis en mairie le" in page
    assert agent.email not in page
    assert client.get(reverse("accounts:counter_cancel"))["Location"] == "/mon-espace/identifiants/"
    assert counter.find_code(code) is not None
    answer = client.post(reverse("accounts:counter_cancel"), follow=True).content.decode()

    assert "Le code d’accès est annulé" in answer
    assert "remis en mairie le" not in answer
    assert counter.find_code(code) is None
    assert "Ce code a été annulé" in client.get("/mon-espace/activite/").content.decode()


def test_the_owner_reads_that_a_code_was_asked_for(client, protected, agent):
    counter.ask_code(protected.space, agent=agent, document="passport")
    client.force_login(protected)

    page = client.get("/mon-espace/identifiants/").content.decode()
    assert "Un code d’accès a été demandé en mairie le" in page
    client.post(reverse("accounts:counter_cancel"))

    assert not CounterCodeRequest.objects.exists()


def test_nobody_ends_the_code_of_somebody_else(client, citizen, stranger, agent):
    code = counter.give_code(citizen.space, agent=agent, document="passport")
    client.force_login(stranger)
    answer = client.post(reverse("accounts:counter_cancel"), follow=True).content.decode()

    assert "il n’y a rien à annuler" in answer
    assert counter.find_code(code) is not None
