"""The town's switch and its planned maintenance: every page and every return follow."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache, caches
from django.core.cache.backends.locmem import LocMemCache
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from accounts import wrong_door
from accounts.models import JournalEntry, JournalKind
from accounts.passkeys import LastWayIn, remove_passkey
from franceconnect import activation, conf, linking, models, services
from franceconnect.activation import Change, Outdated
from franceconnect.models import Activation, Link
from tests.accounts.factories import PASSWORD, make_citizen
from tests.franceconnect.fixtures import Traveller
from tests.franceconnect.test_concurrency import at_once

BUTTON = "S’identifier avec"
OFF = "La mairie a suspendu FranceConnect sur ce portail."
OFF_AT_THE_DOOR = "Vous entriez avec FranceConnect"
WORDS = "Le guichet vous aide au 02 00 00 00 00."
FC, PLUS = conf.FRANCECONNECT, conf.FRANCECONNECT_PLUS


def set_platform(name=FC, **fields):
    """As an agent left it, seen at once."""
    Activation.objects.update_or_create(platform=name, defaults=fields)
    cache.delete(models.ACTIVATION_CACHE_KEY)


def maintain(name=FC, *, starts_in=timedelta(hours=-1), lasts=timedelta(hours=2)):
    start = timezone.now() + starts_in
    words = {"maintenance_words": WORDS}
    set_platform(name, maintenance_from=start, maintenance_until=start + lasts, **words)


def read(client, url, **kwargs):
    """The words of a page, on one line."""
    return re.sub(r"\s+", " ", client.get(url, **kwargs).content.decode())


@pytest.fixture
def by_password(client, citizen):
    """Ines, who has just entered with her password."""
    client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})
    return client


@pytest.fixture
def fc_only(traveller, link_of):
    """Somebody whom FranceConnect alone lets in, and who is inside."""
    citizen = make_citizen(None, contact_email="ines@rivemont.example")
    link_of(citizen)
    traveller.go()
    assert traveller.user_id == citizen.pk
    return citizen


# --- As it was born ---


def test_a_portal_that_is_upgraded_stays_as_it_was(client, db):
    assert Activation.objects.count() == 0
    assert BUTTON in read(client, "/")
    assert activation.offered() == [conf.platform()]


def test_a_switch_turns_nothing_on_that_is_not_configured(client, db, settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"client_secret": ""}
    set_platform(is_on=True)

    page = read(client, "/")

    assert BUTTON not in page
    assert OFF_AT_THE_DOOR not in page


def test_the_home_page_asks_the_database_once_for_all(client, db, django_assert_num_queries):
    client.get("/")

    with django_assert_num_queries(0):
        client.get("/")


# --- Off ---


@pytest.mark.parametrize("page", ["/", "/connexion/", "/mot-de-passe-oublie/"])
def test_off_the_doors_have_no_button_and_say_what_to_do(client, db, page):
    set_platform(is_on=False)

    content = read(client, page)

    assert BUTTON not in content
    assert OFF_AT_THE_DOOR in content
    assert "un code pour ouvrir votre espace" in content


def test_off_the_page_of_sign_up_is_the_long_way_alone(client, db):
    set_platform(is_on=False)

    content = read(client, "/inscription/")

    assert BUTTON not in content
    assert "Avec FranceConnect" not in content
    assert 'type="password"' in content


def test_off_the_help_page_says_so(client, db):
    set_platform(is_on=False)

    assert OFF_AT_THE_DOOR in read(client, reverse("help_franceconnect"))


def test_off_a_start_answers_a_page_that_says_the_other_ways(client, db):
    set_platform(is_on=False)

    response = client.post(reverse("franceconnect:start"))
    page = response.content.decode()

    assert response.status_code == 503
    assert OFF in page
    assert "Entrer avec mon identifiant" in page
    assert "seul moyen d’entrer" in page
    assert "Joindre la mairie" in page
    assert BUTTON not in page


def test_a_return_after_the_switch_signs_nobody_in(traveller, link_of, citizen):
    link_of(citizen)
    callback = traveller.identify(traveller.leave())
    traveller.simulator.reset()
    set_platform(is_on=False)

    response = traveller.come_back(callback)

    assert OFF in response.content.decode()
    assert response.status_code == 503
    assert traveller.user_id is None
    assert "POST /api/v2/token" not in traveller.simulator.calls()
    line = JournalEntry.objects.get(kind=JournalKind.SIGN_IN_REFUSED)
    assert (line.means, line.code) == ("FranceConnect", "switched_off")


def test_a_proven_identity_that_waits_opens_nothing_after_the_switch(traveller):
    traveller.go()
    set_platform(is_on=False)
    page = reverse("franceconnect:first_time")

    seen = traveller.client.get(page, follow=True).content.decode()
    sent = traveller.client.post(page, {"contact_email": "a@rivemont.example"})

    assert OFF in seen
    assert sent.status_code == 503
    assert traveller.user_id is None
    assert not Link.objects.exists()


@pytest.mark.parametrize("page", ["link", "switch", "code_request", "code_entry", "counter_code"])
def test_off_every_page_of_the_journey_says_so(by_password, page):
    set_platform(is_on=False)

    response = by_password.get(reverse(f"franceconnect:{page}"), follow=True)

    assert OFF in response.content.decode()


def test_off_sessions_go_on_and_the_space_stays_certified(traveller, fc_only):
    set_platform(is_on=False)

    page = read(traveller.client, "/mon-espace/")

    assert "Espace certifié avec FranceConnect" in page
    assert "Identité prouvée par <strong>FranceConnect</strong>" in page


def test_off_sign_out_still_ends_the_session_at_franceconnect(traveller, fc_only):
    set_platform(is_on=False)

    response = traveller.client.post(reverse("account_logout"))

    assert "/session/end?" in response["Location"]
    assert traveller.follow_sign_out(response["Location"])["Location"] == "/"


def test_off_whoever_has_no_other_way_in_is_told(traveller, fc_only):
    set_platform(is_on=False)
    client = traveller.client

    credentials = read(client, reverse("accounts:credentials"))
    profile = read(client, reverse("accounts:profile"))
    asked_again = read(client, reverse("account_reauthenticate"))

    assert "Rien n’ouvre votre espace en ce moment. Contactez la mairie." in credentials
    assert "la mairie a suspendu FranceConnect" in profile
    assert "Certifier mon espace" not in profile
    assert "La mairie a suspendu FranceConnect pour le moment" in asked_again
    assert BUTTON not in asked_again


def test_off_the_mail_of_the_wrong_door_says_so(fc_only, mails):
    set_platform(is_on=False)
    email = "ines@rivemont.example"

    wrong_door.show_the_door(email, wrong_door.providers_behind(email))

    mail = mails()[-1]
    for words in (mail.message, mail.html_message):
        assert "La mairie a suspendu FranceConnect pour le moment" in words
        assert "appuyez sur le bouton" not in words


def test_off_a_fresh_proof_is_asked_by_the_other_means(by_password, citizen, link_of):
    link_of(citizen)
    set_platform(is_on=False)

    page = read(by_password, reverse("account_reauthenticate"))

    assert "Avec votre mot de passe" in page
    assert "Avec FranceConnect" not in page


def test_off_unlinking_is_possible_for_whoever_has_another_way_in(by_password, citizen, link_of):
    link_of(citizen)
    set_platform(is_on=False)
    by_password.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    by_password.post(reverse("franceconnect:unlink"))

    assert not Link.objects.active().exists()


def test_a_platform_switched_off_is_no_way_in(traveller, fc_only, plus):
    issuer = conf.platform(PLUS).issuer
    Link.objects.create(issuer=issuer, sub="plus", citizen=fc_only, level="eidas2")
    people = type(fc_only).objects.filter(pk=fc_only.pk)
    assert linking.has_another_way_in(fc_only, issuer)

    set_platform(is_on=False)

    assert not linking.has_another_way_in(fc_only, issuer)
    assert services.ways_in(people) == ["FranceConnect+"]
    assert services.ways_in(people, even_off=True) == ["FranceConnect+", "FranceConnect"]


def test_the_last_passkey_stays_while_franceconnect_is_off(fc_only):
    passkey = Authenticator.objects.create(user=fc_only, type=Authenticator.Type.WEBAUTHN, data={})
    set_platform(is_on=False)

    with pytest.raises(LastWayIn):
        remove_passkey(fc_only, passkey.pk)


# --- FranceConnect+ has its own switch ---


def test_each_platform_has_its_own_switch(client, db, plus):
    set_platform(PLUS, is_on=False)

    page = read(client, "/")

    assert BUTTON in page
    assert "Vous préférez FranceConnect+" not in page
    assert OFF_AT_THE_DOOR not in page
    assert client.post(reverse("franceconnect:plus_start")).status_code == 503
    assert client.post(reverse("franceconnect:start")).status_code == 302


def test_franceconnect_plus_stays_a_door_without_franceconnect(client, db, plus):
    set_platform(is_on=False)

    page = read(client, "/")

    assert '<span class="fc__brand">FranceConnect+</span>' in page
    assert OFF_AT_THE_DOOR in page


def test_plus_off_the_step_up_says_so_in_its_name(client, db, plus, by_password):
    set_platform(PLUS, is_on=False)

    page = read(by_password, reverse("franceconnect:plus_step_up"), follow=True)

    assert "La mairie a suspendu FranceConnect+ sur ce portail." in page
    assert "Renforcer avec FranceConnect+" not in read(by_password, "/mon-espace/")


# --- Planned maintenance ---


@pytest.mark.parametrize("page", ["/", "/connexion/", "/inscription/"])
def test_in_maintenance_the_button_steps_back_behind_the_towns_words(client, db, page):
    maintain()

    content = read(client, page)

    assert "FranceConnect est en maintenance jusqu’au" in content
    assert content.count(WORDS) == 1
    assert content.index('type="password"') < content.index(BUTTON)
    assert "ne répond pas" not in content


def test_before_it_citizens_are_told_and_nothing_else_changes(client, db):
    maintain(starts_in=timedelta(hours=23))

    content = read(client, "/")

    assert "FranceConnect sera en maintenance" in content
    assert WORDS in content
    assert content.index(BUTTON) < content.index('type="password"')


def test_long_before_and_after_nothing_is_said(client, db):
    maintain(starts_in=timedelta(hours=25))
    assert WORDS not in read(client, "/")

    with travel(timezone.now() + timedelta(hours=28)):
        cache.delete(models.ACTIVATION_CACHE_KEY)
        assert WORDS not in read(client, "/")


def test_it_ends_by_itself(client, db):
    maintain(lasts=timedelta(hours=2))
    assert WORDS in read(client, "/")

    with travel(timezone.now() + timedelta(hours=1, seconds=1)):
        content = read(client, "/")

    assert WORDS not in content
    assert content.index(BUTTON) < content.index('type="password"')


def test_in_maintenance_one_still_enters(traveller, link_of, citizen):
    link_of(citizen)
    maintain()

    traveller.go()

    assert traveller.user_id == citizen.pk


def test_the_step_up_shows_the_words_of_its_own_maintenance(client, db, plus, by_password):
    maintain(PLUS)

    assert "FranceConnect+ est en maintenance" in read(
        by_password, reverse("franceconnect:plus_step_up")
    )
    assert WORDS not in read(client, "/")


# --- Every process follows ---


def test_a_process_with_a_cache_of_its_own_follows_within_seconds(db, monkeypatch):
    """Two processes' worth: what one wrote, the other reads once its own copy is too old."""
    other = LocMemCache("another-process", {})
    monkeypatch.setattr(models, "cache", other)
    assert Activation.objects.current(FC).is_on
    monkeypatch.setattr(models, "cache", caches["default"])
    Activation.objects.create(platform=FC, is_on=False)
    monkeypatch.setattr(models, "cache", other)

    still = Activation.objects.current(FC).is_on
    with travel(timezone.now() + timedelta(seconds=models.ACTIVATION_CACHE_SECONDS + 1)):
        after = Activation.objects.current(FC).is_on

    assert (still, after) == (True, False)
    assert models.ACTIVATION_CACHE_SECONDS <= 10


def test_a_shared_cache_is_cleared_by_the_commit(db, django_capture_on_commit_callbacks):
    assert Activation.objects.current(FC).is_on

    with django_capture_on_commit_callbacks(execute=True):
        Activation.objects.create(platform=FC, is_on=False)
        assert Activation.objects.current(FC).is_on

    assert not Activation.objects.current(FC).is_on


# --- What is written ---


def change_of(agent, *, version=0):
    return Change(agent=agent, reason="Panne annoncée", version=version)


def test_a_change_is_journalled_and_mailed(agent, mails, settings):
    settings.ALERT_EMAIL = "exploitation@rivemont.example"

    activation.change(FC, change_of(agent), what="off", is_on=False)

    line = JournalEntry.objects.get()
    assert (line.kind, line.actor, line.citizen) == (JournalKind.SETTINGS_CHANGED, agent, None)
    assert (line.code, line.reason) == ("franceconnect_off", "Panne annoncée")
    mail = mails()[0]
    assert mail.to == ["exploitation@rivemont.example"]
    assert "FranceConnect" in mail.subject
    assert agent.email not in mail.subject + mail.message
    assert agent.agent_reference in mail.message


def test_who_decides_on_an_older_page_changes_nothing(agent):
    activation.change(FC, change_of(agent), what="off", is_on=False)

    with pytest.raises(Outdated):
        activation.change(FC, change_of(agent), what="on", is_on=True)

    assert not Activation.objects.get().is_on
    assert JournalEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_at_once_one_is_told(agent):
    results = at_once(
        *[lambda: activation.change(FC, change_of(agent), what="off", is_on=False)] * 2
    )

    assert sorted(type(result).__name__ for result in results) == ["Activation", "Outdated"]
    assert Activation.objects.get().version == 1
    assert JournalEntry.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"platform": "unknown"},
        {"platform": FC, "maintenance_from": timezone.now()},
        {"platform": FC, "maintenance_until": timezone.now()},
        {"platform": FC, "artwork_type": "image/png"},
        {
            "platform": FC,
            "maintenance_from": timezone.now(),
            "maintenance_until": timezone.now() - timedelta(seconds=1),
        },
    ],
)
def test_the_database_refuses_what_makes_no_sense(db, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        Activation.objects.create(**fields)


def test_one_row_a_platform(db):
    Activation.objects.create(platform=FC)

    with pytest.raises(IntegrityError), transaction.atomic():
        Activation.objects.create(platform=FC)


def test_a_traveller_of_the_other_platform_passes(plus_traveller):
    set_platform(is_on=False)

    response = plus_traveller.go()

    assert isinstance(plus_traveller, Traveller)
    assert response["Location"] == reverse("franceconnect:first_time")
