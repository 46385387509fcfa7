"""Agents and the file of a citizen: who finds, opens or changes one is journalled for them."""

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


@transaction.atomic
def record_search(agent: User, *, kinds: str, found: list[User]) -> None:
    """This agent searched by these kinds of criterion, and has these citizens on screen.

    A line for the search, which never holds what was typed, and one for each citizen found; not a
    second one for whoever was found by the same agent a few minutes ago.
    """
    capacity = capacity_of(agent)
    journal.record(JournalKind.SEARCHED, citizen=None, actor=agent, capacity=capacity, code=kinds)
    seen = JournalEntry.objects.filter(
        kind=JournalKind.FILE_FOUND,
        actor=agent,
        citizen__in=found,
        at__gte=timezone.now() - ONE_VISIT,
    )
    seen = set(seen.order_by().values_list("citizen", flat=True))
    new = [citizen for citizen in found if citizen.pk not in seen]
    journal.record_for_each(JournalKind.FILE_FOUND, new, actor=agent, capacity=capacity)


def _record(kind: JournalKind, agent: User, citizen: User) -> None:
    journal.record(kind, citizen=citizen, actor=agent, capacity=capacity_of(agent))
