"""The security journal: one function writes it."""

import secrets

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
) -> JournalEntry:
    """Append one line. Nothing personal goes in `means`, `code` or `reference`."""
    return JournalEntry.objects.create(
        citizen=citizen, kind=kind, means=means, code=code, reference=reference
    )
