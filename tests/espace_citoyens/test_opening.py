"""What is said before a portal opens: every line that can be wrong, wrong once."""

import json
import shutil
import ssl
from collections import namedtuple
from datetime import timedelta
from io import StringIO

import pytest
from django.core import checks
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone
from post_office.models import STATUS, Email

from espace_citoyens import health, opening
from espace_citoyens.models import Town
from franceconnect.diagnosis import Status
from tests.accounts.factories import make_agent

Usage = namedtuple("Usage", "total used free")


def lines(findings, status=None):
    return [line.title for line in findings if status in (None, line.status)]


@pytest.fixture
def public(settings):
    settings.IS_LOCAL, settings.BASE_URL = False, "https://espace.rivemont.example"
    return settings


@pytest.fixture(autouse=True)
def _no_setting_of_the_tests(monkeypatch):
    """Django reports DJANGO_ALLOW_ASYNC_UNSAFE, rightly; the browser of this process needs it."""
    run = checks.run_checks
    monkeypatch.setattr(
        checks,
        "run_checks",
        lambda **options: [found for found in run(**options) if found.id != "async.E001"],
    )


@pytest.fixture
def town(db):
    return Town.objects.create(name="Ville de Rivemont", phone="02 00 00 00 00")


def away(*args, **kwargs):
    raise OperationalError("server 10.0.0.7")


def test_a_portal_of_this_machine_is_a_trial():
    (line,) = opening.address_findings()

    assert line.status == Status.DOUBTFUL
    assert "un essai sur cette machine" in line.title


@pytest.mark.parametrize(
    ("error", "words"),
    [(ssl.SSLCertVerificationError(), "certificat refusé"), (TimeoutError(), "injoignable")],
)
def test_an_address_that_browsers_refuse_is_wrong(public, monkeypatch, error, words):
    def fail(host, port):
        raise error

    monkeypatch.setattr(opening, "certificate_end", fail)

    assert [words in title for title in lines(opening.address_findings(), Status.WRONG)] == [True]


@pytest.mark.parametrize(("days", "status"), [(60, Status.RIGHT), (5, Status.DOUBTFUL)])
def test_a_certificate_near_its_end_is_told(public, monkeypatch, days, status):
    asked = []

    def ends(host, port):
        asked.append((host, port))
        return timezone.now() + timedelta(days=days, hours=1)

    monkeypatch.setattr(opening, "certificate_end", ends)

    assert lines(opening.address_findings(), status)[0].endswith(f"{days} jours.")
    assert asked == [("espace.rivemont.example", 443)]


def test_a_database_in_order_is_right(db):
    found = list(opening.database_findings())

    assert "Tables à jour." in lines(found, Status.RIGHT)
    assert not lines(found, Status.WRONG)
    is_trial = connection.vendor == "sqlite"
    assert any("SQLite" in title for title in lines(found, Status.DOUBTFUL)) == is_trial


@pytest.mark.postgresql
def test_a_database_account_with_every_right_is_doubtful(db):
    """That of the tests is."""
    assert any("tous les droits" in line for line in lines(opening.database_findings()))


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((11, 0, False, True), "trop ancien"),
        ((17, 0, False, False), "ne peut pas créer"),
        ((17, 60, False, True), "horloge"),
    ],
)
def test_what_is_wrong_with_a_server_is_told(db, monkeypatch, row, words):
    version, late, *rights = row

    class Cursor:
        __enter__ = lambda self: self  # noqa: E731
        __exit__ = lambda self, *args: None  # noqa: E731

        def execute(self, statement):
            assert "pg_roles" in statement

        def fetchone(self):
            return (version, timezone.now() - timedelta(seconds=late), *rights)

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", Cursor)
        found = lines(opening._postgresql_findings(), Status.WRONG)

    assert [words in title for title in found] == [True]


def test_tables_behind_the_code_are_wrong(db, monkeypatch):
    monkeypatch.setattr(health, "has_migrated", lambda: False)

    assert "Tables en retard sur le code." in lines(opening.database_findings(), Status.WRONG)


def test_a_database_away_is_told_and_ends_nothing(monkeypatch):
    for name in ("has_migrated", "mail_queue_seconds"):
        monkeypatch.setattr(health, name, away)
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        patch.setattr(Town.objects, "first", away)
        wrong = lines(opening.database_findings(), Status.WRONG)
        assert not lines(opening.town_findings())

    assert wrong == ["Base injoignable, ou accès refusé."]
    assert not lines(opening.mail_findings(""), Status.WRONG)


def test_a_cache_of_each_process_is_doubtful(settings):
    assert lines(opening.cache_findings(), Status.DOUBTFUL) == ["Propre à chaque processus."]


@pytest.mark.parametrize(
    ("answer", "status"), [(lambda: True, Status.RIGHT), (lambda: False, Status.WRONG)]
)
def test_a_shared_cache_must_answer(settings, monkeypatch, answer, status):
    settings.CACHE_IS_SHARED = True
    monkeypatch.setattr(health, "has_cache", answer)

    assert len(lines(opening.cache_findings(), status)) == 1


def test_a_mail_is_really_sent(db, settings, mailoutbox):
    found = lines(opening.mail_findings("exploitant@rivemont.example"), Status.RIGHT)

    assert found == ["Courriel accepté par le serveur : vérifiez qu’il arrive."]
    assert mailoutbox[0].to == ["exploitant@rivemont.example"]


def test_a_mail_refused_is_told_by_its_class_alone(db, settings):
    settings.POST_OFFICE = {"BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"}}
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    found = lines(opening.mail_findings("secret@rivemont.example"), Status.WRONG)

    assert found == ["Envoi refusé (ConnectionRefusedError)."]


def test_a_worker_that_sends_nothing_is_wrong(db):
    mail = Email.objects.create(from_email="a@a.example", to="b@b.example", status=STATUS.queued)
    Email.objects.filter(pk=mail.pk).update(created=timezone.now() - timedelta(hours=1))

    assert lines(opening.mail_findings(""), Status.WRONG) == [
        "Un courriel attend depuis 60 minutes."
    ]


def test_a_full_disk_is_wrong(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100, 97, 3))

    assert lines(opening.disk_findings(), Status.WRONG)


def test_a_town_without_name_contact_or_agent_is_wrong(db):
    nameless = lines(opening.town_findings(), Status.WRONG)
    town = Town.objects.create(name="Ville de Rivemont")
    unreachable = lines(opening.town_findings(), Status.WRONG)
    town.phone = "02 00 00 00 00"
    town.save()
    make_agent()

    assert nameless == ["La ville n’a pas de nom.", "Aucun agent ne peut administrer le portail."]
    assert unreachable[0] == "Un habitant en difficulté n’a personne à joindre."
    assert not lines(opening.town_findings(), Status.WRONG)


def test_franceconnect_is_part_of_it(simulator):
    assert any(
        "Émetteur : identique." in title for title in lines(opening.franceconnect_findings())
    )


def test_a_portal_without_franceconnect_is_only_doubtful(settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"issuer": ""}

    (line,) = opening.franceconnect_findings()

    assert line.status == Status.DOUBTFUL


def run(*options):
    out = StringIO()
    call_command("portail_check", *options, stdout=out)
    return out.getvalue()


def test_the_command_succeeds_when_nothing_is_wrong(simulator, town):
    make_agent()

    text = run()

    assert "Ville et agents\n  ✓ La ville a un nom et un contact." in text
    assert "✗" not in text


def test_the_command_fails_and_counts_what_is_wrong(simulator, town):
    with pytest.raises(CommandError, match="1.$"):
        run()


def test_machines_read_it_too(simulator, town):
    make_agent()

    found = json.loads(run("--json"))

    assert {"group", "status", "title", "remedy"} == set(found[0])
    assert {line["status"] for line in found} == {"right", "doubtful"}
