"""`manage.py worker`: sends the queued mail and does the periodic work, until it is stopped."""

import fcntl
import logging
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections, connection
from django.utils import timezone
from post_office.mail import get_queued, send_queued
from post_office.models import STATUS, Email

from accounts import duplicates, failed_sign_ins, mail_journal
from accounts.exports import make_waiting_exports
from accounts.open_sessions import end_dead_sessions
from accounts.retention import all_categories
from accounts.typed import forget_expired
from espace_citoyens import backups
from espace_citoyens.daily_counts import count_days

logger = logging.getLogger(__name__)

PAUSE = 2
HOUR = 3600
# Between two tries of a mail: a minute, then twice as long each time, an hour at most. With
# POST_OFFICE["MAX_RETRIES"], five days in all (RFC 5321 §4.5.4.1): no outage of a night loses one.
LONGEST_WAIT = timedelta(hours=1)
EXPORTS_PAUSE = 10
DUPLICATES_PAUSE = 30
COUNTS_PAUSE = 10 * 60


@dataclass
class Task:
    """Something to do every `period` seconds, whose failure stops nothing else."""

    name: str
    run: Callable[[], None]
    period: float
    due: float = 0

    def run_if_due(self) -> None:
        """Do it now if its time has come. An error is told by its class: its text may be personal.

        (An SMTP refusal, for instance, quotes the address it refuses.)
        """
        if time.monotonic() < self.due:
            return
        self.due = time.monotonic() + self.period
        try:
            self.run()
        except Exception as error:  # whatever it is, the next mail must still leave
            logger.error("%s failed: %s", self.name, type(error).__name__)  # noqa: TRY400


class Command(BaseCommand):
    help = "Envoie les courriels en attente et fait le travail périodique, jusqu’à son arrêt."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="fait un seul tour, puis s’arrête")

    def handle(self, *, once: bool, **options):
        stop = threading.Event()
        keep_post_office_quiet()
        with only_worker(), signals_set(stop):
            logger.info("worker started")
            work(stop, once=once)
            logger.info("worker stopped")


def work(stop: threading.Event, *, once: bool = False) -> None:
    """Do what is due, then again every PAUSE seconds until `stop` is set."""
    tasks = [
        # Before the mail, which it adds to.
        Task("failed sign-ins", failed_sign_ins.follow_up, period=0),
        Task("mail", lambda: send_mail(stop), period=0),
        # What a worker that was killed had sent and not journalled.
        Task("journal of mail", mail_journal.record_outcomes, period=HOUR),
        Task("expired sessions", clear_sessions, period=HOUR),
        Task("exports", make_waiting_exports, period=EXPORTS_PAUSE),
        Task("duplicates", duplicates.compare_changed, period=DUPLICATES_PAUSE),
        Task("all duplicates", lambda: duplicates.sweep(stop.is_set), period=24 * HOUR),
        # Before the purge: it may be the last trace of a mistake.
        Task("backup", back_up, period=HOUR),
        # Before the purge, which takes lines that are not counted yet.
        Task("daily counts", count_days, period=COUNTS_PAUSE),
        Task("purge", lambda: purge(stop), period=24 * HOUR),
    ]
    while not stop.is_set():
        close_old_connections()
        for task in tasks:
            task.run_if_due()
        if once:
            break
        stop.wait(PAUSE)


def send_mail(stop: threading.Event) -> None:
    """Send what is queued, batch by batch; the batch in hand is finished when `stop` is set."""
    while not stop.is_set() and get_queued().exists():
        started = timezone.now()
        sent, failed, requeued = send_queued()
        logger.info("mail: %d sent, %d failed, %d to try again", sent, failed, requeued)
        postpone_retries(since=started)
        mail_journal.record_outcomes()


def postpone_retries(*, since: datetime) -> None:
    """Space out the tries of what was refused `since` then: post_office knows one interval only."""
    refused = list(Email.objects.filter(status=STATUS.requeued, last_updated__gte=since))
    for mail in refused:
        mail.scheduled_time = mail.last_updated + wait_before_retry(mail.number_of_retries)
    Email.objects.bulk_update(refused, ["scheduled_time"])


def wait_before_retry(tries: int) -> timedelta:
    """How long after its `tries` first failures a mail is tried again."""
    return min(timedelta(minutes=2 ** min(tries - 1, 6)), LONGEST_WAIT)


def clear_sessions() -> None:
    """End and erase the sessions whose time is up, and what was typed in them and left."""
    end_dead_sessions()
    forget_expired()
    call_command("clearsessions")


def back_up() -> None:
    """Make the backup of the day, once, where one is wanted."""
    if path := backups.make_if_due(timezone.now()):
        logger.info("backup made: %s", path.name)


def purge(stop: threading.Event) -> None:
    """Erase what is over its time (docs/conservation.md), and warn those who must be.

    The first run of an old portal is long: mail goes on between two batches, and so does a stop,
    after which the next run goes on from there.
    """
    for category in all_categories():
        outcome = category.run(progress=lambda _: send_mail(stop), stop=stop.is_set)
        if outcome.done:
            logger.info("purge of %s: %d", category.name, outcome.done)


def keep_post_office_quiet() -> None:
    """Its log lines carry the SMTP error, hence addresses, and it writes each one twice."""
    post_office = logging.getLogger("post_office")
    post_office.handlers.clear()
    post_office.setLevel(logging.WARNING)
    post_office.addFilter(without_traceback)


def without_traceback(record: logging.LogRecord) -> bool:
    """Leave of an exception its class alone; every record goes on."""
    if record.exc_info:
        record.msg = f"{record.getMessage()} ({record.exc_info[0].__name__})"
        record.args, record.exc_info, record.exc_text = None, None, None
    return True


@contextmanager
def only_worker():
    """Hold the lock of this database's worker on this machine: two would send each mail twice.

    The kernel frees it if the worker is killed; post_office's own lock file would stay, and in a
    container, where process numbers come back, nothing would ever be sent again.
    """
    settings = connection.settings_dict
    database = f"{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    name = f"espace-citoyens-worker-{sha256(database.encode()).hexdigest()[:16]}.lock"
    with (Path(tempfile.gettempdir()) / name).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError("Un autre worker travaille déjà sur cette base.") from None
        yield


@contextmanager
def signals_set(stop: threading.Event):
    """SIGTERM and Ctrl-C set `stop`: what is being sent is finished first."""
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
