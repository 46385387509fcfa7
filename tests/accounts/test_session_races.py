"""Two requests of one person at the moment a session ends: nothing crashes, nothing is lost."""

import time
from collections import Counter

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import open_sessions
from accounts.models import JournalKind, TypedForm
from tests.accounts.factories import make_citizen
from tests.accounts.test_space import CHANGES, sign_in
from tests.accounts.test_typed import hidden_of, next_of, shown_in
from tests.franceconnect.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/mon-espace/profil/modifier/"
END = "/mon-espace/identifiants/sessions/fermer/"
END_OTHERS = "/mon-espace/identifiants/sessions/fermer-les-autres/"


@pytest.fixture
def ines():
    return make_citizen()


def signed_in(citizen):
    client = Client()
    sign_in(client, citizen)
    return client


def tab_of(client):
    tab = Client()
    tab.cookies.load({name: morsel.value for name, morsel in client.cookies.items()})
    return tab


def ends_of(citizen):
    return citizen.journal.filter(kind=JournalKind.SESSIONS_ENDED).count()


def test_two_tabs_at_the_limit_keep_both_forms_and_end_once(ines):
    client = signed_in(ines)
    hidden = hidden_of(client.get(PAGE))
    first, second = tab_of(client), tab_of(client)

    with time_machine.travel(time.time() + 31 * 60):
        answers = at_once(
            lambda: first.post(PAGE, CHANGES | hidden | {"street": "1 rue Haute"}),
            lambda: second.post(PAGE, CHANGES | hidden | {"street": "2 rue Basse"}),
        )
        sign_in(client, ines)
        streets = {shown_in(client, next_of(answer))["street"] for answer in answers}

    assert streets == {"1 rue Haute", "2 rue Basse"}
    assert TypedForm.objects.count() == 2
    assert ends_of(ines) == 1


def test_two_sessions_that_end_each_other_leave_one(ines):
    first, second = signed_in(ines), signed_in(ines)

    answers = at_once(
        lambda: first.post(END_OTHERS),
        lambda: second.post(END_OTHERS),
    )

    alive = [client.get("/mon-espace/").status_code for client in (first, second)]
    assert Counter(alive) == {200: 1, 302: 1}, answers
    assert UserSession.objects.count() == ends_of(ines) == 1
    assert {getattr(answer, "status_code", answer) for answer in answers} <= {302, 400}


def test_a_visit_while_the_session_is_ended_never_brings_it_back(ines):
    laptop, phone = signed_in(ines), signed_in(ines)
    handle = open_sessions.handle_of(phone.session.session_key)

    with time_machine.travel(time.time() + 61):
        at_once(
            lambda: phone.get("/mon-espace/"),
            lambda: laptop.post(END, {"session": handle}),
        )

        assert phone.get("/mon-espace/").status_code == 302
        assert laptop.get("/mon-espace/").status_code == 200
    assert UserSession.objects.count() == 1


def test_the_worker_and_a_browser_end_a_session_once(ines):
    client = signed_in(ines)
    session_key = client.session.session_key

    with time_machine.travel(time.time() + 31 * 60):
        at_once(
            lambda: client.get("/mon-espace/"),
            open_sessions.end_dead_sessions,
            open_sessions.end_dead_sessions,
        )

    assert not UserSession.objects.exists()
    assert not Session.objects.filter(session_key=session_key).exists()
    assert ends_of(ines) == 1
