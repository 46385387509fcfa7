"""The queue of outgoing mail: django-post-office's, with texts taken as they are."""

import copy
from contextvars import ContextVar

from django.db.models.signals import pre_save
from django.dispatch import receiver
from post_office import EmailBackend
from post_office.models import Email

# What the journal will say of the message being queued (see accounts.mail_journal).
_about: ContextVar[dict | None] = ContextVar("about", default=None)


class QueueBackend(EmailBackend):
    """Queues what Django sends.

    django-post-office compiles every subject and body as a template. They are rendered already,
    and hold names that people chose: one named `{% include … %}` would be obeyed.
    """

    def send_messages(self, email_messages):
        """Queue these messages, none of whose words is an instruction; how many were sent."""
        return sum(self._queue(message) for message in email_messages or [])

    def _queue(self, message) -> int:
        token = _about.set(getattr(message, "about", None))
        try:
            return super().send_messages([_inert(message)])
        finally:
            _about.reset(token)


@receiver(pre_save, sender=Email)
def _keep_what_it_is_about(instance, **kwargs):
    """In the row itself: a query of its own would tell by its time whose mail is journalled.

    `context` serves the templates of django-post-office, which this portal does not use.
    """
    if instance.pk is None and (about := _about.get()):
        instance.context = about


def _inert(message):
    quoted = copy.copy(message)
    quoted.subject, quoted.body = _literal(message.subject), _literal(message.body)
    quoted.alternatives = [
        (_literal(content), mimetype) for content, mimetype in getattr(message, "alternatives", [])
    ]
    return quoted


def _literal(text: str) -> str:
    """A template that gives `text` back: without its braces, nothing in it can open a tag."""
    return text.replace("{", "{% templatetag openbrace %}")
