"""The queue loses nothing: SMTP down, refusing, hanging, hanging up, or the worker killed."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone
from post_office.models import STATUS, Email

from accounts import services
from accounts.models import JournalKind
from espace_citoyens.management.commands import worker
from tests.espace_citoyens.smtp_server import smtp_server

ROOT = Path(__file__).parents[2]
ADDRESS = "ines.perrer@rivemont.example"
NOTICE = "accounts/email/contact_changed"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_locks(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@contextmanager
def delivering_by(server, **post_office):
    backend = {"default": "django.core.mail.backends.smtp.EmailBackend"}
    with override_settings(
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=server.port if server else 1,
        EMAIL_TIMEOUT=0.4,
        POST_OFFICE=settings.POST_OFFICE | {"BACKENDS": backend} | post_office,
    ):
        yield


def work():
    call_command("worker", "--once")


def queue(number=1):
    for index in range(number):
        Email.objects.create(
            from_email="mairie@rivemont.example",
            to=[ADDRESS],
            subject=f"Message {index}",
            message="Bonjour",
            status=STATUS.queued,
            priority=1,
        )


def its_time_comes():
    Email.objects.update(scheduled_time=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("mood", ["refuses", "hangs", "drops"])
def test_a_server_in_trouble_loses_no_mail(mood):
    queue(2)

    with smtp_server(mood=mood) as server, delivering_by(server):
        work()
        assert set(Email.objects.values_list("status", flat=True)) == {STATUS.requeued}
        assert server.received == []
    with smtp_server() as server, delivering_by(server):
        its_time_comes()
        work()

    assert set(Email.objects.values_list("status", flat=True)) == {STATUS.sent}
    assert len(server.received) == 2


def test_a_server_that_is_down_loses_no_mail():
    queue()

    with delivering_by(None):
        work()

    mail = Email.objects.get()
    assert mail.status == STATUS.requeued
    assert timezone.now() < mail.scheduled_time <= timezone.now() + timedelta(minutes=1)


def test_an_outage_of_four_days_loses_no_mail_and_tires_no_server():
    waits = [worker.wait_before_retry(n + 1) for n in range(settings.POST_OFFICE["MAX_RETRIES"])]

    assert timedelta(days=4) < sum(waits, timedelta()) < timedelta(days=6)
    assert waits[:3] == [timedelta(minutes=n) for n in (1, 2, 4)]
    assert max(waits) == timedelta(hours=1)


def test_each_try_waits_longer_than_the_one_before():
    queue()
    waits = []

    with delivering_by(None):
        for _ in range(3):
            its_time_comes()
            work()
            mail = Email.objects.get()
            waits.append(mail.scheduled_time - mail.last_updated)

    assert waits == [timedelta(minutes=n) for n in (1, 2, 4)]


def mail_lines(citizen):
    lines = citizen.journal.filter(kind__in=[JournalKind.MAIL_SENT, JournalKind.MAIL_FAILED])
    return [(line.kind, line.code) for line in lines]


def test_a_mail_that_leaves_is_in_the_journal_of_its_citizen_once(citizen, stranger):
    services.notify(citizen.space, NOTICE, {})
    assert mail_lines(citizen) == []

    with smtp_server() as server, delivering_by(server):
        work()
        work()

    assert mail_lines(citizen) == [(JournalKind.MAIL_SENT, NOTICE)]
    assert mail_lines(stranger) == []
    line = citizen.journal.first()
    assert (line.device, line.network, line.reference) == ("", "", "")
    assert ADDRESS not in f"{vars(line)}"


def test_a_notice_to_both_addresses_is_one_line(citizen):
    citizen.space.contact_email = "contact@rivemont.example"
    services.notify(citizen.space, NOTICE, {})

    with smtp_server() as server, delivering_by(server):
        work()

    assert len(server.received) == 2
    assert mail_lines(citizen) == [(JournalKind.MAIL_SENT, NOTICE)]


def test_a_mail_given_up_is_in_the_journal_too(citizen):
    services.notify(citizen.space, NOTICE, {})

    with delivering_by(None, MAX_RETRIES=0):
        work()

    assert mail_lines(citizen) == [(JournalKind.MAIL_FAILED, NOTICE)]


def test_a_code_of_allauth_is_in_the_journal_of_whoever_signs_in_with_its_address(client, citizen):
    client.post("/mot-de-passe-oublie/", {"email": citizen.email})
    client.post("/mot-de-passe-oublie/", {"email": "personne@rivemont.example"})

    with smtp_server() as server, delivering_by(server):
        work()

    assert len(server.received) == 2
    assert mail_lines(citizen) == [
        (JournalKind.MAIL_SENT, "account/email/password_reset_code"),
    ]


def test_the_mails_of_an_erased_citizen_stop_nothing(citizen):
    services.notify(citizen.space, NOTICE, {})
    citizen.delete()
    queue()

    with smtp_server() as server, delivering_by(server):
        work()

    assert len(server.received) == 2


def test_many_mails_cost_the_same_statements(citizen, django_assert_max_num_queries):
    for _ in range(9):
        services.notify(citizen.space, NOTICE, {})
    Email.objects.update(status=STATUS.sent)

    with django_assert_max_num_queries(8):
        worker.mail_journal.record_outcomes()


def start_worker(server, tmp_path):
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        password = quote(database["PASSWORD"])
        host = f"{database['HOST']}:{database['PORT']}"
        url = f"postgres://{database['USER']}:{password}@{host}/{database['NAME']}"
    environment = os.environ | {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "espace_citoyens.settings",
        "EMAIL_URL": f"smtp://127.0.0.1:{server.port}",
        "TMPDIR": str(tmp_path),
    }
    command = [sys.executable, "manage.py", "worker"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)


def wait_until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "too long"
        time.sleep(0.01)


def test_a_worker_killed_in_the_middle_of_its_mail_loses_none(tmp_path):
    queue(50)

    with smtp_server(pause=0.02) as server:
        with start_worker(server, tmp_path) as first:
            wait_until(lambda: len(server.received) >= 13)
            first.kill()
        assert first.returncode == -9
        assert Email.objects.filter(status=STATUS.queued).count() > 20
        with start_worker(server, tmp_path) as second:
            wait_until(lambda: not Email.objects.exclude(status=STATUS.sent).exists())
            second.terminate()

    subjects = Counter(re.search(rb"Subject: (.+)\r", mail)[1] for mail in server.received)
    assert len(subjects) == 50
    assert sum(subjects.values()) - 50 <= 10, "a batch at most is sent twice"
