"""The end of a personal space: asked for, taken back, done for good.

Between the two stand a few days (`RETENTION_DELETION_DAYS`) during which signing in is enough to
keep everything.
"""

import datetime
from collections.abc import Callable
from importlib import import_module

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from accounts import journal, services
from accounts.files import Act, record_act
from accounts.models import FailedSignIn, JournalKind, PersonalSpace, User
from accounts.own_mail import LAST_HEADER, mails_of
from accounts.privacy import erase_everywhere

# Why a space goes, hence what its last mail says; an address never verified receives none.
AS_ASKED, UNUSED, UNVERIFIED = "deleted", "unused", "unverified"
# Part of another space for good: its person was told when it was, and goes on with that one.
MERGED = "merged"


def deletion_date(asked_at: datetime.datetime | None = None) -> datetime.datetime:
    """When a space whose deletion was asked then, or now, may be erased."""
    delay = datetime.timedelta(days=settings.RETENTION["deletion_days"])
    return (asked_at or timezone.now()) + delay


@transaction.atomic
def ask_deletion(user: User, *, act: Act | None = None) -> bool:
    """Start the delay, end every session, tell every address; False when asked already.

    Its owner asks, or an agent by their `act`.
    """
    space = PersonalSpace.objects.select_for_update(of=("self",)).get(user=user)
    if space.deletion_asked_at:
        return False
    space.deletion_asked_at = timezone.now()
    space.save(update_fields=["deletion_asked_at"])
    user.end_sessions()
    _record(JournalKind.DELETION_ASKED, user, act)
    context = {"erased_on": deletion_date(space.deletion_asked_at)}
    template = "deletion_started" if act else "deletion_asked"
    services.notify(space, f"accounts/email/{template}", context)
    return True


@transaction.atomic
def cancel_deletion(user: User, *, act: Act | None = None) -> bool:
    """Keep the space after all; False when nothing was asked, or in another tab already."""
    waiting = PersonalSpace.objects.filter(user=user, deletion_asked_at__isnull=False)
    if not waiting.update(deletion_asked_at=None):
        return False
    _record(JournalKind.DELETION_CANCELLED, user, act)
    template = "deletion_stopped" if act else "deletion_cancelled"
    services.notify(user.space, f"accounts/email/{template}", {})
    return True


def _record(kind: JournalKind, user: User, act: Act | None) -> None:
    if act:
        record_act(act, kind, user)
    else:
        journal.record(kind, citizen=user)


@transaction.atomic
def erase(users: list[User], reason: str) -> None:
    """Erase these citizens and all that is theirs, everywhere; a line without a name remains.

    The last mail goes to the addresses they had, holds nothing else of theirs, and is erased once
    it has left. Raises ValueError rather than touch an agent.
    """
    if any(user.is_staff for user in users):
        raise ValueError("agents are not erased here")
    addresses = [services.security_addresses(user.space) for user in users]
    erase_everywhere(users)
    User.objects.filter(pk__in=[user.pk for user in users]).delete()
    for _ in users:
        journal.record(JournalKind.SPACE_DELETED, citizen=None, code=reason)
    if reason not in (UNVERIFIED, MERGED):
        for address in {address for several in addresses for address in several}:
            _send_last_mail(address, reason)


def _send_last_mail(address: str, reason: str) -> None:
    get_adapter().render_mail(
        f"accounts/email/space_{reason}", address, {"email": address}, {LAST_HEADER: "1"}
    ).send()


def erase_traces(users: list[User]) -> None:
    """What no foreign key carries away: mails, refused passwords, sessions, the admin's words."""
    pks = {str(user.pk) for user in users}
    for user in users:
        mails_of(user).delete()
        FailedSignIn.objects.filter(email__in=services.security_addresses(user.space)).delete()
    erase_sessions(lambda data: data.get("_auth_user_id") in pks)
    # The admin names what an agent touched by its reference; who acted, and when, stays.
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(PersonalSpace),
        object_id__in=[str(user.space.pk) for user in users],
    ).update(object_repr="espace effacé", object_id=None, change_message="")


def erase_sessions(is_concerned: Callable[[dict], bool]) -> None:
    """End each live session whose data is concerned, in the database and in its cache.

    Their content is encoded: there is no looking them up. They live for hours, so they are few.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    rows = Session.objects.filter(expire_date__gt=timezone.now())
    for session in rows.iterator(chunk_size=500):
        if is_concerned(session.get_decoded()):
            store(session.session_key).delete()
