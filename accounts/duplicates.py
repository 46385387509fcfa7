"""The queue of probable duplicates: how a pair comes in, who works on it, how it is put away.

Nothing here is done in a citizen's request: the worker compares, in small batches.
"""

from collections.abc import Callable, Iterable

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import journal
from accounts.files import capacity_of
from accounts.likeness import UNKNOWN, likeness, may_be_one_day
from accounts.models import (
    Duplicate,
    DuplicateKind,
    DuplicateState,
    JournalKind,
    PersonalSpace,
    Provenance,
    User,
)
from accounts.models.duplicate import LOCK_LIFETIME
from accounts.models.space import TO_COMPARE

BATCH = 200
# Somebody who opens a hundred spaces in one name fills neither the queue nor the worker's day.
MOST_OF_ONE_SPACE = 20
LAST = "99"


class NotYours(Exception):
    """A colleague is at work on this pair (`holder`), or nobody has taken it yet."""

    def __init__(self, holder: User | None = None):
        super().__init__("not yours")
        self.holder = holder


class AlreadyDecided(Exception):
    """This pair waits for nobody any more: dismissed, or merged."""


# --- How a pair comes in ---


def note(one: PersonalSpace, other: PersonalSpace, kind: DuplicateKind) -> None:
    """These two may be one person's: once a pair, and never again once it was dismissed."""
    _keep([(one, other, kind)])


def compare_changed() -> int:
    """Compare the spaces created or changed since they last were, the oldest first; how many."""
    spaces = list(_comparable().filter(TO_COMPARE).order_by("identity_provenance_at")[:BATCH])
    _compare(spaces)
    return len(spaces)


def sweep(stop: Callable[[], bool] = lambda: False) -> None:
    """Compare everybody with everybody born on the same day, batch by batch, until `stop`."""
    after = 0
    while not stop():
        spaces = list(_comparable().filter(pk__gt=after).order_by("pk")[:BATCH])
        if not spaces:
            break
        _compare(spaces)
        after = spaces[-1].pk


def _comparable() -> QuerySet[PersonalSpace]:
    """Of citizens who may come in. Not what somebody declared in a sign-up that nobody proved."""
    unproven = Q(
        identity_provenance=Provenance.DECLARED,
        identity_checked_at=None,
        user__email=None,
        user__last_login=None,
    )
    citizens = PersonalSpace.objects.filter(
        birthdate_text__regex=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        user__is_staff=False,
        user__is_active=True,
        deletion_asked_at=None,
    )
    return citizens.exclude(unproven)


@transaction.atomic
def _compare(spaces: list[PersonalSpace]) -> None:
    """Two queries, whoever they are; what is found is written, and the spaces marked."""
    if not spaces:
        return
    now = timezone.now()
    born = [_born_as(text) for text in {space.birthdate_text for space in spaces}]
    others = list(_comparable().filter(_any_of(born)).order_by("birthdate_text", "pk"))
    by_day: dict[str, list[PersonalSpace]] = {}
    for other in others:
        by_day.setdefault(other.birthdate_text, []).append(other)
    _keep(pair for space in spaces for pair in _pairs_of(space, by_day))
    # What changed while this was read is compared again.
    keys = [space.pk for space in spaces]
    PersonalSpace.objects.filter(pk__in=keys).update(compared_at=now)


def _pairs_of(space: PersonalSpace, by_day: dict) -> list[tuple]:
    days = [day for day in by_day if may_be_one_day(day, space.birthdate_text)]
    others = (other for day in days for other in by_day[day] if other.pk != space.pk)
    found = [(space, other, kind) for other in others if (kind := likeness(space, other))]
    return found[:MOST_OF_ONE_SPACE]


def _born_as(text: str) -> Q:
    """The dates of birth that may be this one, by the index: a known one has four writings."""
    year, month, day = text.split("-")
    exact = Q(birthdate_text__in={f"{year}-{m}-{d}" for m in (month, UNKNOWN) for d in (day, "00")})
    if UNKNOWN not in (month, day):
        return exact
    first, last = (f"{year}-00-00", f"{year}-{LAST}-{LAST}")
    if month != UNKNOWN:
        first, last = f"{year}-{month}-00", f"{year}-{month}-{LAST}"
    return exact | Q(birthdate_text__gte=first, birthdate_text__lte=last)


def _any_of(conditions: list[Q]) -> Q:
    found = Q(pk__in=[])
    for condition in conditions:
        found |= condition
    return found


def _keep(pairs: Iterable[tuple]) -> None:
    rows = []
    for one, other, kind in pairs:
        first, second = sorted((one.pk, other.pk))
        rows.append(Duplicate(first_id=first, second_id=second, kind=kind))
    Duplicate.objects.bulk_create(rows, ignore_conflicts=True)


# --- Who works on a pair ---


def lock(pk: int) -> Duplicate:
    """This pair, which no other agent changes before this transaction ends.

    Whoever decides about a pair locks this row first, then its owners: two at once wait here.
    Its agent is read afterwards: PostgreSQL joins what a row named before it waited for it.
    """
    rows = Duplicate.objects.select_for_update(of=("self",))
    return rows.select_related("first__user", "second__user").get(pk=pk)


@transaction.atomic
def take(pk: int, agent: User) -> None:
    """This agent is at work on the pair for the next fifteen minutes.

    Raises NotYours while a colleague is, and AlreadyDecided.
    """
    duplicate = lock(pk)
    _check_waiting(duplicate)
    if duplicate.holder not in (None, agent):
        raise NotYours(duplicate.holder)
    now = timezone.now()
    if duplicate.holder != agent:
        duplicate.locked_at = now
    duplicate.locked_by, duplicate.locked_until = agent, now + LOCK_LIFETIME
    duplicate.save(update_fields=["locked_by", "locked_at", "locked_until"])


def leave(pk: int, agent: User) -> None:
    """This agent is at work on the pair no more; that of a colleague stays theirs."""
    free = {"locked_by": None, "locked_at": None, "locked_until": None}
    Duplicate.objects.filter(pk=pk, locked_by=agent).update(**free)


def held(pk: int, agent: User) -> Duplicate:
    """The pair that this agent has taken, locked: for whoever is about to decide.

    Raises NotYours (a colleague's, or fifteen minutes have passed) and AlreadyDecided.
    """
    duplicate = lock(pk)
    _check_waiting(duplicate)
    if duplicate.holder != agent:
        raise NotYours(duplicate.holder)
    return duplicate


def settle(duplicate: Duplicate, state: DuplicateState) -> None:
    """What became of this locked pair; nobody is at work on it any more."""
    duplicate.state = state
    duplicate.locked_by = duplicate.locked_at = duplicate.locked_until = None
    duplicate.save(update_fields=["state", "locked_by", "locked_at", "locked_until"])


def _check_waiting(duplicate: Duplicate) -> None:
    if not duplicate.is_waiting:
        raise AlreadyDecided


@transaction.atomic
def dismiss(pk: int, *, agent: User, reason: str) -> None:
    """Two persons, for ever. Both read in their journal who compared them, and why.

    Raises NotYours and AlreadyDecided.
    """
    duplicate = held(pk, agent)
    settle(duplicate, DuplicateState.DISMISSED)
    for space in duplicate.spaces:
        journal.record(
            JournalKind.DUPLICATE_DISMISSED,
            citizen=space.user,
            actor=agent,
            capacity=capacity_of(agent),
            reason=reason,
        )
