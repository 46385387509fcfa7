"""What time erases, category by category: counted first, then erased in short transactions.

Each row is locked, and chosen again under its lock: a run may be killed, started again, or meet
another one, without an error and without a mail sent twice.
"""

import datetime
import logging
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)

BATCH = 500


@dataclass(frozen=True)
class Outcome:
    """How many rows of a category are done with, and how many an error kept for the next run."""

    done: int
    failed: int

    def __add__(self, other):
        return Outcome(self.done + other.done, self.failed + other.failed)


def delete(model, keys: list) -> None:
    """Erase these rows and what hangs from them."""
    model._default_manager.filter(pk__in=keys).delete()


@dataclass(frozen=True)
class Category:
    """Rows whose time is over: `rows` says which, `act` what becomes of some of them.

    `label` is French, for whoever runs the purge; `act` receives the model and the locked keys.
    """

    name: str
    label: str
    rows: Callable[[], QuerySet]
    act: Callable[[type, list], None] = delete
    batch: int = BATCH

    def count(self) -> int:
        return self.rows().count()

    def run(
        self,
        progress: Callable[[Outcome], None] = lambda outcome: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Do all there is, batch by batch in the order of the keys; `progress` after each.

        It goes no further than the batch in hand once `stop` says so.
        """
        total, keys = Outcome(0, 0), self._keys_after(None)
        while keys and not stop():
            total += self._do(keys)
            progress(total)
            keys = self._keys_after(keys[-1])
        return total

    def _keys_after(self, last) -> list:
        rows = self.rows().order_by("pk")
        if last is not None:
            rows = rows.filter(pk__gt=last)
        return list(rows.values_list("pk", flat=True)[: self.batch])

    def _do(self, keys: list) -> Outcome:
        """One transaction; when it fails, one for each row, so that a single one is left behind."""
        try:
            return Outcome(self._do_at_once(keys), 0)
        except Exception as error:  # whatever it is: the others must go; its text may be personal
            if len(keys) == 1:
                logger.error("purge of %s failed: %s", self.name, type(error).__name__)  # noqa: TRY400
                return Outcome(0, 1)
        return sum((self._do([key]) for key in keys), Outcome(0, 0))

    @transaction.atomic
    def _do_at_once(self, keys: list) -> int:
        rows = self.rows().filter(pk__in=keys)
        locked = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))
        if locked:
            self.act(rows.model, locked)
        return len(locked)


def all_categories() -> list[Category]:
    """Those of every app, in the order of the setting."""
    paths = settings.RETENTION_CATEGORIES
    return [category for path in paths for category in import_string(path)()]


def days_ago(days: int) -> datetime.datetime:
    """So many days before now."""
    return timezone.now() - datetime.timedelta(days=days)


def months_ago(months: int) -> datetime.datetime:
    """So many calendar months before now."""
    return months_after(timezone.now(), -months)


def months_after(date: datetime.datetime, months: int) -> datetime.datetime:
    """The same day so many months later; the last of a month that is too short for it."""
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    day = min(date.day, monthrange(year, month + 1)[1])
    return date.replace(year=year, month=month + 1, day=day)
