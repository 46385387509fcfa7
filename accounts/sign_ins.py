"""A sign-in, whatever opened it: its line in the journal, and a mail when the device is new."""

from datetime import timedelta

from allauth.core import context
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from accounts import agent_mail, journal, services
from accounts.journal import Origin
from accounts.models import JournalKind, User

# How long a device and a network stay known. Longer than this, nothing here reads the journal.
KNOWN_FOR = timedelta(days=183)
NEW_DEVICE_OF_AGENT = "Connexion à l’administration depuis un nouvel appareil"


@transaction.atomic
def record_sign_in(user: User, *, means: str) -> None:
    """Journal this sign-in; tell its owner, at every address, when it comes from somewhere new.

    Every way in calls this, so that none forgets. New is a pair of device and network that opened
    nothing in the last six months. The very first sign-in, which follows the creation of the
    space, surprises nobody.
    """
    origin = journal.origin_of(context.request) if context.request else Origin()
    if origin != Origin() and _is_new(user, origin):
        _tell(user, means=means, origin=origin)
    journal.record_own(JournalKind.SIGNED_IN, user, means=means, origin=origin)


def _is_new(user: User, origin: Origin) -> bool:
    oldest = timezone.now() - KNOWN_FOR
    same = Q(device=origin.device, network=origin.network)
    found = (
        journal.own_lines(user)
        .filter(kind=JournalKind.SIGNED_IN, at__gte=oldest)
        .aggregate(all=Count("pk"), same=Count("pk", filter=same))
    )
    is_first = not found["all"] and user.date_joined >= oldest
    return not found["same"] and not is_first


def _tell(user: User, *, means: str, origin: Origin) -> None:
    if user.is_staff:
        where = [f"Appareil : {origin.device}", f"Réseau : {origin.network or 'inconnu'}"]
        what = "Votre compte d’agent a servi depuis un appareil ou un réseau encore inconnu."
        agent_mail.tell(user, NEW_DEVICE_OF_AGENT, [what, *where, f"Moyen utilisé : {means}"])
        return
    facts = {"timestamp": timezone.now(), "means": means, "origin": origin, "user": user}
    services.notify(user.space, "accounts/email/new_device", facts)
