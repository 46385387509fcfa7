"""The town hall's side: what agents see of citizens, and of each other."""

from accounts.admin.agents import AgentAdmin
from accounts.admin.counter import CounterCodeRequestAdmin
from accounts.admin.duplicates import DuplicateAdmin
from accounts.admin.journal import JournalEntryAdmin
from accounts.admin.people import PersonalSpaceAdmin

__all__ = [
    "AgentAdmin",
    "CounterCodeRequestAdmin",
    "DuplicateAdmin",
    "JournalEntryAdmin",
    "PersonalSpaceAdmin",
]
