"""The contact e-mail: where the town writes, proven by a code, never a login.

It belongs to nobody alone (a couple may share one), so no look-up by it exists: what is answered
cannot depend on whose it is. One that was typed at a first connection, or that an identity
provider sent, is used at once, as nothing was there before; it stays "à vérifier" until its owner
asks for a code. A new one replaces it only when its code is typed.
"""

from dataclasses import asdict, dataclass, field

from django.db import transaction
from django.utils import timezone

from accounts import journal
from accounts.codes import make_code, redeem_code
from accounts.limits import within_rate
from accounts.models import (
    CodePurpose,
    JournalKind,
    OneTimeCode,
    PersonalSpace,
    Provenance,
    User,
)
from accounts.services import send_mail

SESSION_KEY = "accounts_contact_email"
# Six digits, five tries each: few codes keep guessing hopeless, and a stranger's mailbox quiet.
RATES_BY_PERSON = "5/h/key,10/d/key"
RATES_BY_ADDRESSEE = "6/h/key,12/d/key"


@dataclass(frozen=True)
class PendingContact:
    """An address that waits for its code, in the server-side session of whoever asked."""

    email: str = field(repr=False)
    key: str = field(repr=False)

    @classmethod
    def of(cls, session) -> "PendingContact | None":
        """What waits in this session, if something does."""
        values = session.get(SESSION_KEY)
        return cls(**values) if values else None


def is_proven(space: PersonalSpace, email: str) -> bool:
    """Whether `email` is the login of this very person: verified by definition, so no code."""
    return bool(email) and email.lower() == space.user.email


def may_ask_code(request, email: str) -> bool:
    """Whether one more code may leave for `email`; counts it when it may."""
    limits = (
        ("contact_person", RATES_BY_PERSON, str(request.user.pk)),
        ("contact_addressee", RATES_BY_ADDRESSEE, email.lower()),
    )
    return all(within_rate(request, action, rate, key=key) for action, rate, key in limits)


def ask_code(request, email: str) -> None:
    """Mail a code to `email`, and remember in this browser's session what it is for."""
    key = send_code(request.user, email)
    request.session[SESSION_KEY] = asdict(PendingContact(email=email, key=key))


@transaction.atomic
def send_code(user: User, email: str) -> str:
    """Mail a new code, which ends every earlier one of this person; the key of this browser.

    The mail names nobody: the address may be a stranger's, the name whatever somebody typed.
    """
    _codes_of(user).delete()
    key, code = make_code(CodePurpose.CONTACT_EMAIL, user)
    send_mail("accounts/email/contact_code", email, {"code": code, "citizen": user})
    return key


@transaction.atomic
def confirm(space: PersonalSpace, pending: PendingContact, code: str) -> bool:
    """Put the pending address in force when `code` is the one mailed to it; False when it is not.

    A wrong or dead code, or one made for somebody else, changes nothing.
    """
    proven = redeem_code(CodePurpose.CONTACT_EMAIL, key=pending.key, code=code)
    if proven is None or proven != space.user:
        return False
    put_in_force(space, pending.email)
    return True


@transaction.atomic
def put_in_force(space: PersonalSpace, email: str) -> None:
    """`email`, proven, becomes the contact address; journalled, and told to the one it replaces."""
    stored = PersonalSpace.objects.select_for_update().get(pk=space.pk)
    former, now = stored.contact_email, timezone.now()
    stored.contact_email, stored.contact_email_verified_at = email, now
    updated = ["contact_email", "contact_email_verified_at"]
    if former != email:
        stored.contact_provenance, stored.contact_provenance_at = Provenance.DECLARED, now
        updated += ["contact_provenance", "contact_provenance_at"]
    stored.save(update_fields=updated)
    journal.record(JournalKind.CONTACT_VERIFIED, citizen=space.user)
    if former and former.lower() != email.lower():
        send_mail("accounts/email/contact_changed", former, {"space": stored, "timestamp": now})


def forget(request) -> None:
    """Nothing waits in this session any more."""
    request.session.pop(SESSION_KEY, None)


def give_up(request) -> None:
    """Forget the address that waits in this session, and end its code."""
    forget(request)
    _codes_of(request.user).delete()


def login_was_verified(user: User, email: str) -> None:
    """The login e-mail has just been proven: so is the contact one when it is the same."""
    spaces = PersonalSpace.objects.filter(user=user, contact_email__iexact=email)
    spaces.filter(contact_email_verified_at=None).update(contact_email_verified_at=timezone.now())


def _codes_of(user: User):
    return OneTimeCode.objects.filter(purpose=CodePurpose.CONTACT_EMAIL, citizen=user)
