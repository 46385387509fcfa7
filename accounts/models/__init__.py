"""The citizen, their personal space and its journal."""

from accounts.models.journal import JournalEntry, JournalEntryQuerySet, JournalKind
from accounts.models.space import (
    REFERENCE_ALPHABET,
    Gender,
    PersonalSpace,
    Provenance,
    new_reference,
)
from accounts.models.user import User, UserManager

__all__ = [
    "REFERENCE_ALPHABET",
    "Gender",
    "JournalEntry",
    "JournalEntryQuerySet",
    "JournalKind",
    "PersonalSpace",
    "Provenance",
    "User",
    "UserManager",
    "new_reference",
]
