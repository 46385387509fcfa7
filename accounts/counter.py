"""A code handed over at the town hall's counter: the agent has seen who stands there.

It opens one personal space to its owner: with a new e-mail (`accounts.counter_recovery`), or to
whom an identity provider certifies (a prepared space, a corrected civil status). It dies with use,
seven days, a newer code for the same space, the promotion or the blocking of its owner, the
blocking of an agent who gave it.

It undoes whatever its owner had chosen to keep others out. Where that was more than a password
(`credentials.strongly_protected`), two agents see the person, one after the other: one bad agent,
or one stolen agent's account, opens no such space.
"""

import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import journal, services
from accounts.credentials import locked, strongly_protected
from accounts.files import capacity_of
from accounts.models import (
    REFERENCE_ALPHABET,
    CounterCode,
    CounterCodeRequest,
    IdentityDocument,
    JournalEntry,
    JournalKind,
    PersonalSpace,
    User,
)

PERMISSION = "accounts.give_counter_code"
# Twelve letters of twenty-seven: 57 bits, for whoever would guess one that opens any space.
CODE_CHARACTERS, GROUP_CHARACTERS = 12, 4
# Far more than a counter needs; far fewer than a stolen agent's account would like.
CODES_OF_ONE_AGENT, ONE_DAY = 30, timedelta(days=1)
ASKED, GIVEN = JournalKind.COUNTER_CODE_ASKED, JournalKind.COUNTER_CODE_GIVEN
CANCELLED = "counter_cancelled"
MAILS = {ASKED: "accounts/email/counter_code_asked", GIVEN: "accounts/email/counter_code_given"}


class Refused(Exception):
    """No code was made, and nothing has changed."""


class SpaceCannotBeOpened(Refused):
    """This space belongs to an agent, or its access is blocked: no code may open it."""


class SecondAgentNeeded(Refused):
    """This space is strongly protected, and no other agent has seen its owner."""


class AskedAlready(Refused):
    """A code for this space waits for its second agent already."""


class TooManyCodes(Refused):
    """This agent has asked for, or handed over, as many codes as an agent may in a day."""


@transaction.atomic
def ask_code(space: PersonalSpace, *, agent: User, document: IdentityDocument) -> None:
    """The first agent has seen the owner of a strongly protected space: another one has to.

    `document` is what the agent was shown; its owner is told at once. Raises Refused.
    """
    space = _ready_space(space, agent)
    if waiting_request(space):
        raise AskedAlready
    CounterCodeRequest.objects.filter(space=space).delete()
    CounterCodeRequest.objects.create(space=space, asked_by=agent, document=document)
    _tell(ASKED, space, agent=agent, document=document)


@transaction.atomic
def give_code(space: PersonalSpace, *, agent: User, document: IdentityDocument) -> str:
    """A new code for this space, such as `7K3M-92QX-BCDF`, to hand over and never show again.

    `document` is what the agent was shown; its owner is told at once. Raises Refused: a strongly
    protected space needs the request of another agent, who still may.
    """
    space = _ready_space(space, agent)
    request = waiting_request(space)
    first = request.asked_by if request and request.asked_by != agent else None
    if first is None and needs_two_agents(space):
        raise SecondAgentNeeded
    code = _new_code()
    kill_codes([space.user])
    CounterCode.objects.filter(expires_at__lte=timezone.now()).delete()
    CounterCode.objects.create(
        space=space, asked_by=first, given_by=agent, document=document, code_digest=_digest(code)
    )
    _tell(GIVEN, space, agent=agent, document=document)
    return code


def needs_two_agents(space: PersonalSpace) -> bool:
    """Whether the owner of this space chose more than a password."""
    return strongly_protected().filter(pk=space.user_id).exists()


def waiting_requests() -> QuerySet[CounterCodeRequest]:
    """What waits for a second agent, oldest first. An agent blocked meanwhile asked for nothing."""
    waiting = CounterCodeRequest.objects.filter(
        expires_at__gt=timezone.now(),
        asked_by__is_active=True,
        asked_by__is_staff=True,
        space__user__is_active=True,
        space__user__is_staff=False,
    )
    return waiting.select_related("asked_by", "space__user").order_by("asked_at")


def waiting_request(space: PersonalSpace) -> CounterCodeRequest | None:
    """What waits for a second agent for this space, if who asked for it still may."""
    request = waiting_requests().filter(space=space).first()
    return request if request and request.asked_by.has_perm(PERMISSION) else None


def find_code(code: str) -> CounterCode | None:
    """The live code that these letters are, however they were typed; it stays good."""
    return _live().filter(code_digest=_digest(code)).first()


def live_code(pk: int) -> CounterCode | None:
    """The code found earlier in this browser, if nothing has ended it since."""
    return _live().filter(pk=pk).first()


def live_code_of(space: PersonalSpace) -> CounterCode | None:
    """The code that opens this space now, if there is one."""
    return _live().filter(space=space).first()


@transaction.atomic
def use_up(pk: int) -> PersonalSpace | None:
    """Use up the code found earlier, in the journal: its space, locked; None for a dead one."""
    if (found := live_code(pk)) is None:
        return None
    user = locked(found.space.user)
    # Read again under the lock. Deleting decides: of two requests with one code, one goes on.
    if not live_code(pk) or not CounterCode.objects.filter(pk=pk).delete()[0]:
        return None
    journal.record(JournalKind.COUNTER_CODE_USED, citizen=user)
    return user.space


@transaction.atomic
def redeem_code(pk: int) -> PersonalSpace | None:
    """As `use_up`, and every address of the space is told; None for a dead code."""
    space = use_up(pk)
    if space:
        services.notify(space, "accounts/email/counter_code_used", {"at": timezone.now()})
    return space


@transaction.atomic
def cancel_codes(space: PersonalSpace, *, agent: User | None = None) -> bool:
    """End what opens this space or waits for it, by an agent, or by its owner; False for nothing.

    Journalled as the end of what there was.
    """
    user = locked(space.user)
    given = CounterCode.objects.filter(space=space).delete()[0]
    asked = CounterCodeRequest.objects.filter(space=space).delete()[0]
    if not (given or asked):
        return False
    capacity = capacity_of(agent) if agent else ""
    kind = GIVEN if given else ASKED
    journal.record(kind, citizen=user, actor=agent, capacity=capacity, code=CANCELLED)
    return True


def kill_codes(citizens) -> None:
    """End the codes of these citizens' spaces, and the requests: a queryset or a list of users."""
    for model in (CounterCode, CounterCodeRequest):
        model.objects.filter(space__user__in=citizens).delete()


def is_never_opened(space: PersonalSpace) -> bool:
    """Whether its owner has no way in and has never been in: nothing but a file of the town's."""
    user = space.user
    return (
        not user.email
        and not user.has_usable_password()
        and user.last_login is None
        and not user.authenticator_set.exists()
    )


def _ready_space(space: PersonalSpace, agent: User) -> PersonalSpace:
    """This space, locked by its owner's row, if a code may be made for it by this agent.

    Everything that makes or uses a code locks that row first: two agents at once wait for each
    other, and neither waits for somebody who waits for them.
    """
    owner = locked(space.user)
    if owner.is_staff or not owner.is_active:
        raise SpaceCannotBeOpened
    acts = JournalEntry.objects.filter(actor=agent, kind__in=[ASKED, GIVEN], code="")
    if acts.filter(at__gt=timezone.now() - ONE_DAY).count() >= CODES_OF_ONE_AGENT:
        raise TooManyCodes
    return owner.space


def _tell(kind: JournalKind, space: PersonalSpace, *, agent: User, document: str) -> None:
    """To the journal, and at once to every address: somebody may be passing for them."""
    capacity, means = capacity_of(agent), IdentityDocument(document).label
    journal.record(kind, citizen=space.user, actor=agent, capacity=capacity, means=means)
    context = {"at": timezone.now(), "document": means, "agent_reference": agent.agent_reference}
    services.notify(space, MAILS[kind], context)


def _live() -> QuerySet[CounterCode]:
    """Codes that still open something. An agent who was blocked is trusted no more.

    Nor is one agent alone, when its owner has chosen more than a password since the code was given.
    """
    by_two = Q(asked_by__isnull=False, asked_by__is_active=True)
    by_one = Q(asked_by__isnull=True) & ~Q(space__user__in=strongly_protected())
    live = CounterCode.objects.filter(
        by_two | by_one,
        expires_at__gt=timezone.now(),
        space__user__is_active=True,
        space__user__is_staff=False,
        given_by__is_active=True,
    )
    return live.select_related("space__user")


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
