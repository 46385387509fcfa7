"""The queue of outgoing mail: django-post-office's, with texts taken as they are."""

import copy

from post_office import EmailBackend


class QueueBackend(EmailBackend):
    """Queues what Django sends.

    django-post-office compiles every subject and body as a template. They are rendered already,
    and hold names that people chose: one named `{% include … %}` would be obeyed.
    """

    def send_messages(self, email_messages):
        """Queue these messages, none of whose words is an instruction; how many were sent."""
        return super().send_messages([_inert(message) for message in email_messages or []])


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
