"""Spaces that may be, or were made, one person's: to give, to erase, to forget after seven days."""

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import erasure
from accounts.export_sections import address_of, contact_of, identity_of
from accounts.models import Duplicate, JournalEntry, Merge, PersonalSpace, User
from accounts.models.duplicate import UNDO_LIFETIME
from accounts.privacy import Section
from accounts.retention import Category


def sections(user: User) -> list[Section]:
    """What was compared to this space (not to whose), and the spaces set aside for it, whole."""
    pairs = Duplicate.objects.filter(Q(first__user=user) | Q(second__user=user))
    data = {
        "possible_duplicates": [
            {"kind": pair.kind, "state": pair.state, "found_at": pair.found_at}
            for pair in pairs.order_by("-found_at", "pk")
        ],
        "set_aside": [_set_aside(made) for made in _merges_of(user)],
    }
    title = "Comparaisons et réunions d’espaces"
    return [Section("duplicates", title, "accounts/export/_duplicates.html", data)]


def _merges_of(user: User) -> QuerySet[Merge]:
    merges = Merge.objects.filter(survivor__user=user).select_related("absorbed__user")
    return merges.order_by("-merged_at")


def _set_aside(made: Merge) -> dict:
    space = made.absorbed
    return {
        "reference": space.reference,
        "merged_at": made.merged_at,
        "undo_until": made.undo_until,
        "login_email": space.user.email,
        "identity": identity_of(space),
        "contact": contact_of(space),
        "address": address_of(space),
    }


def erase(users: list[User]) -> None:
    """The spaces set aside for theirs: they are these persons' too."""
    set_aside = User.objects.filter(space__merged_into__survivor__user__in=users)
    others = list(set_aside.exclude(pk__in=[user.pk for user in users]).select_related("space"))
    if others:
        erasure.erase(others, erasure.MERGED)


def categories() -> list[Category]:
    """Spaces set aside: nobody can take that back any more."""
    days = UNDO_LIFETIME.days
    label = f"espaces réunis à un autre depuis {days} jours"
    return [Category("merges", label, _over, _forget, batch=20)]


def _over() -> QuerySet[Duplicate]:
    """The pairs, which an undo locks first too."""
    return Duplicate.objects.filter(merge__merged_at__lte=timezone.now() - UNDO_LIFETIME)


@transaction.atomic
def _forget(model, keys: list) -> None:
    """Erase the spaces set aside; what happened to them stays in the journal of their person."""
    merges = Merge.objects.filter(duplicate__in=keys).select_related("survivor", "absorbed__user")
    absorbed = []
    for made in merges:
        _keep_journal(made.absorbed, of=made.survivor)
        made.absorbed.user.space = made.absorbed
        absorbed.append(made.absorbed.user)
    erasure.erase(absorbed, erasure.MERGED)


def _keep_journal(space: PersonalSpace, *, of: PersonalSpace) -> None:
    """Its lines are told to whoever it belonged to: a sign-in by a thief must not go with it."""
    lines = list(JournalEntry.objects.filter(citizen=space.user_id))
    for line in lines:
        line.pk, line.citizen_id = None, of.user_id
    JournalEntry.objects.bulk_create(lines, batch_size=500)
