"""The dashboard: what twelve months of the portal come to, week by week, and how it is now."""

import datetime
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Sum
from django.db.models.functions import TruncWeek
from django.utils import timezone
from post_office.models import STATUS, Email

from accounts.models import Duplicate, JournalKind
from espace_citoyens.charts import Curve, curves
from espace_citoyens.disclosure import Cell, Counts, alone, details, together
from espace_citoyens.models import DailyCount
from espace_citoyens.refusal_causes import CAUSES, OTHER_CAUSE, cause_of, is_outage
from franceconnect import conf, outage

WEEKS = 52
WEEK = datetime.timedelta(days=7)
# A mail that is well leaves in seconds: one that waits for so long has been refused at least once.
LATE = datetime.timedelta(hours=1)
FRANCECONNECT = frozenset(conf.LABELS.values())


@dataclass(frozen=True)
class Line:
    """How many lines of the journal a week has of one kind."""

    week: datetime.date
    kind: str
    means: str
    code: str
    count: int


@dataclass(frozen=True)
class Series:
    """One thing counted, each week of the year, oldest first, and over the whole of it."""

    title: str
    counts: Counts
    # By means or by cause, over the year.
    parts: Counter

    def details(self, names: Iterable[str]) -> list[tuple[str, Cell]]:
        """Its parts over the year, in the order of these names."""
        names = list(names)
        return list(zip(names, details([self.parts[n] for n in names], self.total), strict=True))

    @property
    def total(self) -> Cell:
        return self.counts.total


@dataclass(frozen=True)
class Chart:
    """Series that are read together: a drawing, and its table."""

    slug: str
    title: str
    weeks: list[datetime.date]
    series: list[Series]

    @cached_property
    def drawing(self) -> Curve | None:
        """The weeks that are over: this one would look like a fall. None when nothing may show."""
        return curves([series.counts.cells[:-1] for series in self.series], self.weeks[:-1])

    @property
    def rows(self):
        """The week, then the count of each series; the newest first."""
        columns = zip(*(series.counts.cells for series in self.series), strict=True)
        return reversed(list(zip(self.weeks, columns, strict=True)))


class Year:
    """Twelve months of counts, read in one query."""

    def __init__(self, today: datetime.date):
        first = today - datetime.timedelta(days=today.weekday()) - WEEK * (WEEKS - 1)
        self.weeks = [first + WEEK * number for number in range(WEEKS)]
        rows = DailyCount.objects.filter(day__gte=first).values(
            "kind", "means", "code", week=TruncWeek("day")
        )
        self.lines = [Line(**row) for row in rows.annotate(count=Sum("count")).order_by("week")]

    def series(
        self,
        title: str,
        kind: JournalKind,
        *,
        keeps: Callable[[Line], bool] = lambda line: True,
        part: Callable[[Line], str] = lambda line: line.means,
    ) -> Series:
        """The lines of this kind that `keeps` keeps, and what `part` says each is part of."""
        by_week, parts = Counter(), Counter()
        for line in self.lines:
            if line.kind == kind and keeps(line):
                by_week[line.week] += line.count
                parts[part(line)] += line.count
        return Series(title, together([by_week[week] for week in self.weeks]), parts)

    def chart(self, slug: str, title: str, *series: Series) -> Chart:
        return Chart(slug, title, self.weeks, list(series))


class Dashboard:
    """Everything the page shows; built in two queries, whatever the size of the journal."""

    def __init__(self):
        year = Year(timezone.localdate())
        kinds = JournalKind
        self.created = year.series("Espaces créés", kinds.SPACE_CREATED)
        self.by_franceconnect = year.series(
            "Par FranceConnect", kinds.SIGNED_IN, keeps=lambda line: line.means in FRANCECONNECT
        )
        self.otherwise = year.series(
            "Autrement", kinds.SIGNED_IN, keeps=lambda line: line.means not in FRANCECONNECT
        )
        self.linked = year.series("Espaces certifiés", kinds.LINKED)
        self.unlinked = year.series("Espaces dissociés", kinds.UNLINKED)
        self.refused = year.series(
            "Refus",
            kinds.SIGN_IN_REFUSED,
            keeps=lambda line: not is_outage(line.code),
            part=lambda line: cause_of(line.code),
        )
        self.outages = year.series(
            "Pannes", kinds.SIGN_IN_REFUSED, keeps=lambda line: is_outage(line.code)
        )
        self.failed_mail = year.series("Courriels non distribués", kinds.MAIL_FAILED)
        self.charts = [
            year.chart("crees", "Espaces créés", self.created),
            year.chart("connexions", "Connexions", self.by_franceconnect, self.otherwise),
            year.chart("liens", "Certifications", self.linked, self.unlinked),
            year.chart("refus", "Connexions refusées ou empêchées", self.refused, self.outages),
            year.chart("courriels", "Courriels non distribués", self.failed_mail),
        ]

    @property
    def share(self) -> int | None:
        """How many sign-ins of a hundred were by FranceConnect; None when it may not be told."""
        ours, others = self.by_franceconnect.total.value, self.otherwise.total.value
        if ours is None or others is None or not ours + others:
            return None
        return round(100 * ours / (ours + others))

    @property
    def means(self) -> list[tuple[str, Cell]]:
        """The sign-ins of the year by what opened the space."""
        return [
            line
            for series in (self.by_franceconnect, self.otherwise)
            for line in series.details(sorted(series.parts))
        ]

    @property
    def causes(self) -> list[tuple[str, Cell]]:
        """The refusals of the year by cause; those that never happened are left out."""
        names = [name for name in [*CAUSES, OTHER_CAUSE] if self.refused.parts[name]]
        return self.refused.details(names)

    @cached_property
    def late_mail(self) -> Cell:
        """Mails that have waited for an hour or more."""
        waiting = Email.objects.filter(status__in=[STATUS.queued, STATUS.requeued])
        return alone(waiting.filter(created__lt=timezone.now() - LATE).count())

    @cached_property
    def duplicates(self) -> Cell:
        """Pairs of spaces that wait for an agent."""
        return alone(Duplicate.objects.waiting().count())

    @property
    def platforms(self) -> list[tuple[str, bool]]:
        """Each platform of the portal, and whether it has stopped answering."""
        return [(platform.label, outage.is_down(platform)) for platform in conf.platforms()]
