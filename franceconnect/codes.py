"""Proof of an existing space by a code mailed to its login e-mail (row 6 of the decision table).

What the page says never depends on whether the e-mail opens a space. The code dies with its row
(`accounts.codes`), and with a change of the login e-mail. A space with a second factor is never
proven so: the page says the same, the mail tells its owner to sign in.
"""

from django.db import transaction

from accounts.codes import make_code
from accounts.codes import redeem_code as redeem_one_time_code
from accounts.models import CodePurpose, User
from accounts.second_factor import annotate_protected
from accounts.services import send_mail
from franceconnect.linking import means_of
from franceconnect.state import PendingIdentity


@transaction.atomic
def send_code(pending: PendingIdentity, *, email: str) -> str:
    """Mail a code that would tie `pending` to the space this login e-mail opens.

    Returns the key to keep in this browser's session. An address that opens no space receives a
    message that says so: the same work, hence the same time, whoever has an account.
    """
    citizen = _citizen_of(email)
    # A mailbox alone must not go around a second factor: the owner reads how to come in instead.
    proven_by_code = citizen if citizen and not citizen.is_protected else None
    key, code = make_code(CodePurpose.EXISTING_SPACE, proven_by_code)
    # Who asks is named by what FranceConnect certified: no name that they typed themselves.
    person = pending.identity.as_identity()
    context = {
        "code": code,
        "citizen": citizen,
        "person": person,
        "first_given_name": person.given_names[0],
        "means": means_of(pending.issuer),
    }
    send_mail(f"franceconnect/email/{_template_for(citizen)}", email, context)
    return key


def _template_for(citizen: User | None) -> str:
    if citizen is None:
        return "link_code_unknown"
    return "link_code_protected" if citizen.is_protected else "link_code"


@transaction.atomic
def redeem_code(*, key: str, email: str, code: str) -> User | None:
    """The citizen whose space the code of this browser proves; None for a wrong or dead one."""
    proven = redeem_one_time_code(CodePurpose.EXISTING_SPACE, key=key, code=code)
    citizen = _citizen_of(email)
    if proven is None or citizen != proven or citizen.is_protected:
        return None
    return citizen


def _citizen_of(email: str) -> User | None:
    """The citizen who signs in with this *verified* e-mail: nobody who merely typed it."""
    citizens = User.objects.filter(
        email=email.lower(), is_active=True, is_staff=False, space__isnull=False
    )
    return annotate_protected(citizens).first()
