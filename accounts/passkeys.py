"""Passkeys (WebAuthn): where they work, and what changes them. Each change is one transaction."""

import ipaddress

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.db import transaction
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.utils import timezone

from accounts import journal
from accounts.credentials import LastWayIn, locked, passkeys_of, provider_ways_in
from accounts.models import JournalKind, User
from accounts.services import notify

MAX_PASSKEYS = 10
NAME_CHARACTERS = 60


class TooManyPasskeys(Exception):
    """This citizen has as many passkeys as a space may have."""


def are_possible(request: HttpRequest) -> bool:
    """Whether a browser would make a passkey for this address.

    WebAuthn §5.1.2 wants a name, not an IP address; §13.4.9 wants https, but on localhost.
    """
    host, _ = split_domain_port(request.get_host())
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return request.is_secure() or host == "localhost"
    return False


@transaction.atomic
def add_passkey(user: User, *, name: str, credential: dict) -> Authenticator:
    """Keep a passkey whose registration was checked; raises TooManyPasskeys."""
    user = locked(user)
    if passkeys_of(user).count() >= MAX_PASSKEYS:
        raise TooManyPasskeys
    passkey = WebAuthn.add(user, name, credential).instance
    journal.record(JournalKind.PASSKEY_ADDED, citizen=user)
    _notify(user, "webauthn_added", name)
    return passkey


@transaction.atomic
def rename_passkey(passkey: Authenticator, name: str) -> None:
    """Give another name to a passkey; it opens the space as before."""
    passkey = Authenticator.objects.select_for_update().get(pk=passkey.pk)
    passkey.wrap().name = name
    passkey.save(update_fields=["data"])


@transaction.atomic
def remove_passkey(user: User, pk: int) -> None:
    """Forget this passkey and end every session: it may be the one that a thief opened.

    The caller keeps its own session. Raises LastWayIn when nothing else opens the space, and
    Authenticator.DoesNotExist when the passkey is gone already, or somebody else's.
    """
    user = locked(user)
    passkey = passkeys_of(user).get(pk=pk)
    others = passkeys_of(user).exclude(pk=pk).exists()
    if not (others or user.has_password_door or provider_ways_in(User.objects.filter(pk=user.pk))):
        raise LastWayIn
    name = passkey.wrap().name
    passkey.delete()
    user.end_sessions()
    journal.record(JournalKind.PASSKEY_REMOVED, citizen=user)
    _notify(user, "webauthn_removed", name)


def _notify(user: User, template: str, name: str) -> None:
    context = {"passkey_name": name, "timestamp": timezone.now()}
    notify(user.space, f"mfa/email/{template}", context)
