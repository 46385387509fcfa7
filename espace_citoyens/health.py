"""What machines ask of the portal, and what people read when a part of it is away."""

import secrets
import sys

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min, Q
from django.http import HttpResponse, JsonResponse
from django.template.loader import get_template
from django.utils import timezone
from django.views.decorators.cache import never_cache
from post_office.models import STATUS, Email
from redis import exceptions as redis

# The database or the shared cache is away: it will be back, and nothing is wrong with the request.
AWAY = (OperationalError, InterfaceError, redis.ConnectionError, redis.TimeoutError)
RETRY_SECONDS = 60


@login_not_required
def live(request):
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@never_cache
def ready(request):
    """Whether this process may be given visitors: 200, or 503 and what it lacks, as JSON.

    `mail_queue_seconds` is the age of the oldest mail that should have left: the worker's affair,
    which takes no visitor away from here.
    """
    try:
        lacking = [name for name, is_there in CHECKS.items() if not is_there()]
        answer = {"lacking": lacking, "mail_queue_seconds": mail_queue_seconds()}
    except AWAY as error:
        answer = {"lacking": [type(error).__module__.split(".")[0]]}
    return JsonResponse(answer, status=503 if answer["lacking"] else 200)


def has_migrated() -> bool:
    """Whether the database has every table that this code knows; true for ever once it is."""
    if not _migrated:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _migrated.append(True)
    return True


def has_cache() -> bool:
    """Whether the cache gives back what it was given."""
    value = secrets.token_hex(8)
    cache.set("espace_citoyens.ready", value, 10)
    return cache.get("espace_citoyens.ready") is not None


_migrated: list[bool] = []
CHECKS = {"migrations": has_migrated, "cache": has_cache}


def mail_queue_seconds() -> int:
    """How long the oldest mail that is due has been waiting, 0 without one."""
    now = timezone.now()
    is_due = Q(scheduled_time=None) | Q(scheduled_time__lte=now)
    waiting = Email.objects.filter(is_due, status__in=[STATUS.queued, STATUS.requeued])
    oldest = waiting.aggregate(oldest=Min("created"))["oldest"]
    return int((now - oldest).total_seconds()) if oldest else 0


def server_error(request):
    """The page of an error: of ours, or of a database that is away for a moment (503).

    It asks nothing of the request: its session and its user may be what cannot be read.
    """
    if isinstance(sys.exc_info()[1], AWAY):
        page = get_template("503.html").render()
        return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_SECONDS)})
    return HttpResponse(get_template("500.html").render(), status=500)
