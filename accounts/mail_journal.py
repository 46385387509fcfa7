"""What became of each mail about a space, in the journal of its citizen.

A mail is queued with what the journal will say of it; the line is written by the worker, once the
mail has left or has failed for good. The request that queues it does the same work whether or not
the address is somebody's.
"""

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from post_office.models import STATUS, Email

from accounts.models import JournalEntry, JournalKind, PersonalSpace, User
from accounts.own_mail import owner_pk

BATCH = 100
OUTCOMES = {STATUS.sent: JournalKind.MAIL_SENT, STATUS.failed: JournalKind.MAIL_FAILED}
# These name no citizen: theirs is whoever signs in with the address, or has proven that the town
# may write there. Who merely typed it as a contact must not learn what its owner receives.
TO_AN_ADDRESS = ("account/email/", "accounts/email/wrong_door")


def describe(template: str, context: dict) -> dict:
    """What the journal will say of a mail: which message (never its content), and whose it is."""
    citizen = owner_pk(context)
    return {
        "code": template,
        "means": str(context.get("means", "")),
        "citizen": citizen,
        "by_address": citizen is None and template.startswith(TO_AN_ADDRESS),
    }


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
    ids = {mail.context["citizen"] for mail in mails} - {None}
    addresses = {address for mail in mails if mail.context["by_address"] for address in _to(mail)}
    spaces = PersonalSpace.objects.alias(lower_contact=Lower("contact_email"))
    proven = spaces.filter(lower_contact__in=addresses, contact_email_verified_at__isnull=False)
    concerned = Q(pk__in=ids) | Q(email__in=addresses) | Q(pk__in=proven.values("user"))
    people = User.objects.filter(concerned, space__isnull=False).select_related("space")
    return list(people.select_for_update(of=("self",)))


def _citizens_of(mail, people: list[User]) -> list[User]:
    if mail.context["by_address"]:
        return [person for person in people if _proven_addresses(person) & _to(mail)]
    return [person for person in people if person.pk == mail.context["citizen"]]


def _proven_addresses(person: User) -> set[str]:
    contact = person.space.contact_email if person.space.contact_email_verified_at else ""
    return {person.email, contact.lower()} - {None, ""}


def _to(mail) -> set[str]:
    return {address.lower() for address in mail.to}


def _line(mail, citizen: User) -> JournalEntry:
    return JournalEntry(
        at=mail.last_updated,
        citizen=citizen,
        kind=OUTCOMES[mail.status],
        code=mail.context["code"][: JournalEntry._meta.get_field("code").max_length],
        means=mail.context["means"][: JournalEntry._meta.get_field("means").max_length],
    )
