"""Spaces of this town whose civil status is the one that FranceConnect certifies (rows 7 and 8).

An equal civil status opens nothing: it only tells which proof to ask for.
"""

from enum import Enum, auto

from django.db.models import Q

from accounts import duplicates
from accounts.counter import is_never_opened
from accounts.models import DuplicateKind, PersonalSpace, Provenance
from franceconnect.identity import PivotIdentity
from franceconnect.models import Link


class Match(Enum):
    """What the town already knows of a civil status."""

    NOTHING = auto()
    PREPARED = auto()  # one space, checked at the counter, that nobody has ever opened
    POSSIBLE_DUPLICATE = auto()  # one opened space, or several


def match_of(identity: PivotIdentity) -> Match:
    """Which of rows 5, 7 and 8 this identity is in."""
    spaces = _spaces_of(identity)
    if _only_prepared(spaces):
        return Match.PREPARED
    return Match.POSSIBLE_DUPLICATE if spaces else Match.NOTHING


def prepared_space(identity: PivotIdentity) -> PersonalSpace | None:
    """The one space that the counter prepared for this person, if it still waits for them."""
    return _only_prepared(_spaces_of(identity))


def note_duplicates(space: PersonalSpace, identity: PivotIdentity) -> None:
    """Row 8: somebody certified has made a new space beside one of the same civil status.

    For the agents' queue alone: they were asked the questions of row 5, and see nothing of it.
    """
    for other in _spaces_of(identity):
        if other.pk != space.pk:
            duplicates.note(space, other, DuplicateKind.CERTIFIED)


def _spaces_of(identity: PivotIdentity) -> list[PersonalSpace]:
    """Citizens' spaces of this very civil status: few are born on a day, their names compared.

    Not what somebody declared in a sign-up that nobody proved: anybody makes thousands of those,
    on one birthday, for its people to wait while they are read.
    """
    born_that_day = PersonalSpace.objects.filter(
        birthdate_text=identity.birthdate_text, user__is_staff=False
    )
    unproven = Q(
        identity_provenance=Provenance.DECLARED,
        identity_checked_at=None,
        user__email=None,
        user__last_login=None,
    )
    born_that_day = born_that_day.exclude(unproven).select_related("user")
    return [space for space in born_that_day if identity.equals(space)]


def _only_prepared(spaces: list[PersonalSpace]) -> PersonalSpace | None:
    """The prepared one, when no other space is certain to be the same person's.

    A declared civil status is no certainty: a stranger who typed it in a space of their own must
    not stand between somebody and what the town hall prepared for them.
    """
    certain = [space for space in spaces if _is_checked(space) or space.is_certified]
    if len(certain) != 1 or not _is_prepared(certain[0]):
        return None
    return certain[0]


def _is_checked(space: PersonalSpace) -> bool:
    """Whether an agent has seen the papers of its owner."""
    is_from_counter = space.identity_provenance == Provenance.COUNTER
    return is_from_counter or space.identity_checked_at is not None


def _is_prepared(space: PersonalSpace) -> bool:
    return (
        _is_checked(space)
        and space.user.is_active
        and is_never_opened(space)
        and not Link.objects.filter(citizen=space.user).exists()
    )
