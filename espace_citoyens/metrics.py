"""Figures for a monitoring system, in OpenMetrics, from every process of this server.

Several processes share a folder, PROMETHEUS_MULTIPROC_DIR, where each keeps its own (see
gunicorn.conf.py). No figure names a person, an address or a path that holds an identifier.
"""

import os
import time

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpResponse
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from accounts.models import JournalEntry
from espace_citoyens import health

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
ANSWERS = Counter("portail_answers", "Answers, by page and status.", ["page", "status"])
SECONDS = Histogram("portail_seconds", "Time of an answer, by page.", ["page"], buckets=BUCKETS)
JOURNAL = Counter("portail_journal", "Lines of the security journal, by kind.", ["kind"])


def measured(get_response):
    """Middleware: count and time each answer, by the name of its page."""

    def middleware(request):
        began = time.perf_counter()
        response = get_response(request)
        match = request.resolver_match
        page = (match.view_name if match else "") or "unknown"
        ANSWERS.labels(page, response.status_code).inc()
        SECONDS.labels(page).observe(time.perf_counter() - began)
        return response

    return middleware


@receiver(post_save, sender=JournalEntry)
def count_line(instance, created, **kwargs):
    """Sign-ins, refusals, links…: what the journal keeps, counted."""
    JOURNAL.labels(instance.kind).inc()


class MailQueue:
    """Computed when it is asked for, by whichever process answers."""

    def collect(self):
        """The age of the oldest mail that is due."""
        yield GaugeMetricFamily(
            "portail_mail_queue_seconds",
            "Age of the oldest mail that should have left.",
            value=health.mail_queue_seconds(),
        )


@login_not_required
def metrics(request):
    """The figures, for machines inside: what comes through a proxy is from outside.

    Every proxy adds X-Forwarded-For, and no visitor can take it away.
    """
    if "X-Forwarded-For" in request.headers:
        raise PermissionDenied
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _registry():
    registry = CollectorRegistry()
    registry.register(MailQueue())
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)
    else:
        for collector in (ANSWERS, SECONDS, JOURNAL):
            registry.register(collector)
    return registry
