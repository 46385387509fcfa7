"""Two spaces of one person made one by an agent, and taken back for seven days.

What opens the space that stays is what opened it before: its login e-mail, password, passkeys and
second factor. Of the other space, only the ties with an identity provider come over, when the
provider does not know two persons: they are bound to somebody, while a password or a passkey is
anybody's who holds it. The other space is set aside whole: it opens to nobody.

Everybody locks in this order: the pair, both users by key, their ties, their spaces.
"""

import json
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import codes, counter, duplicates, journal, sealed, services
from accounts.credentials import locked, read_credentials
from accounts.files import capacity_of
from accounts.merge_plan import CONTACT, GROUPS, Plan, Wish, make_plan, packed, unpacked
from accounts.merge_rules import MergeRefused, opens, providers, refusal_of, refusal_to_undo
from accounts.models import Duplicate, DuplicateState, JournalKind, Merge, PersonalSpace, User

PURPOSE = "accounts.merging"


@dataclass(frozen=True)
class Grounds:
    """Who decides, and on what: `document` is what the agent was shown, `reason` is journalled."""

    agent: User
    reason: str
    document: str = ""


# --- Making two spaces one ---


@transaction.atomic
def merge(pk: int, wish: Wish, *, shown: str, grounds: Grounds) -> Merge:
    """Make this pair one space, as the preview of fingerprint `shown` said.

    Raises MergeRefused, and what `duplicates.held` does.
    """
    duplicate = duplicates.held(pk, grounds.agent)
    plan = make_plan(*_lock(duplicate), wish)
    if code := refusal_of(plan):
        raise MergeRefused(code)
    if plan.fingerprint() != shown:
        raise MergeRefused("changed")
    told = _addresses(plan.survivor, plan.absorbed)
    made = _set_aside(duplicate, plan, grounds.agent)
    duplicates.settle(duplicate, DuplicateState.MERGED)
    _record(JournalKind.SPACES_MERGED, made, grounds)
    _tell(made, "accounts/email/spaces_merged", told)
    return made


@sensitive_variables()
def _set_aside(duplicate: Duplicate, plan: Plan, agent: User) -> Merge:
    """Write the plan, close what opened the absorbed space, and seal what it takes to undo."""
    survivor, absorbed, values = plan.survivor, plan.absorbed, plan.values()
    before = {
        "opened": [opens([space.user], by=space.user) for space in (survivor, absorbed)],
        "values": packed({name: getattr(survivor, name) for name in values}),
        "set": packed(values),
        "moved": providers().move(absorbed.user, survivor.user),
    }
    _write(survivor, values)
    absorbed.user.is_active = False
    absorbed.user.save(update_fields=["is_active"])
    _close_everything(survivor.user, absorbed.user)
    return Merge.objects.create(
        duplicate=duplicate,
        survivor=survivor,
        absorbed=absorbed,
        merged_by=agent,
        reference=journal.new_incident_reference(),
        before=sealed.seal(PURPOSE, json.dumps(before)),
    )


def _lock(duplicate: Duplicate) -> tuple[PersonalSpace, PersonalSpace]:
    """Both spaces with their users, first then second, as nobody else changes them any more."""
    keys = sorted((duplicate.first.user_id, duplicate.second.user_id))
    users = {key: locked(User(pk=key)) for key in keys}
    providers().lock_ties(users.values())
    pks = [duplicate.first_id, duplicate.second_id]
    rows = PersonalSpace.objects.select_for_update().filter(pk__in=pks).order_by("pk")
    first, second = rows
    for space in (first, second):
        space.user = users[space.user_id]
        space.user.space = space
    return first, second


def _write(space: PersonalSpace, values: dict) -> None:
    for name, value in values.items():
        setattr(space, name, value)
    space.save(update_fields=[*values])


def _close_everything(*users: User) -> None:
    """Sessions and codes were somebody's who was shown one space: they open neither now."""
    for user in users:
        user.end_sessions()
    codes.kill_codes(users)
    counter.kill_codes(users)


# --- Taking it back ---


@dataclass(frozen=True)
class Undoing:
    """What an undo would do: `restored` and `kept` are groups (keys of merge_plan.GROUPS).

    Kept is what its owner, or an agent, has changed since: it is theirs, and stays.
    """

    values: dict
    restored: tuple[str, ...]
    kept: tuple[str, ...]


def undoing_of(made: Merge) -> Undoing:
    """What undoing this merge now would restore. Raises MergeRefused when it cannot be read."""
    return _undoing(made.survivor, _unsealed(made))


def _undoing(survivor: PersonalSpace, state: dict) -> Undoing:
    before, written = state["values"], state["set"]
    now = packed({name: getattr(survivor, name) for name in before})
    values, restored, kept = {}, [], []
    for group, names in {**GROUPS, "contact": CONTACT}.items():
        if all(before[name] == written[name] for name in names):
            continue
        is_as_merged = all(now[name] == written[name] for name in names)
        (restored if is_as_merged else kept).append(group)
        if is_as_merged:
            values |= {name: before[name] for name in names}
    shown = [tuple(group for group in groups if group in GROUPS) for groups in (restored, kept)]
    return Undoing(unpacked(values), *shown)


@sensitive_variables()
def _unsealed(made: Merge) -> dict:
    try:
        return json.loads(sealed.unseal(PURPOSE, made.before))
    except sealed.Unreadable:
        raise MergeRefused("unreadable") from None


@transaction.atomic
def undo(pk: int, *, grounds: Grounds) -> tuple[str, ...]:
    """Make both spaces what they were; the groups that changed since, and stay as they are.

    `pk` is that of the pair. Raises MergeRefused; whoever had a way in has one after.
    """
    duplicate = duplicates.lock(pk)
    made = Merge.objects.filter(duplicate=duplicate).first()
    if made is None:
        raise MergeRefused("undone")
    spaces = {space.pk: space for space in _lock(duplicate)}
    made.survivor, made.absorbed = spaces[made.survivor_id], spaces[made.absorbed_id]
    if code := refusal_to_undo(made):
        raise MergeRefused(code)
    told = _addresses(made.survivor, made.absorbed)
    undoing = _restore(made)
    duplicates.settle(duplicate, DuplicateState.UNDONE)
    _record(JournalKind.MERGE_UNDONE, made, grounds)
    _tell(made, "accounts/email/merge_undone", _addresses(made.survivor, made.absorbed) | told)
    made.delete()
    return undoing.kept


def _restore(made: Merge) -> Undoing:
    survivor, absorbed = made.survivor, made.absorbed
    state = _unsealed(made)
    undoing = _undoing(survivor, state)
    _write(survivor, undoing.values)
    absorbed.user.is_active = True
    absorbed.user.save(update_fields=["is_active"])
    users = {"survivor": survivor.user, "absorbed": absorbed.user}
    providers().move_back(state["moved"], **users)
    _close_everything(*users.values())
    opened = [opens([user], by=user) for user in users.values()]
    if any(did and not does for did, does in zip(state["opened"], opened, strict=True)):
        raise MergeRefused("no_way_in_after")
    return undoing


# --- Journal and mail ---


def _record(kind: JournalKind, made: Merge, grounds: Grounds) -> None:
    for space in (made.survivor, made.absorbed):
        journal.record(
            kind,
            citizen=space.user,
            means=grounds.document,
            reference=made.reference,
            actor=grounds.agent,
            capacity=capacity_of(grounds.agent),
            reason=grounds.reason,
        )


def _addresses(*spaces: PersonalSpace) -> dict[str, PersonalSpace]:
    """Each address of these spaces today, and whose it is: the first's when they share it."""
    return {
        address: space
        for space in reversed(spaces)
        for address in services.security_addresses(space)
    }


def _tell(made: Merge, template: str, told: dict[str, PersonalSpace]) -> None:
    """Every address that either space had before or has now, once.

    Whoever holds one must be able to say that it is wrong. Each reads the name of their own space.
    """
    context = {
        "made": made,
        "summary": read_credentials(made.survivor.user).summary(),
        "at": timezone.now(),
    }
    for address, space in told.items():
        own = {"space": space, "is_absorbed": space == made.absorbed}
        services.send_mail(template, address, context | own)
