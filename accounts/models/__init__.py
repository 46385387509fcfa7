"""The citizen, their personal space, its journal and its codes; the names of places."""

from accounts.models.attempts import FailedSignIn
from accounts.models.codes import CodePurpose, OneTimeCode
from accounts.models.counter import CounterCode, CounterCodeRequest, IdentityDocument
from accounts.models.duplicate import Duplicate, DuplicateKind, DuplicateState, Merge
from accounts.models.export import DataExport
from accounts.models.invitation import AgentInvitation
from accounts.models.journal import JournalEntry, JournalEntryQuerySet, JournalKind
from accounts.models.places import Commune, Country
from accounts.models.space import (
    REFERENCE_ALPHABET,
    Gender,
    PersonalSpace,
    Provenance,
    new_reference,
)
from accounts.models.typed import TypedForm
from accounts.models.user import User, UserManager

__all__ = [
    "REFERENCE_ALPHABET",
    "AgentInvitation",
    "CodePurpose",
    "Commune",
    "CounterCode",
    "CounterCodeRequest",
    "Country",
    "DataExport",
    "Duplicate",
    "DuplicateKind",
    "DuplicateState",
    "FailedSignIn",
    "Gender",
    "IdentityDocument",
    "JournalEntry",
    "JournalEntryQuerySet",
    "JournalKind",
    "Merge",
    "OneTimeCode",
    "PersonalSpace",
    "Provenance",
    "TypedForm",
    "User",
    "UserManager",
    "new_reference",
]
