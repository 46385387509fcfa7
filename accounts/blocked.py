"""What somebody is told whose access agents have blocked: a reference to give at the counter.

Only who has proven themselves reads it: a wrong password is answered as everybody's is.
"""

from datetime import timedelta

from allauth.account.authentication import get_authentication_records
from django.utils import timezone

from accounts import journal
from accounts.models import JournalKind, User
from accounts.sessions import proof_label

REFERENCE_KEY = "accounts_blocked_reference"
# The word of FranceConnect's own refusal (row 2 of the decision table), for the journal's reader.
BLOCKED = "blocked"
# Who tries again and again must not bury the rest of the journal: the same words again.
ONE_LINE, LINES_AN_HOUR = timedelta(hours=1), 10


def refuse(request, user: User) -> None:
    """Journal this refusal, and keep in the session the reference that the page shows."""
    origin = journal.origin_of(request)
    lines = user.journal.filter(
        kind=JournalKind.SIGN_IN_REFUSED, code=BLOCKED, at__gt=timezone.now() - ONE_LINE
    ).exclude(reference="")
    told = list(lines[:LINES_AN_HOUR])
    same = [line for line in told if (line.device, line.network) == (origin.device, origin.network)]
    known = same or (told if len(told) == LINES_AN_HOUR else [])
    line = known[0] if known else _record(request, user, origin)
    request.session[REFERENCE_KEY] = line.reference


def _record(request, user: User, origin: journal.Origin):
    records = get_authentication_records(request, user)
    return journal.record(
        JournalKind.SIGN_IN_REFUSED,
        citizen=user,
        means=proof_label(records[-1]) if records else "",
        code=BLOCKED,
        reference=journal.new_incident_reference(),
        origin=origin,
    )
