"""Somebody whose space opens with FranceConnect tries a password: only their mailbox says so."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.conf import settings as portal_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import erasure, failed_sign_ins, mail_journal, wrong_door
from accounts.models import FailedSignIn, JournalEntry, JournalKind, User
from franceconnect.models import Link
from tests.accounts.factories import PASSWORD, make_agent, make_citizen

SUBJECT = "Votre espace s’ouvre avec FranceConnect"
SIGN_IN, RESET = "/connexion/", "/mot-de-passe-oublie/"
# As long as each other, so that the pages that repeat them are too.
KNOWN, CONTACT, VERIFIED, UNKNOWN, BLOCKED = (
    f"{name}@rivemont.example" for name in ("password", "fc-alone", "no-passw", "nobody-1", "out")
)


def linked(citizen, **fields):
    issuer = portal_settings.FRANCECONNECT["issuer"]
    Link.objects.create(
        issuer=issuer, sub=f"sub-{citizen.pk}", citizen=citizen, level="eidas1", **fields
    )
    return citizen


@pytest.fixture
def people(db):
    """One person by kind of address; the unknown one is nobody's."""
    make_citizen(KNOWN)
    linked(make_citizen(None, contact_email=CONTACT))
    verified = linked(make_citizen(VERIFIED))
    verified.set_unusable_password()
    verified.save()


def try_password(email, client=None, **headers):
    return (client or Client()).post(SIGN_IN, {"login": email, "password": "faux"}, **headers)


def ask_reset(email, client=None):
    return (client or Client()).post(RESET, {"email": email}, follow=True)


def wrong_door_mails(mails):
    return [mail.to for mail in mails() if mail.subject == SUBJECT]


# --- Lost password


@pytest.mark.parametrize("email", [CONTACT, VERIFIED, CONTACT.upper()])
def test_a_lost_password_that_never_was_is_answered_by_the_door_to_use(people, mails, email):
    response = ask_reset(email)

    assert response.redirect_chain[-1][0] == "/mot-de-passe-oublie/code/"
    mail = mails()[0]
    assert (mail.subject, mail.to) == (SUBJECT, [email.lower()])
    assert "Un nouveau mot de passe a été demandé" in mail.message
    assert not re.search(r"\b\d{6}\b", mail.message)
    assert "PERRER" not in mail.message + mail.html_message


def test_no_code_replaces_a_password_that_never_was(people, client):
    ask_reset(VERIFIED, client)

    for code in ("000000", ""):
        client.post("/mot-de-passe-oublie/code/", {"code": code})

    assert client.get("/mot-de-passe-oublie/nouveau/").status_code == 302


def test_a_password_that_exists_is_replaced_by_a_code_as_before(people, mails):
    ask_reset(KNOWN)

    assert re.search(r"\b\d{6}\b", mails()[0].message)


def test_a_contact_address_of_a_space_with_a_password_is_no_wrong_door(people, mails):
    linked(make_citizen("login@rivemont.example", contact_email="autre@rivemont.example"))

    ask_reset("autre@rivemont.example")

    assert mails()[0].subject == "Votre demande de nouveau mot de passe"


@pytest.mark.parametrize(
    "change",
    [
        lambda citizen: User.objects.filter(pk=citizen.pk).update(is_active=False),
        lambda citizen: Link.objects.update(
            ended_at=timezone.now() + timedelta(seconds=5), end_cause="citizen"
        ),
        lambda citizen: Link.objects.update(issuer="https://former.example"),
    ],
    ids=["blocked", "unlinked", "provider gone"],
)
def test_a_door_that_does_not_open_is_not_shown(db, mails, change):
    change(linked(make_citizen(None, contact_email=CONTACT)))

    ask_reset(CONTACT)

    assert mails()[0].subject == "Votre demande de nouveau mot de passe"


# --- Refused password


@pytest.mark.parametrize("email", [CONTACT, VERIFIED])
def test_a_refused_password_is_answered_by_mail_once_a_day(people, mails, email):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(3):
            try_password(email)
            assert not Client().session.items()
        assert mails() == []
        failed_sign_ins.follow_up()
        try_password(email)
        failed_sign_ins.follow_up()
        assert wrong_door_mails(mails) == [[email]]
        clock.shift(timedelta(hours=25))
        try_password(email)
        failed_sign_ins.follow_up()

    assert wrong_door_mails(mails) == [[email]] * 2


def test_a_couple_that_shares_an_address_receives_one_mail_that_names_nobody(db, mails):
    for name in ("PERRER", "ROUSSET"):
        linked(make_citizen(None, contact_email=CONTACT, birth_family_name=name))

    try_password(CONTACT)
    failed_sign_ins.follow_up()

    (mail,) = mails()
    assert not re.search("PERRER|ROUSSET|Ines|deux|2 ", mail.message + mail.html_message)


@pytest.mark.parametrize("email", [KNOWN, UNKNOWN, "agent@rivemont.example", "x" * 300 + "@a.fr"])
def test_nobody_else_is_written_to(people, mails, email):
    make_agent()

    try_password(email)
    failed_sign_ins.follow_up()

    assert mails() == []
    assert not FailedSignIn.objects.exists()


def test_the_right_password_leaves_nothing(people):
    Client().post(SIGN_IN, {"login": KNOWN, "password": PASSWORD})

    assert not FailedSignIn.objects.exists()


# --- The journal


def test_a_refused_password_is_in_the_journal_of_its_owner(people):
    try_password(KNOWN, REMOTE_ADDR="80.10.20.30", HTTP_USER_AGENT="Firefox/128.0")
    failed_sign_ins.follow_up()

    entry = User.objects.get(email=KNOWN).journal.get()
    assert (entry.kind, entry.code, entry.means, entry.network) == (
        JournalKind.SIGN_IN_REFUSED,
        "wrong_password",
        "mot de passe",
        "réseau 80.10.20.…",
    )


def test_the_line_bears_the_time_of_the_try_and_not_of_the_worker(people):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        asked = timezone.now()
        try_password(KNOWN)
        clock.shift(timedelta(minutes=20))
        failed_sign_ins.follow_up()

    assert JournalEntry.objects.get().at == asked


def test_many_tries_from_one_place_are_one_line_an_hour(people):
    for _ in range(4):
        try_password(KNOWN)
    try_password(KNOWN, REMOTE_ADDR="80.10.20.30")
    failed_sign_ins.follow_up()

    assert JournalEntry.objects.count() == 2


def test_whoever_gives_somebodys_address_as_a_contact_learns_nothing(db, mails):
    intruder = linked(make_citizen(None, contact_email=UNKNOWN))

    try_password(UNKNOWN)
    failed_sign_ins.follow_up()
    ask_reset(UNKNOWN)
    mails()[0].__class__.objects.update(status=0)
    mail_journal.record_outcomes()

    assert not intruder.journal.exists()


def test_whoever_proved_the_contact_address_reads_that_a_mail_was_sent(db, mails):
    citizen = linked(make_citizen(None, contact_email=CONTACT))
    citizen.space.contact_email_verified_at = timezone.now()
    citizen.space.save()

    ask_reset(CONTACT)
    mails()[0].__class__.objects.update(status=0)
    mail_journal.record_outcomes()

    assert [entry.kind for entry in citizen.journal.all()] == [JournalKind.MAIL_SENT]


def test_nothing_of_an_erased_person_stays(people):
    citizen = User.objects.get(email=VERIFIED)
    try_password(VERIFIED)
    failed_sign_ins.follow_up()
    try_password(VERIFIED)
    assert FailedSignIn.objects.filter(email=VERIFIED).count() == 2

    erasure.erase([citizen], erasure.AS_ASKED)

    assert not FailedSignIn.objects.exists()


# --- Nothing tells


def test_a_contact_address_is_found_by_its_index(people):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")

    assert "accounts_space_by_contact" in wrong_door.spaces_of_contact(CONTACT).explain()


def anonymised(response, email):
    """What the page says, without the values that change each time."""
    text = response.content.decode().replace(email, "…")
    text = re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+', r"\1", text)
    of_its_own = ("Expires", "X-Request-ID")
    headers = {name: value for name, value in response.headers.items() if name not in of_its_own}
    cookies = {
        name: {key: value for key, value in morsel.items() if key != "expires"}
        for name, morsel in response.cookies.items()
    }
    return response.status_code, text, headers, cookies


@pytest.mark.parametrize("ask", [try_password, ask_reset])
def test_the_answer_is_the_same_to_the_byte_and_to_the_statement(people, ask):
    EmailAddress.objects.create(
        user=make_citizen(None), email="unproven@rivemont.example", verified=False
    )
    emails = (KNOWN, CONTACT, VERIFIED, UNKNOWN, "unproven@rivemont.example")
    ask(emails[0])  # what is read once a process is read
    answers, statements = [], []
    for email in emails:
        with CaptureQueriesContext(connection) as queries:
            response = ask(email)
        answers.append(anonymised(response, email))
        statements.append([query["sql"].split()[0] for query in queries])

    assert len({len(found) for found in statements}) == 1, statements
    assert all(found == statements[0] for found in statements), statements
    for answer in answers:
        assert answer == answers[0]


def test_a_wrong_code_tells_no_more(people):
    answers, statements = [], []
    for email in (KNOWN, KNOWN, CONTACT, VERIFIED, UNKNOWN):
        client = Client()
        ask_reset(email, client)
        with CaptureQueriesContext(connection) as queries:
            response = client.post("/mot-de-passe-oublie/code/", {"code": "000000"})
        answers.append(anonymised(response, email))
        statements.append([query["sql"].split()[0] for query in queries])

    assert all(found == statements[1] for found in statements[1:]), statements
    for answer in answers[1:]:
        assert answer == answers[1]
