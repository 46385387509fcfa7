import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path
from smtplib import SMTPRecipientsRefused

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone
from post_office.models import STATUS, Email

from accounts import exports
from accounts.models import DataExport, JournalEntry, JournalKind
from espace_citoyens.management.commands import worker
from espace_citoyens.models import DailyCount
from tests.accounts.factories import make_citizen

ROOT = Path(__file__).parents[2]
ADDRESS = "ines.perrer@rivemont.example"

pytestmark = pytest.mark.django_db(transaction=True)


class RefusingBackend(EmailBackend):
    """An SMTP server that refuses the address, and quotes it in its error."""

    def send_messages(self, messages):
        raise SMTPRecipientsRefused({ADDRESS: (550, f"no such user {ADDRESS}".encode())})


@pytest.fixture(autouse=True)
def _own_locks(monkeypatch, tmp_path):
    """The lock of each worker goes away with its test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def _refusing_server(settings):
    settings.POST_OFFICE = settings.POST_OFFICE | {
        "BACKENDS": {"default": f"{__name__}.RefusingBackend"}
    }


def queue_mail(**fields) -> Email:
    values = {"from_email": "mairie@rivemont.example", "to": [ADDRESS], "subject": "Votre code"}
    return Email.objects.create(
        **values | {"message": "123456", "status": STATUS.queued, "priority": 1} | fields
    )


def test_sends_the_queued_mail():
    queued = queue_mail()

    call_command("worker", "--once")

    queued.refresh_from_db()
    assert queued.status == STATUS.sent
    assert [message.to for message in mail.outbox] == [[ADDRESS]]


@pytest.mark.usefixtures("_refusing_server")
def test_a_refused_mail_is_tried_again_later():
    queued = queue_mail()

    call_command("worker", "--once")

    queued.refresh_from_db()
    assert queued.status == STATUS.requeued
    assert queued.scheduled_time > timezone.now()


@pytest.mark.usefixtures("_refusing_server")
def test_logs_neither_addresses_nor_bodies(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    queue_mail()

    call_command("worker", "--once")

    captured = capfd.readouterr()
    written = (
        captured.out
        + captured.err
        + "".join(
            f"{record.getMessage()} {record.exc_text} {record.exc_info}"
            for record in caplog.records
        )
    )
    assert "SMTPRecipientsRefused" in written
    assert ADDRESS not in written
    assert "123456" not in written


def test_goes_on_after_a_database_error(caplog, monkeypatch):
    expired = Session.objects.create(
        session_key="k" * 32, expire_date=timezone.now() - timedelta(days=1)
    )

    def fail():
        raise OperationalError("could not connect as somebody")

    monkeypatch.setattr(worker, "get_queued", fail)
    call_command("worker", "--once")

    assert "mail failed: OperationalError" in caplog.messages
    assert not Session.objects.filter(pk=expired.pk).exists()


def test_keeps_sessions_that_are_alive():
    alive = Session.objects.create(
        session_key="k" * 32, expire_date=timezone.now() + timedelta(hours=1)
    )

    call_command("worker", "--once")

    assert Session.objects.filter(pk=alive.pk).exists()


def test_deletes_mail_older_than_thirty_days():
    old, recent = queue_mail(status=STATUS.sent), queue_mail(status=STATUS.sent)
    Email.objects.filter(pk=old.pk).update(created=timezone.now() - timedelta(days=31))
    Email.objects.filter(pk=recent.pk).update(created=timezone.now() - timedelta(days=29))

    call_command("worker", "--once")

    assert list(Email.objects.all()) == [recent]


def test_purges_every_category(monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    JournalEntry.objects.create(kind=JournalKind.SIGNED_IN, at=timezone.now() - timedelta(days=400))

    call_command("worker", "--once")

    assert not JournalEntry.objects.exists()
    assert "purge of journal: 1" in caplog.messages


def test_mail_goes_on_while_a_long_purge_runs(monkeypatch):
    sent = []
    monkeypatch.setattr(worker, "send_mail", lambda stop: sent.append(1))
    JournalEntry.objects.create(kind=JournalKind.SIGNED_IN, at=timezone.now() - timedelta(days=400))

    worker.purge(threading.Event())

    assert sent == [1]


def test_a_stop_leaves_the_purge_for_the_next_start():
    stop = threading.Event()
    stop.set()
    JournalEntry.objects.create(kind=JournalKind.SIGNED_IN, at=timezone.now() - timedelta(days=400))

    worker.purge(stop)

    assert JournalEntry.objects.count() == 1


def test_makes_the_copies_asked_for():
    exports.ask_export(make_citizen())

    call_command("worker", "--once")

    assert DataExport.objects.get().made_at


def test_periodic_work_waits_for_its_hour():
    runs = []
    task = worker.Task("count", lambda: runs.append(1), period=worker.HOUR)

    task.run_if_due()
    task.run_if_due()

    assert runs == [1]


def test_a_second_worker_on_the_same_database_is_refused():
    with worker.only_worker(), pytest.raises(CommandError, match="Un autre worker"):
        call_command("worker", "--once")


def test_finishes_the_mail_in_hand_when_stopped(monkeypatch):
    stop = threading.Event()
    deliver = EmailBackend.send_messages

    def deliver_and_stop(backend, messages):
        stop.set()
        return deliver(backend, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", deliver_and_stop)
    queued = queue_mail()

    worker.work(stop)

    queued.refresh_from_db()
    assert queued.status == STATUS.sent


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_on_a_signal_even_when_the_database_is_not_ready(tmp_path, number):
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3",
        "DJANGO_SETTINGS_MODULE": "espace_citoyens.settings",
        "TMPDIR": str(tmp_path),
    }
    with subprocess.Popen(
        [sys.executable, "manage.py", "worker"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        next(line for line in process.stderr if "mail failed" in line)
        process.send_signal(number)
        last_line = process.stderr.readlines()[-1]

    assert process.returncode == 0
    assert "worker stopped" in last_line


def test_counts_the_days_of_the_dashboard():
    JournalEntry.objects.create(kind=JournalKind.SIGNED_IN, means="FranceConnect")

    call_command("worker", "--once")

    assert DailyCount.objects.get().means == "FranceConnect"
