"""The wrong door: somebody types a password, and their space opens with an identity provider.

They are told by mail alone. No page, no time, no number of statements says that an address is
known: what is looked up is looked up for every address.
"""

from allauth.account.internal.flows.password_reset_by_code import (
    PasswordResetVerificationProcess,
)
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from accounts import services
from accounts.credentials import provider_ways_in
from accounts.models import PersonalSpace, User

TEMPLATE = "accounts/email/wrong_door"
NOBODY = "0"  # The key of no row.
UNUSABLE = "!"  # How Django marks a password that nobody chose.


def providers_behind(email: str) -> list[str]:
    """The identity providers that open a space known by this address and by no password.

    Also those that the town has switched off: the mail says so. The address is a login or a
    contact one, which a couple may share. One query, whoever it is.
    """
    email = email.lower()
    logins = User.objects.filter(email=email).values("pk")
    contacts = spaces_of_contact(email).values("user")
    without_password = Q(email__isnull=True) | Q(password__startswith=UNUSABLE)
    citizens = User.objects.filter(
        without_password, pk__in=logins.union(contacts), is_active=True, is_staff=False
    )
    return provider_ways_in(citizens, even_off=True)


def spaces_of_contact(email: str) -> QuerySet[PersonalSpace]:
    """The spaces whose contact e-mail is this one, whatever its case: a couple may share it."""
    spaces = PersonalSpace.objects.alias(lower_contact=Lower("contact_email"))
    return spaces.filter(lower_contact=email.lower())


def show_the_door(email: str, providers: list[str], *, wants_password: bool = False) -> None:
    """Mail which door to use; nothing in it says whose space it is, nor of how many people."""
    facts = {"means": providers[0], "wants_password": wants_password}
    services.send_mail(TEMPLATE, email, facts)


class PasswordResetProcess(PasswordResetVerificationProcess):
    """allauth's, which tells by mail whoever has no password to replace which door is theirs."""

    providers: list[str] = []

    @classmethod
    def start(cls, request, *, user: User | None, email: str, providers: list[str]) -> None:
        """Mail a code, or which door to use, or that no space opens; remember what was asked."""
        process = cls(request, state=cls.initial_state(user, email), user=user)
        process.providers = providers
        process.send()
        # The pages that follow look this person up at each visit: nobody, like somebody.
        process.state.setdefault("user_id", NOBODY)
        process.persist()

    def send(self):
        if self.user or not self.providers:
            super().send()
        else:
            show_the_door(self.state["email"], self.providers, wants_password=True)
