"""What is asked after the password: an app's code (TOTP), a recovery code, a code by e-mail.

A passkey is no second factor here: it opens the space by itself, and the machine at hand may not
have it. Where an app is asked for, a passkey answers too.
"""

import hmac
import logging

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import journal
from accounts.credentials import locked
from accounts.models import JournalKind, User
from accounts.sealed import Unreadable
from accounts.services import notify

logger = logging.getLogger(__name__)

APP = "application"
EMAIL_CODE = "code par e-mail"
LAST_COUNTER = "last_counter"


def has_app(user: User) -> bool:
    """Whether an app's code is asked of this citizen after the password."""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def annotate_protected(users):
    """These users, each with `is_protected`: whether a second factor follows the password.

    In the query itself: looking somebody up must not take longer when they exist.
    """
    apps = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
    return users.annotate(is_protected=Q(wants_email_code=True) | Exists(apps))


@sensitive_variables()
def matching_counter(secret: str, code: str) -> int | None:
    """The time step (RFC 6238 §4.2) that this code is of, among those accepted now, or None."""
    for counter in yield_hotp_counters_from_time():
        expected = format_hotp_value(hotp_value(secret, counter))
        if hmac.compare_digest(expected.encode(), code.encode()):
            return counter
    return None


@transaction.atomic
@sensitive_variables()
def turn_app_on(user: User, *, secret: str, counter: int) -> bool:
    """Ask for this app's code from now on; ends every session; False when there is one already.

    `counter` is the time step of the code that proved it: that code serves no more.
    """
    user = locked(user)
    if has_app(user):
        return False
    keep_app(user, secret=secret, counter=counter)
    _replace_recovery_codes(user)
    user.end_sessions()
    journal.record(JournalKind.SECOND_FACTOR_ON, citizen=user, means=APP)
    _notify(user, "totp_activated")
    return True


@sensitive_variables()
def keep_app(user: User, *, secret: str, counter: int) -> None:
    """The app's row; codes up to this time step serve no more."""
    app = TOTP.activate(user, secret).instance
    app.data[LAST_COUNTER] = counter
    app.save(update_fields=["data"])


@transaction.atomic
def turn_app_off(user: User) -> None:
    """Ask for no app any more: its secret and the recovery codes go, every session ends."""
    user = locked(user)
    if not _forget_app(user):
        return
    user.end_sessions()
    journal.record(JournalKind.SECOND_FACTOR_OFF, citizen=user, means=APP)
    _notify(user, "totp_deactivated")


@transaction.atomic
def set_email_code(user: User, *, is_wanted: bool) -> None:
    """Ask for a code by e-mail after the password, or no more; ends every session."""
    user = locked(user)
    if user.wants_email_code == is_wanted:
        return
    user.wants_email_code = is_wanted
    user.save(update_fields=["wants_email_code"])
    user.end_sessions()
    kind = JournalKind.SECOND_FACTOR_ON if is_wanted else JournalKind.SECOND_FACTOR_OFF
    journal.record(kind, citizen=user, means=EMAIL_CODE)
    _notify(user, "email_code_on" if is_wanted else "email_code_off")


@transaction.atomic
def turn_all_off(user: User, *, actor: User, capacity: str) -> bool:
    """An agent has seen the identity card of somebody who lost everything; False without any.

    The journal names the agent, and the citizen is told: nobody opens this door in silence.
    """
    user = locked(user)
    was_on = _forget_app(user) or user.wants_email_code
    if not was_on:
        return False
    user.wants_email_code = False
    user.save(update_fields=["wants_email_code"])
    user.end_sessions()
    kind = JournalKind.SECOND_FACTOR_OFF
    journal.record(kind, citizen=user, actor=actor, capacity=capacity)
    _notify(user, "second_factor_off")
    return True


def _forget_app(user: User) -> bool:
    types = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]
    deleted, _ = Authenticator.objects.filter(user=user, type__in=types).delete()
    return bool(deleted)


@transaction.atomic
def make_recovery_codes(user: User) -> None:
    """Ten new recovery codes; those of before serve no more. Only beside an app."""
    user = locked(user)
    if has_app(user):
        _replace_recovery_codes(user)
        _notify(user, "recovery_codes_generated")


def renew_recovery_codes(user: User) -> None:
    """Ten new codes in place of those of before."""
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    RecoveryCodes.activate(user)


def _replace_recovery_codes(user: User) -> None:
    renew_recovery_codes(user)
    journal.record(JournalKind.RECOVERY_CODES_MADE, citizen=user)


def unused_recovery_codes(user: User) -> list[str]:
    """The recovery codes that still serve; none without an app."""
    codes = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return codes.wrap().get_unused_codes() if codes else []


@transaction.atomic
@sensitive_variables()
def redeem(user: User, code: str) -> Authenticator | None:
    """Spend a citizen's code (see `spend`); a recovery code is journalled, and told."""
    spent = spend(user, code)
    if spent and spent.type == Authenticator.Type.RECOVERY_CODES:
        journal.record(JournalKind.RECOVERY_CODE_USED, citizen=user)
        _notify(user, "recovery_code_used", codes_left=len(unused_recovery_codes(user)))
    return spent


@transaction.atomic
@sensitive_variables()
def spend(user: User, code: str) -> Authenticator | None:
    """Spend an app's code or a recovery code: what it came from; None for a wrong or used one.

    The rows are locked: of two requests with one code, one goes on.
    """
    types = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]
    rows = Authenticator.objects.select_for_update().filter(user=user, type__in=types)
    for authenticator in rows.order_by("pk"):
        is_app = authenticator.type == Authenticator.Type.TOTP
        spend_one = _spend_app if is_app else _spend_recovery
        try:
            if spend_one(authenticator, code):
                return authenticator
        except Unreadable:
            # Another SECRET_KEY than the one that encrypted it: no code can be right.
            logger.error("a second factor cannot be decrypted: SECRET_KEY has changed")
    return None


def _spend_app(app: Authenticator, code: str) -> bool:
    """Whether this code is good; neither it nor an older one serves again (RFC 6238 §5.2).

    allauth remembers used codes in the cache, for less time than a tolerated code lives.
    """
    counter = matching_counter(decrypt(app.data["secret"]), code)
    if counter is None or counter <= app.data.get(LAST_COUNTER, 0):
        return False
    app.data[LAST_COUNTER] = counter
    app.save(update_fields=["data"])
    return True


def _spend_recovery(codes: Authenticator, code: str) -> bool:
    return codes.wrap().validate_code(code)


def _notify(user: User, template: str, **context) -> None:
    notify(user.space, f"mfa/email/{template}", context | {"timestamp": timezone.now()})
