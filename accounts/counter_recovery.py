"""A space opened anew by a code of the counter: another login e-mail, another password.

For whoever has lost their e-mail, their password or their telephone, and has no identity provider.
What opened the space before may be in somebody else's hands: all of it goes but the identity
providers, whose own proof it is. Nothing is written before the last step, which is one transaction;
the code is good until then.
"""

import time
from dataclasses import asdict, dataclass, field, replace
from datetime import date

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import codes, contact, counter, journal
from accounts.credentials import passkeys_of
from accounts.models import CodePurpose, CounterCode, JournalKind, User
from accounts.second_factor import has_app
from accounts.services import security_addresses, send_mail
from accounts.sign_ins import record_sign_in

SESSION_KEY = "accounts_counter_recovery"
# A code typed at a library must not wait there for whoever sits down next.
LIFETIME_SECONDS = 30 * 60
MEANS = "code remis en mairie"


class CodeIsDead(Exception):
    """The code typed in this browser opens nothing any more."""


class EmailIsTaken(Exception):
    """The address has become somebody else's login since it was proven here."""


@dataclass(frozen=True)
class Recovery:
    """How far somebody got with the code `code` (its row), in the server-side session.

    `email` is the new login, `key` that of its six digits, `is_proven` once they were typed.
    """

    code: int
    started_at: float
    email: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    is_proven: bool = False

    @classmethod
    def of(cls, session) -> "Recovery | None":
        """What is under way in this session, for half an hour."""
        values = session.get(SESSION_KEY)
        found = cls(**values) if values else None
        is_recent = found and time.time() - found.started_at < LIFETIME_SECONDS
        return found if is_recent else None

    def keep(self, session) -> None:
        session[SESSION_KEY] = asdict(self)


def is_owners(code: CounterCode, birthdate: date) -> bool:
    """Whether the owner of this code's space is born on that day; 00 is a part that nobody knows.

    The paper names nobody, so whoever finds it cannot tell.
    """
    known = code.space.birthdate_text.split("-")
    typed = birthdate.isoformat().split("-")
    return all(ours in {"", "00", theirs} for ours, theirs in zip(known, typed, strict=False))


def start(request, code: CounterCode) -> None:
    """Remember the code typed in this browser.

    The session's key changes: whoever had planted theirs here does not follow (OWASP).
    """
    request.session.cycle_key()
    Recovery(code=code.pk, started_at=time.time()).keep(request.session)


@transaction.atomic
def send_email_code(
    recovery: Recovery, code: CounterCode, *, email: str, is_taken: bool
) -> Recovery:
    """Mail six digits to the new login; what to keep in the session.

    An address that is somebody's login receives another mail, and no six digits are right: the
    pages, and the work, are the same (no enumeration).
    """
    citizen = None if is_taken else code.space.user
    key, digits = codes.make_code(CodePurpose.COUNTER_EMAIL, citizen)
    if citizen:
        send_mail("accounts/email/counter_email", email, {"code": digits, "citizen": citizen})
    else:
        send_mail("accounts/email/counter_email_taken", email, {})
    return replace(recovery, email=email, key=key, is_proven=False)


def prove_email(recovery: Recovery, code: CounterCode, *, digits: str) -> Recovery | None:
    """The same with its address proven; None for wrong or dead digits, which each count."""
    proven = codes.redeem_code(CodePurpose.COUNTER_EMAIL, key=recovery.key, code=digits)
    if proven is None or proven != code.space.user:
        return None
    return replace(recovery, key="", is_proven=True)


@sensitive_variables("password")
def open_space(recovery: Recovery, *, password: str) -> User:
    """Open the space of this code to its owner: the proven e-mail and this password, alone.

    Every address, the former and the new, is told. Raises CodeIsDead or EmailIsTaken: nothing has
    changed then, and for the latter the code stays good.
    """
    try:
        return _open_space(recovery, password)
    except IntegrityError:
        # A verified login is unique, whatever its case: somebody has proven it meanwhile.
        raise EmailIsTaken from None


@transaction.atomic
@sensitive_variables("password")
def _open_space(recovery: Recovery, password: str) -> User:
    space = counter.use_up(recovery.code)
    if space is None or not recovery.is_proven:
        raise CodeIsDead
    user, former = space.user, security_addresses(space)
    replaces_contact = space.contact_email.lower() in {"", user.email}
    _journal(user)
    _replace_ways_in(user, email=recovery.email, password=password)
    context = {"space": space, "at": timezone.now()}
    for address in dict.fromkeys([*former, recovery.email]):
        send_mail("accounts/email/counter_recovery", address, context)
    if replaces_contact:
        contact.put_in_force(space, recovery.email)
    contact.login_was_verified(user, recovery.email)
    record_sign_in(user, means=MEANS)
    return user


def _journal(user: User) -> None:
    """A line for each way in that is about to change."""
    has_second_factor = has_app(user) or user.wants_email_code
    changes = {
        JournalKind.EMAIL_CHANGED: True,
        JournalKind.PASSWORD_CHANGED: True,
        JournalKind.SECOND_FACTOR_OFF: has_second_factor,
        JournalKind.PASSKEY_REMOVED: passkeys_of(user).exists(),
    }
    for kind in [kind for kind, is_changing in changes.items() if is_changing]:
        journal.record(kind, citizen=user, means=MEANS)


@sensitive_variables("password")
def _replace_ways_in(user: User, *, email: str, password: str) -> None:
    """This e-mail and this password; no passkey, app, code or session of before."""
    Authenticator.objects.filter(user=user).delete()
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    user.email, user.wants_email_code = email, False
    user.set_password(password)
    user.save(update_fields=["email", "wants_email_code", "password"])
    user.end_sessions()
    codes.kill_codes([user])
