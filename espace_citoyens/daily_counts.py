"""The journal, day by day, in numbers: what the dashboard reads instead of a million lines."""

import datetime

from django.db import transaction
from django.db.models import Count, Max, Min
from django.utils import timezone

from accounts.models import JournalEntry, JournalKind
from espace_citoyens.models import DailyCount

COUNTED = [
    JournalKind.SPACE_CREATED,
    JournalKind.SIGNED_IN,
    JournalKind.SIGN_IN_REFUSED,
    JournalKind.LINKED,
    JournalKind.UNLINKED,
    JournalKind.MAIL_FAILED,
]
# Twelve months on the dashboard, and the weeks that they begin and end in.
KEPT = datetime.timedelta(days=400)
DAY = datetime.timedelta(days=1)


def count_days() -> None:
    """Count the days since the last one counted, that one and the day before included.

    A line may be written the day after what it tells. The first time, every day of the journal is
    counted. Done again, or begun again after a stop, it gives the same numbers.
    """
    today = timezone.localdate()
    day = _first_day(today)
    while day <= today:
        _count(day)
        day += DAY
    DailyCount.objects.filter(day__lt=today - KEPT).delete()


def _first_day(today: datetime.date) -> datetime.date:
    last = DailyCount.objects.aggregate(day=Max("day"))["day"]
    if last:
        return last - DAY
    oldest = JournalEntry.objects.aggregate(at=Min("at"))["at"]
    return max(timezone.localdate(oldest), today - KEPT) if oldest else today


@transaction.atomic
def _count(day: datetime.date) -> None:
    """The numbers of this day of the town, in the place of those there were."""
    start, end = (
        timezone.make_aware(datetime.datetime.combine(date, datetime.time()))
        for date in (day, day + DAY)
    )
    lines = JournalEntry.objects.filter(at__gte=start, at__lt=end, kind__in=COUNTED)
    # A line with an agent and no citizen is about the agent.
    lines = lines.exclude(actor__isnull=False, citizen__isnull=True).order_by()
    counts = lines.values("kind", "means", "code").annotate(count=Count("pk"))
    DailyCount.objects.filter(day=day).delete()
    DailyCount.objects.bulk_create(DailyCount(day=day, **values) for values in counts)
