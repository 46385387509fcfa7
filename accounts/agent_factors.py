"""The second factor of agents: an app or a passkey, always one, with recovery codes beside it."""

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accounts import agent_mail, journal, second_factor
from accounts.credentials import locked
from accounts.models import JournalKind, User

APP, PASSKEY, RECOVERY = "application", "clé d’accès", "code de secours"
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
NAMES = {
    Authenticator.Type.TOTP: "une application d’authentification",
    Authenticator.Type.WEBAUTHN: "une clé d’accès",
}


def has_factor(agent: User) -> bool:
    """Whether this agent has enrolled: without it, they are led to do so and nowhere else."""
    return Authenticator.objects.filter(user=agent, type__in=KINDS).exists()


@transaction.atomic
@sensitive_variables()
def enrol_app(agent: User, *, secret: str, counter: int) -> bool:
    """Ask for this app's code from now on; False when a second factor came meanwhile.

    `counter` is the time step of the code that proved it: that code serves no more.
    """
    agent = locked(agent)
    if has_factor(agent):
        return False
    second_factor.keep_app(agent, secret=secret, counter=counter)
    _enrolled(agent, APP)
    return True


@transaction.atomic
def enrol_passkey(agent: User, *, name: str, credential: dict) -> bool:
    """Ask for this passkey, whose registration was checked; False as above."""
    agent = locked(agent)
    if has_factor(agent):
        return False
    WebAuthn.add(agent, name, credential)
    _enrolled(agent, PASSKEY)
    return True


def _enrolled(agent: User, means: str) -> None:
    second_factor.renew_recovery_codes(agent)
    journal.record_own(JournalKind.SECOND_FACTOR_ON, agent, means=means)
    agent_mail.tell(
        agent,
        "Votre double authentification est activée",
        [f"Votre accès d’agent est maintenant protégé, en plus du mot de passe, par : {means}."],
    )


@transaction.atomic
@sensitive_variables()
def redeem(agent: User, code: str) -> str | None:
    """Spend an app's code or a recovery code: by which of both; None for a wrong or used one."""
    spent = second_factor.spend(agent, code)
    if spent is None:
        return None
    if spent.type == Authenticator.Type.TOTP:
        return "code"
    journal.record_own(JournalKind.RECOVERY_CODE_USED, agent)
    left = len(second_factor.unused_recovery_codes(agent))
    agent_mail.tell(
        agent,
        "Un code de secours a servi",
        [f"Un de vos codes de secours a ouvert l’administration. Il vous en reste {left}."],
    )
    return RECOVERY


@transaction.atomic
def make_recovery_codes(agent: User) -> None:
    """Ten new codes; those of before serve no more."""
    agent = locked(agent)
    second_factor.renew_recovery_codes(agent)
    journal.record_own(JournalKind.RECOVERY_CODES_MADE, agent)
    agent_mail.tell(
        agent,
        "Vos codes de secours sont renouvelés",
        ["Dix nouveaux codes de secours remplacent les anciens, qui ne servent plus."],
    )


@transaction.atomic
def start_again(agent: User) -> User:
    """Take away the second factor of an agent who has just proven it, and every session."""
    agent = locked(agent)
    forget_all(agent)
    agent.end_sessions()
    journal.record_own(JournalKind.SECOND_FACTOR_OFF, agent)
    agent_mail.tell(
        agent,
        "Votre double authentification change",
        ["L’ancienne ne sert plus. Une nouvelle est demandée avant d’entrer."],
    )
    return agent


def names_of(agent: User) -> list[str]:
    """What follows this agent's password, in words."""
    kinds = Authenticator.objects.filter(user=agent, type__in=KINDS).order_by("pk")
    return [NAMES[kind] for kind in kinds.values_list("type", flat=True)]


def forget_all(person: User) -> int:
    """Take away every second factor and passkey; how many there were."""
    return Authenticator.objects.filter(user=person).delete()[0]
