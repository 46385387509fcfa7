"""A sign-in, whatever opened it: its line in the journal, and a mail when the device is new."""

from datetime import timedelta

from allauth.core import context
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from accounts import journal, services
from accounts.journal import Origin
from accounts.models import JournalKind, User

# How long a device and a network stay known. Longer than this, nothing here reads the journal.
KNOWN_FOR = timedelta(days=183)


@transaction.atomic
def record_sign_in(user: User, *, means: str) -> None:
    """Journal this sign-in; tell every address of the space when it comes from somewhere new.

    Every way in calls this, so that none forgets. New is a pair of device and network that opened
    nothing in the last six months. The very first sign-in, which follows the creation of the
    space, surprises nobody.
    """
    origin = journal.origin_of(context.request) if context.request else Origin()
    if origin != Origin() and _is_new(user, origin):
        _tell(user, means=means, origin=origin)
    journal.record(JournalKind.SIGNED_IN, citizen=user, means=means, origin=origin)


def _is_new(user: User, origin: Origin) -> bool:
    oldest = timezone.now() - KNOWN_FOR
    same = Q(device=origin.device, network=origin.network)
    found = user.journal.filter(kind=JournalKind.SIGNED_IN, at__gte=oldest).aggregate(
        all=Count("pk"), same=Count("pk", filter=same)
    )
    is_first = not found["all"] and user.date_joined >= oldest
    return not found["same"] and not is_first


def _tell(user: User, *, means: str, origin: Origin) -> None:
    facts = {"timestamp": timezone.now(), "means": means, "origin": origin, "user": user}
    services.notify(user.space, "accounts/email/new_device", facts)
