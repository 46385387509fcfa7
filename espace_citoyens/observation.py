"""One request, followed through the proxy, the log, the database and the mail: its identifier."""

import logging
import re
import uuid
from contextlib import nullcontext

from django.conf import settings
from django.db import connection
from django.db.models.signals import post_save
from django.dispatch import receiver
from post_office.models import Email

from espace_citoyens.reports import current_request_id

HEADER = "X-Request-ID"
# What the proxy gives. Anything else could end a comment of SQL, or forge a line of the log.
SOUND = re.compile(r"[0-9a-fA-F-]{8,64}")

logger = logging.getLogger(__name__)


def identified(get_response):
    """Middleware: each request has the identifier of the proxy, or one of its own."""

    def middleware(request):
        given = request.headers.get(HEADER, "")
        request_id = given if SOUND.fullmatch(given) else uuid.uuid4().hex
        token = current_request_id.set(request_id)
        try:
            with _commented_statements():
                response = get_response(request)
        finally:
            current_request_id.reset(token)
        response[HEADER] = request_id
        return response

    return middleware


def _commented_statements():
    """In PostgreSQL's own log and activity, each statement then names the request it is for."""
    if not settings.COMMENTED_STATEMENTS:
        return nullcontext()
    return connection.execute_wrapper(_comment)


def _comment(execute, sql, params, many, context):
    return execute(f"{sql} /* request {current_request_id.get()} */", params, many, context)


@receiver(post_save, sender=Email)
def log_queued_mail(instance, created, **kwargs):
    """Which mail this request queued: the worker's table then says what became of it."""
    if created:
        logger.info("mail %s queued", instance.pk)
