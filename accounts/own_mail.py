"""Which mails of the queue are whose: to give them to their owner, and to erase them.

An address does not tell: a couple may share one, and a contact e-mail may be mistyped. Each mail
written to somebody about their space carries a mark of its own instead.
"""

from allauth.account.models import EmailAddress
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac
from post_office.models import Email

from accounts.models import PersonalSpace, User

OWNER_HEADER = "X-Espace-Owner"
# Which message it is: the name of its template, the same for everybody.
MESSAGE_HEADER = "X-Espace-Message"
# A mail to somebody whose space is gone: nothing but its address is left of them, until it leaves.
LAST_HEADER = "X-Espace-Last"


def owner_pk(context: dict) -> int | None:
    """Whose a mail made from this context is: of its `space`, its `user` or its `citizen`.

    None for what is written to an address alone, and to nobody that we know.
    """
    if isinstance(space := context.get("space"), PersonalSpace):
        return space.user_id
    people = (context.get("user"), context.get("citizen"))
    return next((person.pk for person in people if isinstance(person, User)), None)


def message_headers(template: str, context: dict) -> dict[str, str]:
    """What to add to a mail made from these, if it is somebody's: its owner's mark, its name."""
    pk = owner_pk(context)
    return {} if pk is None else {OWNER_HEADER: owner_mark(pk), MESSAGE_HEADER: template}


def owner_mark(user_pk: int) -> str:
    """An opaque name of this person: whoever reads a mail learns no number of ours by it."""
    return salted_hmac("accounts.own_mail", str(user_pk), algorithm="sha256").hexdigest()[:32]


def mails_of(user: User) -> QuerySet[Email]:
    """The mails kept that are this person's: marked so, or unmarked and sent to their login e-mail.

    That one is verified: it is nobody else's, whatever contact e-mail others have typed.
    """
    mails = Q(**{f"headers__{OWNER_HEADER}": owner_mark(user.pk)})
    unmarked = Q(headers__isnull=True) | ~(
        Q(headers__has_key=OWNER_HEADER) | Q(headers__has_key=LAST_HEADER)
    )
    for address in _login_addresses(user):
        mails |= Q(to__iexact=address) & unmarked
    return Email.objects.filter(mails)


def _login_addresses(user: User) -> list[str]:
    proven = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return sorted({address.lower() for address in [*proven, user.email] if address})
