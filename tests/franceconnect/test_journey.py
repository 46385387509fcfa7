"""Limits, alerts, and what a refusal leaves behind."""

import logging
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from accounts.models import JournalEntry, JournalKind, Provenance, User
from franceconnect import callback_views, conf, journey, linking, outage
from franceconnect.models import EndCause, Link
from tests.franceconnect.test_callback import changed

CALLBACK = reverse("franceconnect:callback")


# --- Limits ---


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "une seconde"),
        (45, "45 secondes"),
        (60, "une minute"),
        (90, "90 secondes"),
        (300, "5 minutes"),
        (3600, "une heure"),
        (7200, "2 heures"),
        (86400, "un jour"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds, words):
    assert journey.in_words(seconds) == words


@pytest.mark.parametrize(
    ("limit", "rate", "words", "seconds"),
    [
        ("rate_limit", "1/h", "une heure", "3600"),
        ("session_rate_limit", "1/5m", "5 minutes", "300"),
    ],
)
def test_the_page_of_a_limit_says_when_to_try_again(
    client, citizen, simulator, settings, limit, rate, words, seconds
):
    client.force_login(citizen)
    settings.FRANCECONNECT = settings.FRANCECONNECT | {limit: rate}
    client.post(reverse("franceconnect:start"))

    response = client.post(reverse("franceconnect:start"))

    assert response.status_code == 429
    assert response["Retry-After"] == seconds
    assert f"Attendez {words}" in response.content.decode()


def test_one_browser_at_its_limit_stops_nobody_at_the_same_counter(
    client, citizen, stranger, simulator, settings
):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"session_rate_limit": "1/m"}
    client.force_login(citizen)
    client.post(reverse("franceconnect:start"))
    assert client.post(reverse("franceconnect:start")).status_code == 429

    client.force_login(stranger)

    assert client.post(reverse("franceconnect:start")).status_code == 302


# --- Alerts ---


@pytest.fixture
def operators(settings):
    settings.ALERT_EMAIL = "exploitation@rivemont.example"


@pytest.mark.parametrize("error", sorted(callback_views.OUR_ERRORS))
def test_a_misconfiguration_is_told_to_operators_once_an_hour(
    traveller, operators, mails, caplog, error
):
    for _ in range(2):
        callback = traveller.identify(traveller.leave())
        traveller.come_back(changed(callback, code=None, error=error))

    assert [mail.to for mail in mails()] == [["exploitation@rivemont.example"]]
    assert error in mails()[0].message
    assert JournalEntry.objects.last().reference in mails()[0].message
    errors = [line for line in caplog.records if line.name == "franceconnect.journey"]
    assert {line.levelno for line in errors} == {logging.ERROR}


def test_a_refused_secret_is_told_to_operators(traveller, operators, mails):
    callback = traveller.identify(traveller.leave())
    traveller.simulator.control(
        {"at": "token", "status": 401, "body": '{"error": "invalid_client"}'}
    )
    traveller.come_back(callback)

    assert "token_invalid_client" in mails()[0].message


@pytest.mark.parametrize("error", ["access_denied", "server_error", "temporarily_unavailable"])
def test_what_no_operator_can_mend_alerts_nobody(traveller, operators, mails, error):
    callback = traveller.identify(traveller.leave())
    traveller.come_back(changed(callback, code=None, error=error))

    assert mails() == []


def test_without_an_address_the_log_alone_tells(traveller, mails):
    callback = traveller.identify(traveller.leave())
    traveller.come_back(changed(callback, code=None, error="invalid_scope"))

    assert mails() == []


# --- Two tabs ---


def test_what_another_tab_wrote_during_the_calls_is_kept(traveller, monkeypatch):
    """The departure of a second tab, made while the first one's return was being checked."""
    first = traveller.identify(traveller.leave())
    real = callback_views.FranceConnectBackend.identify
    departures = []

    def meanwhile(self, *args):
        departures.append(traveller.leave())
        return real(self, *args)

    monkeypatch.setattr(callback_views.FranceConnectBackend, "identify", meanwhile)
    traveller.come_back(first)

    states = traveller.client.session["oidc_states"]
    assert [parse_qs(urlsplit(url).query)["state"][0] for url in departures] == list(states)


def test_somebody_who_signed_out_meanwhile_is_not_linked(traveller, citizen, monkeypatch):
    traveller.client.force_login(citizen)
    session_key = traveller.client.session.session_key
    callback = traveller.identify(traveller.leave(intent="reauthenticate"))
    real = callback_views.FranceConnectBackend.identify

    def meanwhile(self, *args):
        type(traveller.client.session)(session_key).flush()
        return real(self, *args)

    monkeypatch.setattr(callback_views.FranceConnectBackend, "identify", meanwhile)
    traveller.come_back(callback)

    assert JournalEntry.objects.first().code == "session_changed"
    assert not Link.objects.exists()


# --- Row 3: becoming an agent ---


def test_becoming_an_agent_ends_the_link_the_sessions_and_the_certification(
    traveller, link_of, citizen
):
    link = link_of(citizen)
    traveller.go()
    assert traveller.user_id == citizen.pk

    promoted = User.objects.get(pk=citizen.pk)
    promoted.is_staff = True
    promoted.save()

    link.refresh_from_db()
    assert link.end_cause == EndCause.AGENT
    assert link.ended_at is not None
    assert traveller.client.get("/mon-espace/").status_code == 302
    promoted.space.refresh_from_db()
    assert promoted.space.identity_provenance == Provenance.DECLARED
    entry = JournalEntry.objects.filter(citizen=citizen, kind=JournalKind.UNLINKED).get()
    assert entry.code == "agent"


def test_saving_an_agent_again_writes_nothing(agent):
    agent.save()

    assert not JournalEntry.objects.exists()


def test_saving_a_citizen_ends_nothing(link_of, citizen):
    link_of(citizen)
    citizen.save()

    assert linking.active_link(citizen, Link.objects.get().issuer)


def test_a_citizen_without_a_link_who_becomes_an_agent_is_signed_out(client, citizen):
    """A session opened at the citizens' door must not open the administration."""
    client.force_login(citizen)
    citizen.is_staff = citizen.is_superuser = True
    citizen.save()

    assert client.get("/admin/").status_code == 302


def test_an_agents_sign_in_does_not_sign_them_out(client, citizen):
    User.objects.filter(pk=citizen.pk).update(is_staff=True)
    agent = User.objects.get(pk=citizen.pk)
    epoch = agent.session_epoch
    agent.save(update_fields=["last_login"])

    agent.refresh_from_db()
    assert agent.session_epoch == epoch


# --- Asked again means asked again ---


def test_pressing_twice_does_not_go_around_the_sign_out(traveller, link_of, citizen):
    """Single sign-on would answer for whoever left the screen."""
    link_of(citizen)
    traveller.go()
    start = reverse("franceconnect:start")
    form = {"intent": "reauthenticate", "next": "/mon-espace/"}

    first = traveller.client.post(start, form)
    second = traveller.client.post(start, form)

    for response in (first, second):
        assert "/session/end?" in response["Location"]


@pytest.mark.parametrize("state", ["", "?state=", "?state=forged"])
def test_a_return_typed_by_hand_goes_no_further(traveller, link_of, citizen, state):
    link_of(citizen)
    traveller.go()
    form = {"intent": "reauthenticate", "next": "/mon-espace/"}
    traveller.client.post(reverse("franceconnect:start"), form)

    response = traveller.client.get(f"/franceconnect/logout-callback/{state}")

    assert response["Location"] == "/mon-espace/profil/"


def test_signing_in_elsewhere_meanwhile_is_no_silent_switch(
    traveller, link_of, citizen, stranger, monkeypatch
):
    link_of(citizen)
    callback = traveller.identify(traveller.leave())
    real = callback_views.FranceConnectBackend.identify

    def meanwhile(self, *args):
        result = real(self, *args)
        traveller.client.force_login(stranger)
        return result

    monkeypatch.setattr(callback_views.FranceConnectBackend, "identify", meanwhile)
    traveller.come_back(callback)

    assert JournalEntry.objects.first().code == "session_changed"


# --- What a browser brings back ---


@pytest.mark.parametrize("code", ["a b", "x\x00", "<script>", "é", "x" * 513, "a%00", "'", ""])
def test_a_code_of_another_shape_never_reaches_franceconnect(traveller, code):
    callback = traveller.identify(traveller.leave())
    traveller.come_back(changed(callback, code=code))

    assert "POST /api/v2/token" not in traveller.simulator.calls()
    assert JournalEntry.objects.first().code == "callback_without_code"


@pytest.mark.parametrize("status", [403, 404, 429])
def test_a_firewall_that_refuses_a_request_is_no_outage(traveller, status):
    traveller.simulator.control(
        {"at": "token", "status": status, "body": "<html>non</html>", "times": None}
    )
    for _ in range(outage.THRESHOLD):
        response = traveller.come_back(traveller.identify(traveller.leave()))

    assert response.status_code == 503
    assert not outage.is_down(conf.platform())


def test_nobody_fills_the_journal_with_refusals(client, settings, db):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"session_rate_limit": "300/m"}
    client.cookies[settings.SESSION_COOKIE_NAME] = "x"

    for _ in range(70):
        client.get(reverse("franceconnect:callback"), {"state": "x"})

    assert JournalEntry.objects.count() == 60
