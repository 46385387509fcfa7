"""The security journal: one function writes it."""

import datetime
import secrets
from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from allauth.core import context
from django.db.models import QuerySet
from django.utils import timezone

from accounts.devices import device_label, network_label
from accounts.models import REFERENCE_ALPHABET, JournalEntry, JournalKind, User

BATCH = 500
# How far back a reference is looked for, by the date of the lines.
REFERENCE_LIFETIME = datetime.timedelta(days=90)


@dataclass(frozen=True)
class Origin:
    """From where somebody acts, in words they recognise (`accounts.devices`)."""

    device: str = ""
    network: str = ""


def new_incident_reference() -> str:
    """A short reference that a page shows, and that the journal and the log repeat."""
    return "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(8))


def people_told(reference: str) -> QuerySet[User]:
    """Whom a page showed this reference to, lately: they read it aloud to whoever helps them.

    Not the reference of what an agent did: that of a list is in the journal of all its people.
    """
    lately = timezone.now() - REFERENCE_LIFETIME
    lines = JournalEntry.objects.filter(at__gte=lately, reference=reference, actor=None)
    return User.objects.filter(pk__in=lines.values("citizen"))


def record(
    kind: JournalKind,
    *,
    citizen: User | None,
    means: str = "",
    code: str = "",
    reference: str = "",
    actor: User | None = None,
    capacity: str = "",
    reason: str = "",
    origin: Origin | None = None,
    at: datetime.datetime | None = None,
) -> JournalEntry:
    """Append one line. Nothing personal goes in `means`, `code`, `reference` or `capacity`.

    `actor` is the agent who acts on this citizen, `capacity` in which role, and `reason` (200
    characters) why: the citizen reads it. The device and the network of the request under way are
    the citizen's own, and are written for them alone. `origin` and `at` are for what happened in
    another request, and is written afterwards.
    """
    request = context.request if actor is None and citizen is not None else None
    origin = origin or (origin_of(request) if request else Origin())
    return JournalEntry.objects.create(
        at=at or timezone.now(),
        citizen=citizen,
        kind=kind,
        means=means,
        code=code,
        reference=reference,
        actor=actor,
        capacity=capacity,
        reason=reason,
        device=origin.device,
        network=origin.network,
    )


def record_for_each(
    kind: JournalKind, citizens: list[User], *, actor: User, capacity: str, **words: str
) -> None:
    """Append the same line for each of these citizens, about whom an agent does one thing."""
    now = timezone.now()
    JournalEntry.objects.bulk_create(
        (
            JournalEntry(
                at=now, kind=kind, citizen=citizen, actor=actor, capacity=capacity, **words
            )
            for citizen in citizens
        ),
        batch_size=BATCH,
    )


def record_own(kind: JournalKind, person: User, **facts) -> JournalEntry:
    """Append a line about what this person did themselves, from where the request comes.

    A citizen's is in their file; an agent's has no citizen, and names the agent.
    """
    if not person.is_staff:
        return record(kind, citizen=person, **facts)
    if context.request and facts.get("origin") is None:
        facts["origin"] = origin_of(context.request)
    return record(kind, citizen=None, actor=person, **facts)


def own_lines(person: User) -> QuerySet[JournalEntry]:
    """The lines of a citizen's file, or those about this agent."""
    if person.is_staff:
        return JournalEntry.objects.filter(actor=person, citizen=None)
    return person.journal.all()


def origin_of(request) -> Origin:
    """The device and the network that this request comes from."""
    return Origin(
        device=device_label(request.META.get("HTTP_USER_AGENT", "")),
        network=network_label(get_adapter().get_client_ip(request)),
    )
