"""The accounts of agents: invited, recovered, changed. Each is one transaction, journalled, told.

Nobody chooses the password of a colleague: a code goes to the mailbox of the agent, who does.
"""

import hmac

from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac
from django.views.decorators.debug import sensitive_variables

from accounts import agent_factors, agent_mail, files, journal, services
from accounts.credentials import locked
from accounts.models import REFERENCE_ALPHABET, AgentInvitation, JournalKind, User
from accounts.models.invitation import end_of_invitation

CODE_CHARACTERS = 12
INVITED, BLOCKED, UNBLOCKED = "invited", "blocked", "unblocked"
EMAIL_CHANGED, RIGHTS_CHANGED = "email", "rights"


def has_no_more_rights(agent: User, *, than: User) -> bool:
    """Whether `than` may touch this account: also rights that a blocked one would have again."""
    if than.is_superuser or agent.is_superuser:
        return than.is_superuser
    given = Permission.objects.filter(Q(user=agent) | Q(group__user=agent)).order_by()
    names = given.values_list("content_type__app_label", "codename")
    return than.has_perms([f"{app}.{name}" for app, name in names])


def may_recover(by: User, agent: User) -> bool:
    """Another's account, still active, that has no more rights than one's own."""
    is_possible = agent.is_active and by.pk != agent.pk and by.has_perm("accounts.recover_agent")
    return is_possible and has_no_more_rights(agent, than=by)


@transaction.atomic
def invite(agent: User, *, by: User) -> None:
    """Mail this agent a code to choose a password with; an older code is worth nothing more."""
    _send_code(locked(agent))
    record_change(agent, by=by, what=INVITED)


@transaction.atomic
def recover(agent: User, *, by: User, reason: str) -> None:
    """Let in again an agent who lost their telephone, or their password.

    Password, second factor and sessions of before end at once: whoever found the telephone has
    them too. The agent is told, and every other administrator: nobody recovers in silence.
    """
    agent = locked(agent)
    agent_factors.forget_all(agent)
    agent.set_unusable_password()
    agent.save(update_fields=["password"])
    agent.end_sessions()
    _record(JournalKind.AGENT_RECOVERED, agent, by=by, reason=reason)
    _tell_of_recovery(agent, by=by, reason=reason)
    _send_code(agent)


@sensitive_variables()
def agent_invited(email: str, code: str) -> User | None:
    """The agent whom this code was mailed to; None for a wrong, used or old one."""
    row = AgentInvitation.objects.select_related("agent").filter(
        agent__email=email.lower(), agent__is_staff=True, agent__is_active=True
    )
    invitation = row.filter(expires_at__gt=timezone.now()).first()
    expected = invitation.code_digest if invitation else _digest("")
    is_right = hmac.compare_digest(expected, _digest(code))
    return invitation.agent if invitation and is_right else None


@transaction.atomic
@sensitive_variables()
def accept(email: str, code: str, *, password: str) -> User | None:
    """Spend an invitation: its agent, with the password they chose; None as above.

    Deleting decides: of two requests with one code, one goes on.
    """
    agent = agent_invited(email, code)
    if agent is None:
        return None
    deleted, _ = AgentInvitation.objects.filter(agent=agent, code_digest=_digest(code)).delete()
    if not deleted:
        return None
    agent = locked(agent)
    agent.set_password(password)
    agent.save(update_fields=["password"])
    agent.end_sessions()
    record_password_change(agent)
    return agent


def record_password_change(agent: User) -> None:
    """The agent chose a password: a line, and a mail."""
    journal.record_own(JournalKind.PASSWORD_CHANGED, agent)
    agent_mail.tell(
        agent,
        "Votre mot de passe d’agent a changé",
        ["Un nouveau mot de passe ouvre maintenant votre accès à l’administration du portail."],
    )


def record_change(agent: User, *, by: User, what: str) -> None:
    """A line that says who changed which account: never what is in it."""
    _record(JournalKind.AGENT_CHANGED, agent, by=by, code=what)


@transaction.atomic
def email_was_changed(agent: User, *, old: str | None, by: User) -> None:
    """The address that invitations go to is no more the same: both are told."""
    AgentInvitation.objects.filter(agent=agent).delete()
    record_change(agent, by=by, what=EMAIL_CHANGED)
    for address in (old, agent.email):
        agent_mail.tell_address(
            address,
            "L’adresse e-mail d’un compte d’agent a changé",
            [
                f"L’agent {by.agent_reference} a changé l’adresse e-mail du compte d’agent "
                f"{agent.agent_reference}."
            ],
        )


def _record(kind: JournalKind, agent: User, *, by: User, **facts) -> None:
    """A line without a citizen: `reference` says which account, `actor` who."""
    journal.record(
        kind,
        citizen=None,
        actor=by,
        capacity=files.capacity_of(by),
        reference=agent.agent_reference,
        **facts,
    )


def _tell_of_recovery(agent: User, *, by: User, reason: str) -> None:
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=by.pk)
    for person in {agent, *others}:
        whose = "votre accès" if person == agent else f"l’accès de l’agent {agent.agent_reference}"
        agent_mail.tell(
            person,
            "L’accès d’un agent a été rétabli",
            [
                f"L’agent {by.agent_reference} a rétabli {whose} à l’administration.",
                f"Motif donné : {reason}",
                "Le mot de passe, la double authentification et les sessions d’avant ne servent "
                "plus. Une nouvelle invitation est partie à l’adresse de l’agent.",
            ],
            otherwise=(
                "Personne ne devait rétablir cet accès ? Bloquez le compte, ou prévenez tout de "
                "suite un administrateur du portail."
            ),
        )


def _send_code(agent: User) -> None:
    code = get_random_string(CODE_CHARACTERS, REFERENCE_ALPHABET)
    AgentInvitation.objects.update_or_create(
        agent=agent,
        defaults={
            "code_digest": _digest(code),
            "sent_at": timezone.now(),
            "expires_at": end_of_invitation(),
        },
    )
    facts = {
        "code": "-".join(code[i : i + 4] for i in range(0, CODE_CHARACTERS, 4)),
        "address": settings.BASE_URL + reverse("admin:agent_invitation"),
    }
    services.send_mail("accounts/email/agent_invitation", agent.email, facts)


def _digest(code: str) -> str:
    """Typed with or without its dashes, in any case; no secret without a key."""
    letters = "".join(code.split()).replace("-", "").upper()
    return salted_hmac("accounts.agent_invitation", letters, algorithm="sha256").hexdigest()
