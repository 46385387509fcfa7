"""What agents are told by mail of their own access. Nothing of a citizen, no code, is in it."""

from django.utils import timezone

from accounts import services
from accounts.models import User

NOTICE = "accounts/email/agent_notice"
OTHERWISE = (
    "Prévenez tout de suite un administrateur du portail : il peut bloquer votre compte, ou "
    "rétablir votre accès."
)


def tell(agent: User, subject: str, lines: list[str], *, otherwise: str = OTHERWISE) -> None:
    """Queue one notice to an agent; to nobody when the account has no address."""
    tell_address(agent.email, subject, lines, otherwise=otherwise)


def tell_address(address: str | None, subject: str, lines: list[str], *, otherwise=OTHERWISE):
    """The same, to an address that may not be the agent's any more."""
    if address:
        facts = {"subject": subject, "lines": lines, "otherwise": otherwise}
        services.send_mail(NOTICE, address, facts | {"timestamp": timezone.now()})
