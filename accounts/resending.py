"""Sending a mail again for its citizen: never one that held a code, nor its text to the agent.

Which may be is a list of names (RESENDABLE_MAILS), so that a new mail is not until somebody has
thought of it. What is sent is what was sent, to the addresses that the space has today.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from post_office.models import Email

from accounts import mail_journal, services
from accounts.credentials import locked
from accounts.desk import NothingDone, ensure_citizen
from accounts.files import Act, record_act
from accounts.models import JournalEntry, JournalKind, PersonalSpace
from accounts.own_mail import MESSAGE_HEADER, OWNER_HEADER, message_headers, owner_mark

# The same message twice within this: an agent pressed twice, or two of them did.
ONE_MAIL = timedelta(minutes=10)
# What says how things stand, and is not to be read once they stand otherwise.
STILL_TRUE = {
    "accounts/email/deletion_asked": lambda space: space.deletion_asked_at is not None,
    "accounts/email/deletion_started": lambda space: space.deletion_asked_at is not None,
    "accounts/email/deletion_cancelled": lambda space: space.deletion_asked_at is None,
    "accounts/email/deletion_stopped": lambda space: space.deletion_asked_at is None,
    "accounts/email/access_blocked": lambda space: not space.user.is_active,
    "accounts/email/access_restored": lambda space: space.user.is_active,
}


def resendable(space: PersonalSpace, entries: Iterable[JournalEntry]) -> set[int]:
    """The keys of those lines whose mail may be sent again, in one query at most.

    The journal holds no reference to the queue: a line has the template and the very moment of
    its mail, which stays there for a while (RETENTION_MAIL_DAYS).
    """
    wanted = [entry for entry in entries if _may_resend(space, entry)]
    if not wanted:
        return set()
    mails = _mails_of(space).filter(last_updated__in={entry.at for entry in wanted})
    kept = {(mail.headers[MESSAGE_HEADER], mail.last_updated) for mail in mails}
    return {entry.pk for entry in wanted if (entry.code, entry.at) in kept}


@transaction.atomic
def resend(space: PersonalSpace, act: Act, entry: JournalEntry) -> None:
    """Queue the mail of this line again, to every address of the space today.

    Raises NothingDone.
    """
    owner = locked(space.user)
    ensure_citizen(owner)
    mail, addresses = _mail_of(owner.space, entry), services.security_addresses(owner.space)
    if mail is None or not addresses:
        raise NothingDone("Ce courriel ne peut plus être renvoyé. Rien n’est parti.")
    since = timezone.now() - ONE_MAIL
    resent = owner.journal.filter(kind=JournalKind.MAIL_RESENT, code=entry.code, at__gt=since)
    if resent.exists():
        raise NothingDone("Ce courriel vient d’être renvoyé. Rien n’est parti une seconde fois.")
    for address in addresses:
        _queue(mail, address, {"space": owner.space, "means": entry.means})
    record_act(act, JournalKind.MAIL_RESENT, owner, code=entry.code, means=entry.means)


def _may_resend(space: PersonalSpace, entry: JournalEntry) -> bool:
    """Whether this message may leave again, as things stand."""
    is_true = STILL_TRUE.get(entry.code, lambda space: True)
    return entry.code in settings.RESENDABLE_MAILS and is_true(space)


def _mail_of(space: PersonalSpace, entry: JournalEntry) -> Email | None:
    if not _may_resend(space, entry):
        return None
    message = {f"headers__{MESSAGE_HEADER}": entry.code}
    return _mails_of(space).filter(last_updated=entry.at, **message).order_by("pk").first()


def _mails_of(space: PersonalSpace) -> QuerySet[Email]:
    """Marked with their owner: an address alone does not tell whose a mail is."""
    mine = {f"headers__{OWNER_HEADER}": owner_mark(space.user_id)}
    return Email.objects.filter(headers__has_key=MESSAGE_HEADER, **mine)


def _queue(mail: Email, address: str, context: dict) -> None:
    original, template = mail.email_message(), mail.headers[MESSAGE_HEADER]
    copy = EmailMultiAlternatives(
        original.subject,
        original.body,
        original.from_email,
        [address],
        headers=message_headers(template, context),
        alternatives=getattr(original, "alternatives", None),
    )
    copy.about = mail_journal.describe(template, context)
    copy.send()
