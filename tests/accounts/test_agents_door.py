"""The agents' door: password, second factor, and what an attacker tries on it."""

import json
import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from accounts import agent_door, failed_sign_ins
from accounts.agent_forms import WRONG
from accounts.agent_lockout import DEVICE_COOKIE, Attempt
from accounts.models import JournalEntry, JournalKind, User
from tests.accounts.agents import give_app, make_agent_with, sign_in_agent
from tests.accounts.authenticators import SoftPasskey, totp
from tests.accounts.factories import PASSWORD, make_citizen

LOGIN, CODE, ENROL = "/admin/login/", "/admin/connexion/code/", "/admin/connexion/protection/"
INSIDE = [
    *("/admin/", "/admin/mon-acces/", "/admin/accounts/user/", "/admin/password_change/"),
    *("/admin/accounts/personalspace/", "/admin/mon-acces/codes-de-secours/"),
]


def gives_password(client, email, password=PASSWORD, **extra):
    return client.post(LOGIN, {"username": email, "password": password, **extra})


def enters(client, agent, secret, **extra):
    gives_password(client, agent.email, **extra)
    return client.post(CODE, {"code": totp(secret)})


def is_inside(client) -> bool:
    return client.get("/admin/").status_code == 200


def errors_of(response) -> list:
    return response.context["form"].non_field_errors()


def own_lines(agent, kind):
    return JournalEntry.objects.filter(actor=agent, citizen=None, kind=kind)


@pytest.fixture
def secret(agent):
    return give_app(agent)


def test_an_agent_enters_with_a_password_and_a_code(client, agent, secret):
    page = "/admin/accounts/user/"
    assert gives_password(client, agent.email, next=page)["Location"] == CODE

    assert client.post(CODE, {"code": totp(secret)})["Location"] == page
    assert is_inside(client)
    line = own_lines(agent, JournalKind.SIGNED_IN).get()
    assert line.means == "mot de passe + code"
    assert line.device
    assert line.network


def test_the_password_alone_opens_no_page(client, agent, secret):
    gives_password(client, agent.email)

    for page in INSIDE:
        assert client.get(page)["Location"].startswith(LOGIN), page
    assert client.get(LOGIN)["Location"] == CODE
    assert "_auth_user_id" not in client.session


def test_an_agent_without_a_second_factor_can_only_enrol_or_leave(client, agent):
    assert gives_password(client, agent.email)["Location"] == ENROL

    for page in INSIDE:
        assert client.get(page)["Location"].startswith(LOGIN), page
    assert client.get(CODE)["Location"] == ENROL
    assert client.get(ENROL).status_code == 200
    assert client.post("/admin/connexion/quitter/")["Location"] == LOGIN
    assert client.get(ENROL)["Location"] == LOGIN


def test_a_first_sign_in_enrols_an_app_then_shows_recovery_codes_once(client, agent, mails):
    gives_password(client, agent.email)
    shown = client.get(ENROL).context["app"].secret

    wrong = client.post(ENROL, {"code": "000000"})
    assert wrong.context["app"].errors["code"]
    assert wrong.context["app"].secret == shown
    response = client.post(ENROL, {"code": totp(shown)}, follow=True)

    assert len(response.context["codes"]) == 10
    assert own_lines(agent, JournalKind.SECOND_FACTOR_ON).exists()
    assert mails()[0].to == [agent.email]
    client.post("/admin/mon-acces/codes-de-secours/")
    page = client.get("/admin/mon-acces/codes-de-secours/")
    assert page["Location"] == reverse("admin:agent_access")


def test_the_code_that_enrolled_an_app_does_not_serve_again(client, agent):
    gives_password(client, agent.email)
    secret = client.get(ENROL).context["app"].secret
    client.post(ENROL, {"code": totp(secret)})
    thief = Client()
    gives_password(thief, agent.email)

    thief.post(CODE, {"code": totp(secret)})

    assert not is_inside(thief)


def test_whoever_has_the_password_does_not_enrol_over_the_agents_own_factor(client, agent):
    thief = Client()
    gives_password(thief, agent.email)
    secret = thief.get(ENROL).context["app"].secret
    give_app(agent)

    assert thief.post(ENROL, {"code": totp(secret)})["Location"] == CODE
    assert not is_inside(thief)
    assert Authenticator.objects.filter(user=agent).count() == 1


def test_a_recovery_code_enters_once(client, agent, mails):
    gives_password(client, agent.email)
    secret = client.get(ENROL).context["app"].secret
    codes = client.post(ENROL, {"code": totp(secret)}, follow=True).context["codes"]
    used, again = Client(), Client()

    for browser in (used, again):
        gives_password(browser, agent.email)
        browser.post(CODE, {"code": codes[0]})

    assert is_inside(used)
    assert not is_inside(again)
    assert own_lines(agent, JournalKind.RECOVERY_CODE_USED).count() == 1
    assert any("Il vous en reste 9" in mail.message for mail in mails())


@pytest.fixture
def at_home(settings):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    return Client(HTTP_HOST="localhost")


def test_a_passkey_follows_the_password(at_home, agent):
    passkey = SoftPasskey()
    gives_password(at_home, agent.email)
    options = at_home.get(ENROL).context["js_data"]
    at_home.post(ENROL, {"credential": passkey.create(options)})
    assert is_inside(at_home)
    at_home.post("/admin/connexion/quitter/")

    gives_password(at_home, agent.email)
    options = at_home.get(CODE).context["js_data"]
    at_home.post(CODE, {"credential": passkey.get(options)})

    assert is_inside(at_home)


def test_a_passkey_of_an_agent_opens_nothing_without_the_password(at_home, agent):
    passkey = SoftPasskey()
    gives_password(at_home, agent.email)
    at_home.post(ENROL, {"credential": passkey.create(at_home.get(ENROL).context["js_data"])})
    at_home.post("/admin/connexion/quitter/")
    url = "/connexion/cle-d-acces/"
    options = at_home.get(url, HTTP_ACCEPT="application/json").json()

    at_home.post(url, {"credential": passkey.get(options)})

    assert "_auth_user_id" not in at_home.session


@pytest.mark.parametrize(
    "credential", ["", "{}", "[]", "null", '{"id": 3}', pytest.param("x" * 30_000, id="long")]
)
def test_a_malformed_passkey_is_a_wrong_one(client, agent, secret, credential):
    gives_password(client, agent.email)

    assert client.post(CODE, {"credential": credential}).status_code == 200
    assert not is_inside(client)


# --- The same answer to everybody ---


def test_citizens_unknown_people_blocked_agents_and_wrong_passwords_get_one_answer(client, agent):
    make_citizen("ines@rivemont.example")
    blocked = make_agent_with(email="parti@rivemont.example")
    User.objects.filter(pk=blocked.pk).update(is_active=False)
    tries = [
        ("ines@rivemont.example", PASSWORD),
        ("personne@rivemont.example", PASSWORD),
        (blocked.email, PASSWORD),
        (agent.email, "faux"),
    ]

    for email, password in tries:
        assert errors_of(gives_password(client, email, password)) == [WRONG]
        assert agent_door.PENDING_KEY not in client.session


@pytest.mark.parametrize("email", ["agent@rivemont.example", "personne@rivemont.example"])
def test_a_wrong_password_costs_the_same_whoever_it_is_of(
    client, agent, email, django_assert_num_queries
):
    with django_assert_num_queries(3):  # the session, the look-up, the refused try
        gives_password(client, email, "faux")


def test_a_refused_password_is_journalled_later_with_the_agent_and_no_citizen(client, agent):
    gives_password(client, agent.email, "faux")
    assert not own_lines(agent, JournalKind.SIGN_IN_REFUSED).exists()

    failed_sign_ins.follow_up()

    line = own_lines(agent, JournalKind.SIGN_IN_REFUSED).get()
    assert (line.means, line.code) == ("mot de passe", "wrong_password")


# --- Guessing ---


def test_the_wait_doubles_up_to_an_hour(rf):
    cache.clear()
    waits = []
    with time_machine.travel(time.time(), tick=False) as clock:
        for _ in range(12):
            attempt = Attempt(rf.post(LOGIN), "password", "agent@rivemont.example")
            assert attempt.is_allowed
            waits.append(max(count.wait() for count in attempt.counts))
            clock.shift(max(0, waits[-1]) + 1)

    minutes = [round(wait / 60) for wait in waits[4:]]
    assert all(wait <= 0 for wait in waits[:4])
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize("email", ["agent@rivemont.example", "personne@rivemont.example"])
def test_the_fifth_failure_locks_any_address_typed_whoever_it_is(client, agent, email):
    answers = [errors_of(gives_password(client, email, "faux"))[0] for _ in range(5)]

    locked = errors_of(gives_password(client, email))

    assert answers == [WRONG] * 5
    assert locked == ["Trop d’essais ont échoué. Attendez 1 minute, puis recommencez."]
    assert agent_door.PENDING_KEY not in client.session


def test_hammering_a_locked_account_does_not_lengthen_its_wait(rf):
    for _ in range(50):
        attempt = Attempt(rf.post(LOGIN), "password", "agent@rivemont.example")

    assert not attempt.is_allowed
    assert attempt.minutes_to_wait == 1


def test_one_address_tries_no_thirty_accounts_without_waiting(rf):
    allowed = [
        Attempt(rf.post(LOGIN), "password", f"{n}@rivemont.example").is_allowed for n in range(40)
    ]

    assert allowed.count(True) == 30


def test_a_host_or_a_case_makes_no_new_count(client, agent):
    for port in range(5):
        gives_password(client, agent.email.upper(), "faux")
        client.post(LOGIN, {}, HTTP_HOST=f"127.0.0.1:{8000 + port}")

    assert "Trop d’essais" in errors_of(gives_password(client, agent.email))[0]


def test_an_agent_who_entered_before_in_this_browser_is_not_locked_out_by_others(
    client, agent, secret
):
    enters(client, agent, secret)
    client.post("/admin/connexion/quitter/")
    for _ in range(6):
        gives_password(Client(), agent.email, "faux")

    assert "Trop d’essais" in errors_of(gives_password(Client(), agent.email))[0]
    assert gives_password(client, agent.email)["Location"] == CODE


def test_the_cookie_of_a_known_browser_is_counted_too_and_serves_its_own_account(
    client, agent, secret
):
    enters(client, agent, secret)
    cookie = client.cookies[DEVICE_COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert agent.email not in cookie.value
    thief = Client()
    thief.cookies[DEVICE_COOKIE] = cookie.value

    for _ in range(5):
        gives_password(thief, agent.email, "faux")
        gives_password(thief, "autre@rivemont.example", "faux")

    for email in (agent.email, "autre@rivemont.example"):
        assert "Trop d’essais" in errors_of(gives_password(thief, email))[0]


@pytest.mark.parametrize("value", ["", "x", "a.b:c:d", "é" * 50])
def test_a_forged_device_cookie_is_none(rf, value):
    request = rf.post(LOGIN)
    request.COOKIES[DEVICE_COOKIE] = value

    assert not Attempt(request, "password", "agent@rivemont.example").device


def test_guessing_codes_after_a_stolen_password_is_stopped(client, agent, secret):
    gives_password(client, agent.email)
    for _ in range(5):
        client.post(CODE, {"code": "000000"})

    response = client.post(CODE, {"code": totp(secret)})

    assert "Trop d’essais" in response.context["form"].errors["code"][0]
    assert not is_inside(client)
    assert own_lines(agent, JournalKind.SIGN_IN_REFUSED).count() == 5


def test_starting_again_gives_no_new_tries_of_codes(agent, secret):
    for _ in range(5):
        browser = Client()
        gives_password(browser, agent.email)
        browser.post(CODE, {"code": "000000"})

    browser = Client()
    gives_password(browser, agent.email)
    browser.post(CODE, {"code": totp(secret)})

    assert not is_inside(browser)


# --- Between both steps ---


def test_the_first_step_lasts_ten_minutes(client, agent, secret):
    with time_machine.travel(time.time(), tick=False) as clock:
        gives_password(client, agent.email)
        clock.shift(601)
        assert client.post(CODE, {"code": totp(secret)})["Location"] == LOGIN
        assert not is_inside(client)


@pytest.mark.parametrize("change", ["password", "blocked", "citizen", "epoch"])
def test_what_changed_since_the_password_stops_the_second_step(client, agent, secret, change):
    gives_password(client, agent.email)
    if change == "password":
        agent.set_password("un autre mot de passe")
        agent.save()
    elif change == "epoch":
        agent.end_sessions()
    else:
        fields = {"is_active": False} if change == "blocked" else {"is_staff": False}
        User.objects.filter(pk=agent.pk).update(is_superuser=False, **fields)

    assert client.post(CODE, {"code": totp(secret)})["Location"] == LOGIN
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "url", ["https://ailleurs.example/admin/", "//ailleurs.example", "/mon-espace/", "/admin/\n//x"]
)
def test_the_door_leads_nowhere_but_into_the_admin(client, agent, secret, url):
    gives_password(client, agent.email, next=url)

    assert client.post(CODE, {"code": totp(secret)})["Location"] == "/admin/"


def test_the_session_key_changes_at_both_steps(client, agent, secret):
    client.get(LOGIN)
    client.session.save()
    gives_password(client, agent.email)
    pending = client.session.session_key
    client.post(CODE, {"code": totp(secret)})

    assert client.session.session_key != pending


def test_what_a_citizen_was_doing_in_this_browser_ends_at_the_door(client, agent, citizen, secret):
    client.force_login(citizen)
    client.get("/mon-espace/")

    enters(client, agent, secret)

    assert is_inside(client)
    assert citizen.journal.filter(kind=JournalKind.SIGNED_OUT).exists()


# --- Sessions that did not come through the door ---


@pytest.mark.parametrize(
    "backend",
    [
        "accounts.backends.CredentialsBackend",
        "franceconnect.backends.FranceConnectBackend",
        agent_door.BACKEND,
    ],
)
def test_a_session_that_did_not_pass_the_door_opens_nothing(client, agent, backend):
    client.force_login(agent, backend=backend)

    for page in INSIDE:
        assert client.get(page).status_code == 302, page


def test_the_marker_of_one_agent_is_none_of_another(client, agent):
    other = make_agent_with(email="autre@rivemont.example")
    sign_in_agent(client, agent)
    session = client.session
    session[agent_door.PASSED_KEY] = other.pk
    session.save()

    assert not is_inside(client)


def test_a_session_of_an_agent_opens_no_personal_space(client, agent):
    sign_in_agent(client, agent)
    citizen = make_citizen("ines@rivemont.example")
    User.objects.filter(pk=citizen.pk).update(is_staff=True)
    promoted = sign_in_agent(Client(), User.objects.get(pk=citizen.pk))

    for browser in (client, promoted):
        assert browser.get("/mon-espace/").status_code == 403
        assert browser.get("/mon-espace/identifiants/").status_code == 403


def test_a_page_of_the_admin_leads_to_the_agents_door_and_no_other(client, db):
    for page in INSIDE:
        response = client.get(page)
        assert response["Location"] == f"{LOGIN}?next={page}", page


def test_the_door_shows_nothing_of_the_admin(client, agent):
    gives_password(client, agent.email)
    page = client.get(ENROL)

    assert page.context["available_apps"] == []
    assert escape(agent.email) not in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert json.dumps(page.context["totp_url"]).count("secret=") == 1
