"""What became of each mail about a space, in the journal of its citizen.

A mail is queued with what the journal will say of it; the line is written by the worker, once the
mail has left or has failed for good. The request that queues it does the same work whether or not
the address is somebody's.
"""

from django.db import transaction
from django.db.models import Q
from post_office.models import STATUS, Email

from accounts.models import JournalEntry, JournalKind, User

BATCH = 100
OUTCOMES = {STATUS.sent: JournalKind.MAIL_SENT, STATUS.failed: JournalKind.MAIL_FAILED}
# allauth names no citizen with its codes: theirs is whoever signs in with the address.
TO_A_LOGIN = "account/email/"


def describe(template: str, context: dict) -> dict:
    """What the journal will say of a mail: which message (never its content), and whose it is.

    Whose: the `user`, `space`, `citizen` or `citizens` of its context.
    """
    people = [context.get("user"), context.get("citizen"), *context.get("citizens", [])]
    ids = {person.pk for person in people if person is not None}
    if space := context.get("space"):
        ids.add(space.user_id)
    about = {"code": template, "means": str(context.get("means", "")), "citizens": sorted(ids)}
    return about | {"is_to_login": not ids and template.startswith(TO_A_LOGIN)}


def record_outcomes() -> None:
    """Journal the mails whose outcome is known and not told yet; each is told once."""
    while _record_batch() == BATCH:
        pass


@transaction.atomic
def _record_batch() -> int:
    known = Email.objects.filter(status__in=OUTCOMES, context__isnull=False)
    mails = list(known.select_for_update().order_by("pk")[:BATCH])
    if mails:
        people = _people_of(mails)
        lines = {}
        for mail in mails:
            for citizen in _citizens_of(mail, people):
                line = _line(mail, citizen)
                # A notice to both addresses of a space is one message to its citizen.
                lines.setdefault((citizen.pk, line.kind, line.code, line.means), line)
        JournalEntry.objects.bulk_create(lines.values())
        Email.objects.filter(pk__in=[mail.pk for mail in mails]).update(context=None)
    return len(mails)


def _people_of(mails) -> list[User]:
    """Everybody these mails may be about; some may have been erased meanwhile."""
    ids = {pk for mail in mails for pk in mail.context.get("citizens", [])}
    logins = {mail.to[0].lower() for mail in mails if mail.context.get("is_to_login") and mail.to}
    people = User.objects.filter(Q(pk__in=ids) | Q(email__in=logins), space__isnull=False)
    return list(people.select_for_update(of=("self",)))


def _citizens_of(mail, people: list[User]) -> list[User]:
    if mail.context.get("is_to_login"):
        return [person for person in people if person.email in map(str.lower, mail.to)]
    return [person for person in people if person.pk in mail.context.get("citizens", [])]


def _line(mail, citizen: User) -> JournalEntry:
    return JournalEntry(
        at=mail.last_updated,
        citizen=citizen,
        kind=OUTCOMES[mail.status],
        code=mail.context["code"][: JournalEntry._meta.get_field("code").max_length],
        means=mail.context["means"][: JournalEntry._meta.get_field("means").max_length],
    )
