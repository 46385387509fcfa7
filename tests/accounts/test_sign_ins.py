"""Each way in leaves its line, and a new device or network is told by mail."""

from datetime import timedelta
from pathlib import Path

import pytest
from allauth.core import context
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import journal
from accounts.models import JournalKind, User
from accounts.sign_ins import record_sign_in
from tests.accounts.factories import PASSWORD, make_citizen
from tests.accounts.test_sign_up import code_in, sign_up

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
SUBJECT = "Connexion à votre espace depuis un nouvel appareil"
AT_HOME = {"HTTP_USER_AGENT": FIREFOX, "REMOTE_ADDR": "80.10.20.7"}


def sign_in(email, **headers):
    client = Client()
    client.post("/connexion/", {"login": email, "password": PASSWORD}, **AT_HOME | headers)
    assert "_auth_user_id" in client.session
    return client


def warnings(mails):
    return [mail for mail in mails() if mail.subject == SUBJECT]


@pytest.fixture
def at_home(citizen):
    """A citizen who came once from home."""
    sign_in(citizen.email)
    return citizen


def test_the_first_sign_in_after_the_creation_surprises_nobody(client, db, mails):
    sign_up(client)
    client.post("/verification-adresse/", {"code": code_in(mails()[0])})

    assert User.objects.get().journal.filter(kind=JournalKind.SIGNED_IN).count() == 1
    assert not warnings(mails)


def test_a_new_device_is_told_to_every_address_of_the_space(mails):
    citizen = make_citizen(contact_email="contact@rivemont.example")
    sign_in(citizen.email)

    sign_in(citizen.email, HTTP_USER_AGENT=PHONE)

    told = warnings(mails)
    assert {mail.to[0] for mail in told} == {citizen.email, "contact@rivemont.example"}
    for words in ("Safari sur iOS", "réseau 80.10.20.…", "mot de passe", "C’était le", "mairie"):
        assert words in told[0].message
        assert words in told[0].html_message


def test_a_known_device_from_a_new_network_is_told(at_home, mails):
    sign_in(at_home.email, REMOTE_ADDR="90.30.40.9")

    assert len(warnings(mails)) == 1


def test_the_same_device_and_network_are_told_once(at_home, mails):
    for _ in range(2):
        sign_in(at_home.email, REMOTE_ADDR="90.30.40.9")
    sign_in(at_home.email)

    assert len(warnings(mails)) == 1


def test_what_was_not_seen_for_six_months_is_new_again(citizen, mails):
    for days in (200, 10):
        journal.record(
            JournalKind.SIGNED_IN,
            citizen=citizen,
            at=timezone.now() - timedelta(days=days),
            origin=journal.Origin("Firefox sur Windows", f"réseau 92.0.{days}.…"),
        )

    sign_in(citizen.email, REMOTE_ADDR="92.0.10.1")
    assert not warnings(mails)
    sign_in(citizen.email, REMOTE_ADDR="92.0.200.1")

    assert len(warnings(mails)) == 1


def test_an_old_space_whose_journal_is_purged_is_told_too(citizen, mails):
    User.objects.update(date_joined=timezone.now() - timedelta(days=400))

    sign_in(citizen.email)

    assert len(warnings(mails)) == 1


def test_the_line_says_how_and_from_where(at_home):
    entry = at_home.journal.get(kind=JournalKind.SIGNED_IN)

    assert (entry.means, entry.device, entry.network) == (
        "mot de passe",
        "Firefox sur Windows",
        "réseau 80.10.20.…",
    )


def test_a_new_device_by_franceconnect_is_told_with_what_to_do_there(traveller, link_of, mails):
    citizen = make_citizen(None, contact_email="contact@rivemont.example")
    link_of(citizen)
    journal.record(
        JournalKind.SIGNED_IN, citizen=citizen, origin=journal.Origin("Safari sur iOS", "")
    )

    traveller.go()

    assert [mail.to for mail in warnings(mails)] == [["contact@rivemont.example"]]
    assert "compte avec lequel vous entrez (FranceConnect)" in warnings(mails)[0].message


def test_a_new_device_by_a_passkey_is_told_to_take_the_key_away(citizen, mails):
    citizen.set_unusable_password()
    citizen.save()
    origin = journal.Origin("Safari sur iOS", "")
    journal.record(JournalKind.SIGNED_IN, citizen=citizen, origin=origin)

    request = RequestFactory().get("/", **AT_HOME)
    with context.request_context(request):
        record_sign_in(citizen, means="clé d’accès")

    assert "retirez la clé d’accès que vous ne reconnaissez pas" in warnings(mails)[0].message
    assert "compte avec lequel vous entrez" not in warnings(mails)[0].html_message


def test_a_space_just_created_with_franceconnect_receives_no_such_mail(traveller, mails):
    traveller.go()
    traveller.client.post(
        "/franceconnect/premiere-connexion/",
        {"contact_email": "a@rivemont.example"},
    )

    assert traveller.user_id
    assert not warnings(mails)


@pytest.mark.parametrize("app", ["accounts", "franceconnect"])
def test_no_way_in_records_its_sign_in_by_itself(app):
    """It would forget the mail: `accounts.sign_ins.record_sign_in` is for all of them."""
    for path in (Path(__file__).parents[2] / app).rglob("*.py"):
        if path.name != "sign_ins.py":
            assert "record(JournalKind.SIGNED_IN" not in path.read_text(), path
