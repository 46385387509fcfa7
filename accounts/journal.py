"""The security journal: one function writes it."""

import secrets

from allauth.account.adapter import get_adapter
from allauth.core import context

from accounts.devices import device_label, network_label
from accounts.models import REFERENCE_ALPHABET, JournalEntry, JournalKind, User


def new_incident_reference() -> str:
    """A short reference that a page shows, and that the journal and the log repeat."""
    return "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(8))


def record(
    kind: JournalKind,
    *,
    citizen: User | None,
    means: str = "",
    code: str = "",
    reference: str = "",
    actor: User | None = None,
    capacity: str = "",
) -> JournalEntry:
    """Append one line. Nothing personal goes in `means`, `code`, `reference` or `capacity`.

    `actor` is the agent who acts on this citizen, and `capacity` in which role. The device and
    the network of the request under way are the citizen's own, and are written for them alone.
    """
    request = context.request if actor is None and citizen is not None else None
    return JournalEntry.objects.create(
        citizen=citizen,
        kind=kind,
        means=means,
        code=code,
        reference=reference,
        actor=actor,
        capacity=capacity,
        **(_origin(request) if request else {}),
    )


def _origin(request) -> dict[str, str]:
    return {
        "device": device_label(request.META.get("HTTP_USER_AGENT", "")),
        "network": network_label(get_adapter().get_client_ip(request)),
    }
