"""Agents and the file of a citizen: who opens or changes one is journalled, for its citizen."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import journal
from accounts.models import JournalEntry, JournalKind, User

# Leafing through the pages of one file is opening it once.
ONE_VISIT = timedelta(minutes=5)
# Of an agent in no group: whoever looks after the portal itself.
WITHOUT_GROUP = "administration"


@dataclass(frozen=True)
class Act:
    """What an agent does to a file is theirs, for a `reason` (200 characters) that they typed.

    The citizen reads the reason in Mon activité.
    """

    agent: User
    reason: str


def capacity_of(agent: User) -> str:
    """In which role this agent acts: the names of their groups."""
    names = agent.groups.order_by("name").values_list("name", flat=True)
    longest = JournalEntry._meta.get_field("capacity").max_length
    return ", ".join(names)[:longest] or WITHOUT_GROUP


@transaction.atomic
def record_opening(agent: User, citizen: User) -> None:
    """This agent has this citizen's file on screen; one line for a visit of a few minutes."""
    visit = citizen.journal.filter(
        kind=JournalKind.FILE_OPENED, actor=agent, at__gte=timezone.now() - ONE_VISIT
    )
    if not visit.exists():
        _record(JournalKind.FILE_OPENED, agent, citizen)


def record_change(agent: User, citizen: User) -> None:
    """This agent has changed something in this citizen's file; every change is a line."""
    _record(JournalKind.FILE_CHANGED, agent, citizen)


def record_act(
    act: Act, kind: JournalKind, citizen: User, *, means: str = "", code: str = ""
) -> None:
    """What this agent did to this citizen's file, in which capacity and why."""
    journal.record(
        kind,
        citizen=citizen,
        means=means,
        code=code,
        actor=act.agent,
        capacity=capacity_of(act.agent),
        reason=act.reason,
    )


def _record(kind: JournalKind, agent: User, citizen: User) -> None:
    journal.record(kind, citizen=citizen, actor=agent, capacity=capacity_of(agent))
