"""How citizens came in, and why a platform's sign-ins were refused: counted in the journal.

No name is read: the kind, the means and the cause of each line, over thirty days. One query,
bounded by the index on the date, and kept a minute for whoever reloads the page.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache
from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import JournalEntry, JournalKind
from franceconnect import conf

CACHE_KEY, CACHE_SECONDS = "franceconnect.statistics", 60
DAY, MONTH = timedelta(hours=24), timedelta(days=30)
# Under this, a count could name somebody to whoever knows who tried.
FEW = 5
NO_MEANS = "moyen non précisé"
OTHER_REASON = "autre cause"
# By code of the journal, the first that fits.
REASONS = [
    (r"switched_off", "suspendu par la mairie"),
    (r"unknown_state|state_\w+|pending_expired|link_ended", "demande expirée ou déjà utilisée"),
    (r"code_refused", "demande expirée chez FranceConnect"),
    (r"session_changed", "session changée entre-temps"),
    (r"too_many_exchanges", "trop de connexions à la fois sur ce portail"),
    (
        r"token_endpoint_\d+|(http|discovery|jwks|userinfo)_[\dA-Z]\w*|answer_\w+|jwks_unreadable"
        r"|compressed_answer|unreadable_answer|server_error|temporarily_unavailable|unknown_error"
        r"|provider_unavailable",
        "la plateforme ne répond pas",
    ),
    (
        r"misconfigured|discovery_of_another_issuer|endpoint_\w+|invalid_\w+|unauthorized_client"
        r"|unsupported_response_type|token_(invalid|unauthorized|unsupported)_\w+",
        "réglage refusé par la plateforme",
    ),
    (r"agent", "la personne est agent"),
    (r"blocked", "accès à l’espace bloqué"),
    (r"linked_elsewhere|space_has_another|another_person", "déjà rattaché à une autre identité"),
    (r"counter_code\w*", "code de la mairie refusé"),
    (r"\w+_refused", "réponse dont l’identité n’est pas utilisable"),
    (
        r"\w+_(mismatch|malformed|expired|incomplete|unknown|too_low)|\w*token\w*|userinfo_\w+"
        r"|unknown_key|critical_header|issued_in_the_future|callback_\w+",
        "réponse qui n’est pas digne de confiance",
    ),
]


@dataclass(frozen=True)
class Figures:
    """One line of a table, over a day and over thirty; `few` stands for a small count."""

    label: str
    day: int
    month: int

    @property
    def day_words(self) -> str:
        return in_words(self.day)

    @property
    def month_words(self) -> str:
        return in_words(self.month)


@dataclass(frozen=True)
class Statistics:
    """Sign-ins by means; refusals by reason, by the label of each platform configured."""

    sign_ins: list[Figures]
    refusals: dict[str, list[Figures]]


def in_words(count: int) -> str:
    """The count, or « moins de 5 »; none is 0."""
    return f"moins de {FEW}" if 0 < count < FEW else str(count)


def reason_of(code: str) -> str:
    """Why a sign-in was refused, in an administrator's words, from the code of the journal."""
    return next((words for pattern, words in REASONS if re.fullmatch(pattern, code)), OTHER_REASON)


def statistics() -> Statistics:
    """Those of the last 24 hours and 30 days, at most a minute old."""
    return cache.get_or_set(CACHE_KEY, _counted, CACHE_SECONDS)


def _counted() -> Statistics:
    day, month = Counter(), Counter()
    for line in _lines():
        is_refusal = line["kind"] == JournalKind.SIGN_IN_REFUSED
        words = reason_of(line["code"]) if is_refusal else line["means"] or NO_MEANS
        key = (line["means"] if is_refusal else "", words)
        day[key] += line["day"]
        month[key] += line["month"]
    tables = {
        title: [
            Figures(words, day[key], count)
            for key, count in month.most_common()
            for words in key[1:]
            if key[0] == title
        ]
        for title in ("", *(platform.label for platform in conf.platforms()))
    }
    return Statistics(sign_ins=tables.pop(""), refusals=tables)


def _lines():
    """The journal's lines, added up: agents have their own door, and are not counted."""
    now = timezone.now()
    is_counted = Q(kind=JournalKind.SIGNED_IN) | Q(
        kind=JournalKind.SIGN_IN_REFUSED, means__in=conf.LABELS.values()
    )
    entries = JournalEntry.objects.filter(is_counted, at__gte=now - MONTH, actor__isnull=True)
    return (
        entries.order_by()
        .values("kind", "means", "code")
        .annotate(month=Count("pk"), day=Count("pk", filter=Q(at__gte=now - DAY)))
    )
