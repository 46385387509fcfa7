"""The citizen, their personal space, its journal and its codes."""

from accounts.models.codes import CodePurpose, OneTimeCode
from accounts.models.export import DataExport
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
    "CodePurpose",
    "DataExport",
    "Gender",
    "JournalEntry",
    "JournalEntryQuerySet",
    "JournalKind",
    "OneTimeCode",
    "PersonalSpace",
    "Provenance",
    "User",
    "UserManager",
    "new_reference",
]
