"""Proof of an existing space by a code mailed to its login e-mail (row 6 of the decision table).

The code is bound to one browser and one identity: only the session that holds the identity knows
the `key` of its row. It dies with use, five wrong tries, time, a new code, a change of the login
e-mail, an unlink. What the page says never depends on whether the e-mail opens a space.
"""

import datetime
import hmac

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac

from accounts.models import User
from accounts.services import send_mail
from franceconnect.linking import means_of
from franceconnect.models import LinkCode
from franceconnect.state import LIFETIME_SECONDS, PendingIdentity

DIGITS = "0123456789"
CODE_CHARACTERS = 6
MAX_TRIES = 5


@transaction.atomic
def send_code(pending: PendingIdentity, *, email: str) -> str:
    """Mail a code that would tie `pending` to the space this login e-mail opens.

    Returns the key to keep in this browser's session. An address that opens no space receives a
    message that says so: the same work, hence the same time, whoever has an account.
    """
    citizen = _citizen_of(email)
    code = get_random_string(CODE_CHARACTERS, DIGITS)
    key = get_random_string(32)
    LinkCode.objects.filter(created_at__lte=_oldest()).delete()
    LinkCode.objects.create(
        citizen=citizen,
        key_digest=_digest("key", key),
        code_digest=_digest("code", key + code),
        session_epoch=citizen.session_epoch if citizen else 0,
    )
    template = "link_code" if citizen else "link_code_unknown"
    # Who asks is named by what FranceConnect certified: no name that they typed themselves.
    person = pending.identity.as_identity()
    context = {
        "code": code,
        "person": person,
        "first_given_name": person.given_names[0],
        "means": means_of(pending.issuer),
    }
    send_mail(f"franceconnect/email/{template}", email, context)
    return key


@transaction.atomic
def redeem_code(*, key: str, email: str, code: str) -> User | None:
    """The citizen whose space the code of this browser proves; None for a wrong or dead one.

    Every try counts before it is compared, in the database: a hundred sent at once are five.
    """
    rows = LinkCode.objects.filter(key_digest=_digest("key", key), created_at__gt=_oldest())
    if not rows.filter(tries__lt=MAX_TRIES).update(tries=F("tries") + 1):
        return None
    row = rows.first()
    if row is None or not hmac.compare_digest(row.code_digest, _digest("code", key + code)):
        return None
    # Deleting decides: of two requests with the right code, one goes on.
    deleted, _ = LinkCode.objects.filter(pk=row.pk).delete()
    citizen = _citizen_of(email)
    is_alive = (
        citizen is not None
        and citizen.pk == row.citizen_id
        and citizen.session_epoch == row.session_epoch
    )
    return citizen if deleted and is_alive else None


def _oldest() -> datetime.datetime:
    return timezone.now() - datetime.timedelta(seconds=LIFETIME_SECONDS)


def _citizen_of(email: str) -> User | None:
    """The citizen who signs in with this *verified* e-mail: nobody who merely typed it."""
    return User.objects.filter(
        email=email.lower(), is_active=True, is_staff=False, space__isnull=False
    ).first()


def _digest(purpose: str, value: str) -> str:
    """Six digits are no secret without a key: a copy of the table must not give them away."""
    return salted_hmac(f"franceconnect.codes.{purpose}", value, algorithm="sha256").hexdigest()
