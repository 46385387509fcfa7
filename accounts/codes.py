"""Six digits mailed to somebody, typed in the browser that asked for them.

A code is bound to one purpose, one browser (only its session knows the `key`), and the citizen it
was made for. It dies with use, five wrong tries, ten minutes, the end of its citizen's sessions.
"""

import datetime
import hmac

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac

from accounts.limits import within_rate
from accounts.models import CodePurpose, OneTimeCode, User

DIGITS = "0123456789"
CODE_CHARACTERS = 6
MAX_TRIES = 5
LIFETIME = datetime.timedelta(minutes=10)
# Of a code that allauth keeps in the session: as many as its own count, as long as one lives.
TRIES_OF_ONE_CODE = f"{MAX_TRIES}/15m/key"


@transaction.atomic
def make_code(purpose: CodePurpose, citizen: User | None) -> tuple[str, str]:
    """A new code: the key to keep in this browser's session, and the six digits to mail.

    The work is the same without a citizen (an address that opens no space), hence the time too.
    """
    code = get_random_string(CODE_CHARACTERS, DIGITS)
    key = get_random_string(32)
    OneTimeCode.objects.filter(created_at__lte=_oldest()).delete()
    OneTimeCode.objects.create(
        purpose=purpose,
        citizen=citizen,
        key_digest=_digest("key", key),
        code_digest=_digest("code", key + code),
        session_epoch=citizen.session_epoch if citizen else 0,
    )
    return key, code


@transaction.atomic
def redeem_code(purpose: CodePurpose, *, key: str, code: str) -> User | None:
    """The citizen whom the code of this browser was made for; None for a wrong or dead one.

    Every try counts before it is compared, in the database: a hundred sent at once are five.
    """
    rows = OneTimeCode.objects.filter(
        purpose=purpose, key_digest=_digest("key", key), created_at__gt=_oldest()
    )
    if not rows.filter(tries__lt=MAX_TRIES).update(tries=F("tries") + 1):
        return None
    row = rows.select_related("citizen").first()
    if row is None or not hmac.compare_digest(row.code_digest, _digest("code", key + code)):
        return None
    # Deleting decides: of two requests with the right code, one goes on.
    deleted, _ = OneTimeCode.objects.filter(pk=row.pk).delete()
    is_alive = row.citizen is not None and row.citizen.session_epoch == row.session_epoch
    return row.citizen if deleted and is_alive else None


def may_try(request, expected: str) -> bool:
    """Count one more try of a code that allauth keeps in this session; whether it may be compared.

    allauth counts them in the session alone, which a hundred parallel requests read at once.
    """
    key = f"{request.session.session_key}:{expected}"
    return within_rate(request, "code_try", TRIES_OF_ONE_CODE, key=key)


def kill_codes(citizens) -> None:
    """End every code made for these citizens: a queryset or a list of users."""
    OneTimeCode.objects.filter(citizen__in=citizens).delete()


def _oldest() -> datetime.datetime:
    return timezone.now() - LIFETIME


def _digest(purpose: str, value: str) -> str:
    """Six digits are no secret without a key: a copy of the table must not give them away."""
    return salted_hmac(f"accounts.codes.{purpose}", value, algorithm="sha256").hexdigest()
