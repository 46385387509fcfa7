"""A code handed over at the town hall's counter: the agent has seen who stands there.

It opens one personal space to one person whom an identity provider certifies: somebody whose
space was prepared at the counter, or whose civil status was corrected. It dies with use, seven
days, a newer code for the same space, the promotion of its owner.
"""

import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import journal, services
from accounts.files import capacity_of
from accounts.models import (
    REFERENCE_ALPHABET,
    CounterCode,
    IdentityDocument,
    JournalKind,
    PersonalSpace,
    User,
)

# Twelve letters of twenty-seven: 57 bits, for whoever would guess one that opens any space.
CODE_CHARACTERS, GROUP_CHARACTERS = 12, 4


class SpaceCannotBeOpened(Exception):
    """This space belongs to an agent, or its access is blocked: no code may open it."""


@transaction.atomic
def give_code(space: PersonalSpace, *, agent: User, document: IdentityDocument) -> str:
    """A new code for this space, such as `7K3M-92QX-BCDF`, to hand over and never show again.

    `document` is what the agent was shown. Raises SpaceCannotBeOpened.
    """
    # Two agents at once: the second waits here, then replaces the code of the first.
    space = PersonalSpace.objects.select_for_update(of=("self",)).get(pk=space.pk)
    owner = space.user
    if owner.is_staff or not owner.is_active:
        raise SpaceCannotBeOpened
    code = _new_code()
    kill_codes([owner])
    CounterCode.objects.filter(expires_at__lte=timezone.now()).delete()
    CounterCode.objects.create(
        space=space, given_by=agent, document=document, code_digest=_digest(code)
    )
    journal.record(
        JournalKind.COUNTER_CODE_GIVEN,
        citizen=owner,
        actor=agent,
        capacity=capacity_of(agent),
        means=IdentityDocument(document).label,
    )
    return code


def find_code(code: str) -> CounterCode | None:
    """The live code that these letters are, however they were typed; it stays good."""
    return _live().filter(code_digest=_digest(code)).first()


def live_code(pk: int) -> CounterCode | None:
    """The code found earlier in this browser, if nothing has ended it since."""
    return _live().filter(pk=pk).first()


@transaction.atomic
def redeem_code(pk: int) -> PersonalSpace | None:
    """Use up the code found earlier: its space, told by mail and journal; None for a dead one."""
    found = live_code(pk)
    # Deleting decides: of two requests with the right code, one goes on.
    if found is None or not CounterCode.objects.filter(pk=pk).delete()[0]:
        return None
    space = found.space
    journal.record(JournalKind.COUNTER_CODE_USED, citizen=space.user)
    services.notify(space, "accounts/email/counter_code_used", {"at": timezone.now()})
    return space


def kill_codes(citizens) -> None:
    """End the codes of these citizens' spaces: a queryset or a list of users."""
    CounterCode.objects.filter(space__user__in=citizens).delete()


def is_never_opened(space: PersonalSpace) -> bool:
    """Whether its owner has no way in and has never been in: nothing but a file of the town's."""
    user = space.user
    return (
        not user.email
        and not user.has_usable_password()
        and user.last_login is None
        and not user.authenticator_set.exists()
    )


def _live():
    return CounterCode.objects.filter(
        expires_at__gt=timezone.now(), space__user__is_active=True, space__user__is_staff=False
    ).select_related("space__user")


def _new_code() -> str:
    letters = "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(CODE_CHARACTERS))
    return "-".join(
        letters[start : start + GROUP_CHARACTERS]
        for start in range(0, CODE_CHARACTERS, GROUP_CHARACTERS)
    )


def _digest(code: str) -> str:
    """Letters alone count: people leave out the dashes, and type in lower case."""
    letters = "".join(character for character in code.upper() if character.isalnum())
    return salted_hmac("accounts.counter.code", letters, algorithm="sha256").hexdigest()
