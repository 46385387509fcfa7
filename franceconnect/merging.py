"""What becomes of the links when the town hall makes two spaces one, or takes that back.

`accounts.merging` asks it (PROVIDER_MERGING), and learns no identifier by it. The rule: a space is
one person, so two spaces with two active identities of one platform are never made one.
"""

from collections.abc import Iterable

from accounts import services
from accounts.models import User
from franceconnect.linking import means_of
from franceconnect.models import Link


def lock_ties(citizens: Iterable[User]) -> None:
    """No sign-in, link or unlink changes the links of these citizens before the caller is done."""
    list(_active(citizens).select_for_update().order_by("pk").values_list("pk"))


def ties(citizens: Iterable[User]) -> dict[int, list[str]]:
    """The active links of each citizen, by their key, as agents read them: platform and level."""
    found: dict[int, list[str]] = {}
    for link in _active(citizens).order_by("created_at"):
        words = f"{means_of(link.issuer)} ({link.level})" if link.level else means_of(link.issuer)
        found.setdefault(link.citizen_id, []).append(words)
    return found


def two_persons(one: User, other: User) -> bool:
    """Whether one platform knows them as two: each has an active link with it."""
    issuers = list(_active([one, other]).values_list("issuer", flat=True))
    return len(issuers) != len(set(issuers))


def move(absorbed: User, survivor: User) -> list[int]:
    """Tie to `survivor` what was tied to `absorbed`; which links, to move them back one day."""
    links = _active([absorbed])
    moved = list(links.values_list("pk", flat=True))
    links.filter(pk__in=moved).update(citizen=survivor)
    return moved


def move_back(moved: list[int], *, survivor: User, absorbed: User) -> None:
    """Tie to `absorbed` again those that nobody ended since.

    Without any link left, the survivor's identity is certified no more.
    """
    _active([survivor]).filter(pk__in=moved).update(citizen=absorbed)
    if not _active([survivor]).exists():
        services.end_certification(survivor.space)


def _active(citizens: Iterable[User]):
    return Link.objects.active().filter(citizen__in=citizens)
