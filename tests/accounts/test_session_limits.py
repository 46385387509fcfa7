"""Thirty minutes without a request, four hours in all: the server ends the session by itself."""

import time

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.conf import settings as portal_settings
from django.test import Client
from django.utils import timezone

from accounts.models import JournalKind, PersonalSpace
from accounts.open_sessions import SessionEnd
from tests.accounts.agents import sign_in_agent
from tests.accounts.test_space import sign_in

EXTEND = "/mon-espace/session/prolonger/"
OVER = "/mon-espace/session/fin/"
MINUTE = 60


@pytest.fixture
def owner(client, citizen):
    sign_in(client, citizen)
    return client


def is_in(client):
    return client.get("/mon-espace/").status_code == 200


def after(minutes):
    return time_machine.travel(time.time() + minutes * MINUTE)


def ends_of(citizen):
    kind = JournalKind.SESSIONS_ENDED
    return list(citizen.journal.filter(kind=kind).values_list("code", flat=True))


def test_a_session_left_for_thirty_minutes_goes_on(owner):
    with after(29.9):
        assert is_in(owner)


def test_a_session_left_for_thirty_one_minutes_is_over(owner, citizen):
    with after(31):
        response = owner.get("/mon-espace/", follow=True)

        assert response.redirect_chain == [("/connexion/?next=/mon-espace/", 302)]
        assert "faute d’activité" in response.content.decode()
        assert "PERRER" not in response.content.decode()
    assert ends_of(citizen) == [SessionEnd.IDLE]
    assert citizen.journal.first().network == "réseau local"
    assert not UserSession.objects.exists()


def test_the_time_counts_from_the_last_request(owner):
    start = time.time()
    for minutes in range(0, 230, 29):
        with time_machine.travel(start + minutes * MINUTE):
            assert is_in(owner), minutes


def test_nobody_is_put_out_early_because_a_visit_was_not_written(owner):
    """The last visit is written once a minute: this one, 59 seconds later, is not."""
    start = time.time()
    with time_machine.travel(start + 59):
        assert is_in(owner)
    with time_machine.travel(start + 59 + 30 * MINUTE - 1):
        assert is_in(owner)


def test_four_hours_are_the_end_however_busy(owner, citizen):
    start = time.time()
    for minutes in range(0, 240, 20):
        with time_machine.travel(start + minutes * MINUTE):
            assert is_in(owner)

    with time_machine.travel(start + portal_settings.SESSION_COOKIE_AGE):
        response = owner.get("/mon-espace/", follow=True)

    assert "elle a duré le temps maximal" in response.content.decode()
    assert ends_of(citizen) == [SessionEnd.EXPIRED]


def test_a_new_key_gives_no_new_time(owner, citizen):
    start = time.time()
    with time_machine.travel(start + 20 * MINUTE):
        session = owner.session
        session.cycle_key()
        session.save()
        owner.cookies["espace_session"] = session.session_key
        assert is_in(owner)

    assert abs(owner.session["accounts_open_session"]["opened"] - start) < 5


def test_an_open_page_of_everybody_says_that_the_session_is_over(owner):
    with after(31):
        response = owner.get("/")

    assert "faute d’activité" in response.content.decode()
    assert "Se connecter" in response.content.decode()


def test_the_next_person_finds_nothing_of_the_session_that_is_over(owner, stranger):
    with after(31):
        owner.get("/")
        sign_in(owner, stranger)

        assert "PERRER" not in owner.get("/mon-espace/").content.decode()


def test_an_agents_session_has_its_own_rules(client, agent):
    sign_in_agent(client, agent)
    client.get("/admin/")

    with after(14):
        assert client.get("/admin/").status_code == 200
    with after(31):
        response = client.get("/admin/")
    assert response["Location"] == "/admin/login/?next=/admin/"


def test_an_agents_session_lasts_ten_hours_at_most(client, agent):
    start = time.time()
    sign_in_agent(client, agent)
    for minutes in range(10, 600, 10):
        with time_machine.travel(start + minutes * MINUTE):
            assert client.get("/admin/jsi18n/").status_code == 200
    with time_machine.travel(start + 601 * MINUTE):
        assert client.get("/admin/").status_code == 302


def test_staying_is_a_visit(owner):
    start = time.time()
    with time_machine.travel(start + 29 * MINUTE):
        response = owner.post(EXTEND)
    with time_machine.travel(start + 58 * MINUTE):
        assert is_in(owner)

    assert response.json() == {"seconds": 30 * MINUTE}


def test_staying_goes_no_further_than_the_absolute_limit(owner):
    start = time.time()
    for minutes in range(20, 240, 20):
        with time_machine.travel(start + minutes * MINUTE):
            seconds = owner.post(EXTEND).json()["seconds"]

    assert 19 * MINUTE < seconds <= 20 * MINUTE


def test_staying_is_too_late_once_the_session_is_over(owner):
    with after(31):
        assert owner.post(EXTEND)["Location"].startswith("/connexion/")


def test_a_page_whose_time_is_up_ends_the_session(owner, citizen):
    with after(30):
        response = owner.post(OVER, {"_page": "/mon-espace/profil/"}, follow=True)

        assert response.redirect_chain == [("/connexion/?next=/mon-espace/profil/", 302)]
        assert "faute d’activité" in response.content.decode()
    assert ends_of(citizen) == [SessionEnd.IDLE]
    assert not UserSession.objects.exists()


def test_a_page_left_open_does_not_end_a_session_in_use_in_another_tab(owner, citizen):
    with after(20):
        owner.get("/mon-espace/")
        response = owner.post(OVER, {"_page": "/mon-espace/profil/"})

        assert response["Location"] == "/mon-espace/profil/"
        assert is_in(owner)
    assert ends_of(citizen) == []


@pytest.mark.parametrize("page", ["https://pirate.example/", "//pirate.example", "", "x"])
def test_the_end_of_a_session_leads_nowhere_else(owner, page):
    with after(31):
        location = owner.post(OVER, {"_page": page})["Location"]

    assert location == "/connexion/?next=/mon-espace/"


def test_every_page_of_a_citizen_knows_how_long_it_lasts(owner, agent):
    text = owner.get("/mon-espace/").content.decode()
    staff = Client()
    sign_in_agent(staff, agent)

    assert 'data-seconds="1800"' in text
    assert owner.session.session_key not in text
    assert "fin-de-session" not in Client().get("/").content.decode()
    assert "fin-de-session" not in staff.get("/").content.decode()


def test_the_warning_promises_only_what_is_kept(owner):
    assert "sera gardé une heure" in owner.get("/mon-espace/profil/modifier/").content.decode()
    assert "sera gardé une heure" not in owner.get("/mon-espace/").content.decode()


def test_the_last_half_hour_cannot_be_prolonged_and_the_page_says_so(owner):
    start = time.time()
    for minutes in range(0, 240, 20):
        with time_machine.travel(start + minutes * MINUTE):
            text = owner.get("/mon-espace/").content.decode()

    assert "Elle a duré le temps maximal" in text
    assert "Rester connecté" not in text


def test_whoever_decides_about_a_deletion_may_take_their_time(owner, citizen):
    PersonalSpace.objects.update(deletion_asked_at=timezone.now())

    assert owner.post(EXTEND).json() == {"seconds": 30 * MINUTE}
