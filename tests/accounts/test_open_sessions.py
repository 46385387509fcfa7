"""The list of one's sessions: each way in is there, and what is closed is dead at once."""

import re
import time
from importlib import import_module

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.auth import update_session_auth_hash
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import open_sessions
from accounts.models import JournalKind, User
from accounts.open_sessions import SessionEnd
from accounts.session_store import SessionStore
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import PASSWORD
from tests.accounts.test_devices import CHROME, FIREFOX
from tests.accounts.test_sign_up import code_in, sign_up
from tests.accounts.test_space import prove_again, sign_in
from tests.franceconnect.fixtures import Traveller

PAGE = "/mon-espace/identifiants/sessions/"
END = f"{PAGE}fermer/"
END_OTHERS = f"{PAGE}fermer-les-autres/"


@pytest.fixture
def laptop(citizen):
    """Ines at her computer."""
    client = Client(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="90.45.12.201")
    sign_in(client, citizen)
    return client


@pytest.fixture
def phone(citizen):
    """Ines with her telephone."""
    client = Client(HTTP_USER_AGENT=CHROME, REMOTE_ADDR="2a01:cb08:8d2:5c00::17")
    sign_in(client, citizen)
    return client


def is_in(client):
    return client.get("/mon-espace/").status_code == 200


def sessions_of(client):
    return client.get(PAGE).context["sessions"]


def handle_of(client):
    return open_sessions.handle_of(client.session.session_key)


def codes_of(citizen, kind=JournalKind.SESSIONS_ENDED):
    return list(citizen.journal.filter(kind=kind).values_list("code", flat=True))


# --- What the list says ---


def test_each_session_says_from_where_how_and_when(laptop, phone):
    here, there = sessions_of(laptop)

    assert (here.device, here.network, here.means) == (
        "Firefox sur Windows",
        "réseau 90.45.12.…",
        "mot de passe",
    )
    assert here.is_current
    assert (there.device, there.network) == ("Chrome sur Android", "réseau 2a01:cb08:8d2:…")
    assert not there.is_current


def test_no_whole_address_and_no_header_is_kept(laptop, phone):
    kept = str(list(UserSession.objects.values()))

    assert "90.45.12.201" not in kept
    assert "5c00" not in kept
    assert "Mozilla" not in kept


def test_no_session_key_is_in_the_page(laptop, phone):
    text = laptop.get(PAGE).content.decode()

    assert laptop.session.session_key not in text
    assert phone.session.session_key not in text


def test_franceconnect_opens_a_session_like_any_other(traveller, link_of, citizen):
    link_of(citizen)
    traveller.go()

    (session,) = sessions_of(traveller.client)
    assert session.means == "FranceConnect"
    row = UserSession.objects.get()
    assert row.session_key == traveller.client.session.session_key
    assert set(row.data) == {"means", "proof"}
    assert "id_token" not in traveller.client.get(PAGE).content.decode()


def test_a_sign_up_is_in_the_list(client, db, mails):
    sign_up(client)
    client.post("/verification-adresse/", {"code": code_in(mails()[-1])})

    assert len(sessions_of(client)) == 1


def test_a_visitor_and_an_agent_have_no_row(client, agent, db):
    client.get("/")
    sign_in_agent(client, agent)
    client.get("/admin/")

    assert not UserSession.objects.exists()


def test_a_new_session_key_keeps_its_row(laptop, citizen):
    opened = UserSession.objects.get().created_at
    before = laptop.session.session_key
    laptop.post(
        "/mon-espace/identifiants/mot-de-passe/",
        {"oldpassword": PASSWORD, "password1": "une toute autre phrase"},
    )

    row = UserSession.objects.get()
    assert laptop.session.session_key != before
    assert row.session_key == laptop.session.session_key
    assert abs((row.created_at - opened).total_seconds()) < 1
    assert len(sessions_of(laptop)) == 1


def test_a_new_password_leaves_this_session_alone_in_the_list(laptop, phone, citizen):
    laptop.post(
        "/mon-espace/identifiants/mot-de-passe/",
        {"oldpassword": PASSWORD, "password1": "une toute autre phrase"},
    )

    assert [session.is_current for session in sessions_of(laptop)] == [True]
    assert not is_in(phone)


# --- What closing does ---


def test_one_session_is_closed_from_another(laptop, phone, citizen):
    response = laptop.post(END, {"session": handle_of(phone)}, follow=True)

    assert "La session est fermée." in response.content.decode()
    assert not is_in(phone)
    assert is_in(laptop)
    assert len(sessions_of(laptop)) == 1
    assert codes_of(citizen) == [SessionEnd.REMOTE]
    assert SessionEnd.REMOTE.label in laptop.get("/mon-espace/activite/").content.decode()


def test_all_the_others_are_closed_after_a_confirmation(laptop, phone, citizen):
    third = Client()
    sign_in(third, citizen)
    assert "Chrome sur Android" in laptop.get(END_OTHERS).content.decode()
    assert is_in(phone)

    response = laptop.post(END_OTHERS)

    assert response["Location"] == PAGE
    assert is_in(laptop)
    assert not is_in(phone)
    assert not is_in(third)
    assert (
        UserSession.objects.count()
        == Session.objects.filter(session_key=laptop.session.session_key).count()
    )
    assert codes_of(citizen) == [SessionEnd.OTHERS]


def test_closing_twice_says_that_it_was_closed(laptop, phone, citizen):
    laptop.post(END, {"session": handle_of(phone)})

    response = laptop.post(END, {"session": handle_of(phone)}, follow=True)
    others = laptop.post(END_OTHERS, follow=True)

    assert "était déjà fermée" in response.content.decode()
    assert "Aucune autre session" in others.content.decode()
    assert len(codes_of(citizen)) == 1


@pytest.mark.parametrize("handle", ["", "x", "é", "0" * 5000])
def test_a_handle_that_is_none_closes_nothing(laptop, phone, handle):
    assert laptop.post(END, {"session": handle}).status_code == 302
    assert is_in(phone)


def test_nobody_closes_the_session_of_another(laptop, stranger):
    other = Client()
    sign_in(other, stranger)

    other.post(END, {"session": handle_of(laptop)})
    other.post(END_OTHERS)

    assert is_in(laptop)
    assert "Firefox" not in other.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "path", [END, END_OTHERS, "/mon-espace/session/prolonger/", "/mon-espace/session/fin/"]
)
def test_only_a_post_of_this_site_by_somebody_signed_in_acts(citizen, agent, path):
    visitor, staff, forged = Client(), Client(), Client(enforce_csrf_checks=True)
    sign_in_agent(staff, agent)
    forged.force_login(citizen)

    assert visitor.post(path)["Location"].startswith("/connexion/")
    assert forged.post(path).status_code == 403
    if path != "/mon-espace/session/fin/":
        assert staff.post(path).status_code == 403
    if path != END_OTHERS:
        # Whoever signs in again after such a button comes by a GET: to a page, never to nothing.
        assert forged.get(path)["Location"].startswith("/mon-espace/")
        assert is_in(forged)


def test_a_button_pressed_too_late_leads_back_to_its_page(client, citizen):
    login_url = client.post(END, {"session": "any"})["Location"]

    response = client.post(login_url, {"login": citizen.email, "password": PASSWORD}, follow=True)

    assert response.status_code == 200
    assert response.request["PATH_INFO"] == PAGE


def test_signing_out_takes_the_row_away_and_is_journalled(laptop, citizen):
    laptop.post("/deconnexion/")

    assert not UserSession.objects.exists()
    assert citizen.journal.first().kind == JournalKind.SIGNED_OUT


def test_the_end_of_every_session_takes_the_rows_too(laptop, phone, citizen):
    citizen.end_sessions()

    assert not UserSession.objects.exists()
    assert not Session.objects.exists()
    assert not is_in(laptop)
    assert not is_in(phone)


def test_whoever_ends_every_session_may_keep_their_own(laptop, phone, citizen, rf):
    request = rf.get("/")
    request.session, request.user = laptop.session, citizen
    request.session.load()
    list(request.session.items())

    citizen.end_sessions()
    update_session_auth_hash(request, citizen)
    request.session.save()
    laptop.cookies["espace_session"] = request.session.session_key

    assert is_in(laptop)
    assert not is_in(phone)
    assert [session.is_current for session in sessions_of(laptop)] == [True]


def test_a_session_without_its_row_is_over_within_a_minute(laptop):
    UserSession.objects.all().delete()

    with time_machine.travel(time.time() + 61):
        laptop.get("/mon-espace/")

        assert not is_in(laptop)


def test_a_session_ended_stays_so_whatever_a_late_request_writes_in_the_cache(db, settings):
    settings.SESSION_ENGINE = "accounts.session_store"
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store["name"] = "Ines"
    store.save()
    late = SessionStore(store.session_key)
    data = late.load()

    SessionStore(store.session_key).delete()
    late._cache.set(late.cache_key, data)

    assert SessionStore(store.session_key).load() == {}


def test_a_cached_session_is_closed_like_any_other(settings, citizen):
    settings.SESSION_ENGINE = "accounts.session_store"
    laptop, phone = Client(), Client()
    sign_in(laptop, citizen)
    sign_in(phone, citizen)

    laptop.post(END_OTHERS)

    assert is_in(laptop)
    assert not is_in(phone)


# --- What it costs, and what is forgotten ---


def test_the_list_costs_the_same_however_long_it_is(laptop, citizen):
    for _ in range(5):
        sign_in(Client(), citizen)
    laptop.get(PAGE)

    with CaptureQueriesContext(connection) as queries:
        assert len(sessions_of(laptop)) == 6

    # The session, the person, the list.
    assert len(queries) == 3, [query["sql"] for query in queries]


def test_a_visit_is_written_once_a_minute(laptop):
    seen = UserSession.objects.get().last_seen_at
    laptop.get("/mon-espace/")
    assert UserSession.objects.get().last_seen_at == seen

    with time_machine.travel(time.time() + 61), CaptureQueriesContext(connection) as queries:
        laptop.get("/mon-espace/")

    writes = [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]
    assert len(writes) == 2, writes
    assert UserSession.objects.get().last_seen_at > seen


def test_a_network_that_changes_is_shown(laptop):
    with time_machine.travel(time.time() + 61):
        laptop.get("/mon-espace/", REMOTE_ADDR="109.12.33.7")

        assert sessions_of(laptop)[0].network == "réseau 109.12.33.…"


def test_what_is_over_is_not_shown_then_goes(laptop, phone, citizen):
    with time_machine.travel(time.time() + 1000):
        laptop.get("/mon-espace/")
    with time_machine.travel(time.time() + 2000):
        assert len(sessions_of(laptop)) == 1
        assert UserSession.objects.count() == 2

        assert open_sessions.end_dead_sessions() == 1

        assert UserSession.objects.count() == Session.objects.count() == 1
    assert codes_of(citizen) == [SessionEnd.IDLE]


def test_a_row_without_session_goes(laptop, phone):
    phone.session.delete()

    assert len(sessions_of(laptop)) == 1
    assert open_sessions.end_dead_sessions() == 1
    assert UserSession.objects.count() == 1


def test_the_credentials_page_counts_them(laptop, phone):
    prove_again(laptop)
    text = re.sub(r"\s+", " ", laptop.get("/mon-espace/identifiants/").content.decode())

    assert "ouvert sur 2 appareils" in text


def test_a_blocked_or_deleted_person_leaves_no_row(laptop, citizen):
    User.objects.get(pk=citizen.pk).delete()

    assert not UserSession.objects.exists()
    assert laptop.get("/mon-espace/").status_code == 302


def test_two_ways_in_of_one_person_are_two_sessions(traveller, link_of, citizen, simulator):
    link_of(citizen)
    traveller.go()
    other = Traveller(simulator)
    sign_in(other.client, citizen)

    assert [session.means for session in sessions_of(other.client)] == [
        "mot de passe",
        "FranceConnect",
    ]
