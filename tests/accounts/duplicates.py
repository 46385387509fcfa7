"""Pairs of the tests: two spaces of one person, and what an agent says of them."""

from django.utils import timezone

from accounts import duplicates, merging
from accounts.merge_plan import Wish, make_plan
from accounts.merging import Grounds
from accounts.models import Duplicate, DuplicateKind, Merge, User
from tests.accounts.factories import make_citizen

OLD, NEW = "ancien@rivemont.example", "nouveau@rivemont.example"
REASON = "Les deux espaces sont à la même personne."


def make_checked(email: str | None, **fields) -> User:
    """A citizen whose papers an agent has seen."""
    checked = {"identity_provenance": "counter", "identity_checked_at": timezone.now()}
    return make_citizen(email, **checked | fields)


def make_pair(one: User, other: User, **fields) -> Duplicate:
    first, second = sorted((one.space, other.space), key=lambda space: space.pk)
    kind = fields.pop("kind", DuplicateKind.SAME)
    return Duplicate.objects.create(first=first, second=second, kind=kind, **fields)


def merge(duplicate: Duplicate, agent: User, wish: Wish | None = None) -> Merge:
    """As the pages do: taken, previewed, confirmed."""
    wish = wish or Wish("first")
    duplicates.take(duplicate.pk, agent)
    pair = Duplicate.objects.select_related("first__user", "second__user").get(pk=duplicate.pk)
    shown = make_plan(*pair.spaces, wish).fingerprint()
    return merging.merge(
        duplicate.pk, wish, shown=shown, grounds=Grounds(agent, REASON, "passeport")
    )


def undo(duplicate: Duplicate, agent: User) -> tuple[str, ...]:
    return merging.undo(duplicate.pk, grounds=Grounds(agent, "Erreur de notre part."))
