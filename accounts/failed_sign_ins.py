"""What follows a refused password: a line for its owner, a mail for who took the wrong door.

The page writes one row, the same for every address. All that depends on whose it is happens
later, in the worker, where nobody can measure it.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import journal, wrong_door
from accounts.journal import Origin
from accounts.models import FailedSignIn, JournalKind, User
from accounts.sessions import MEANS_LABELS

WRONG_PASSWORD, WRONG_DOOR = "wrong_password", "wrong_door"  # noqa: S105 causes, no password
# Somebody who tries again and again from one place is one line an hour, and one mail a day.
ONE_LINE, ONE_MAIL = timedelta(hours=1), timedelta(days=1)
# From everywhere, of one person: whoever names another device each time must not bury the rest.
LINES_AN_HOUR = 10
BATCH = 500  # The worker comes back two seconds later for the rest, and sends mail meanwhile.
LONGEST_ADDRESS = FailedSignIn._meta.get_field("email").max_length


def note(request, email: str) -> None:
    """Remember that a password was refused for this address, known or not."""
    origin = journal.origin_of(request)
    FailedSignIn.objects.create(
        email=email.lower()[:LONGEST_ADDRESS], device=origin.device, network=origin.network
    )


def follow_up() -> None:
    """Tell whom it concerns of each refused password, then forget it."""
    FailedSignIn.objects.filter(mailed_at__lte=timezone.now() - ONE_MAIL).delete()
    for attempt in FailedSignIn.objects.filter(mailed_at=None).order_by("pk")[:BATCH]:
        with transaction.atomic():
            _follow(attempt)


def _follow(attempt: FailedSignIn) -> None:
    somebody = Q(is_staff=True) | Q(space__isnull=False)
    owner = User.objects.filter(somebody, email=attempt.email).first()
    has_password = owner is not None and owner.has_usable_password()
    if owner:
        # A contact address may be anybody's: only a proven login says who is concerned.
        is_password = has_password or owner.is_staff
        _journal(owner, attempt, code=WRONG_PASSWORD if is_password else WRONG_DOOR)
    providers = [] if has_password else wrong_door.providers_behind(attempt.email)
    told = FailedSignIn.objects.filter(email=attempt.email, mailed_at__isnull=False)
    if providers and not told.exists():
        wrong_door.show_the_door(attempt.email, providers)
        attempt.mailed_at = timezone.now()
        attempt.save(update_fields=["mailed_at"])
    else:
        attempt.delete()


def _journal(owner: User, attempt: FailedSignIn, *, code: str) -> None:
    origin = Origin(device=attempt.device, network=attempt.network)
    line = {"kind": JournalKind.SIGN_IN_REFUSED, "code": code}
    lately = {"at__gt": attempt.at - ONE_LINE, "at__lte": attempt.at}
    lines = journal.own_lines(owner).filter(**line, **lately)
    told = list(lines.values_list("device", "network")[:LINES_AN_HOUR])
    if len(told) < LINES_AN_HOUR and (origin.device, origin.network) not in told:
        means = MEANS_LABELS["password"]
        journal.record_own(person=owner, means=means, origin=origin, at=attempt.at, **line)
