"""One person on one page: what the town knows of them, what opens their space, what happened."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts import counter, erasure, files, open_sessions
from accounts.admin.actions import ACTIONS
from accounts.admin.timeline import timeline_of
from accounts.models import JournalKind, PersonalSpace

COUNTER_CODE = ("give_counter_code", "give_code", "Remettre un code d’accès")


@dataclass(frozen=True)
class WaysIn:
    """What opens a space and what protects it, without a name that its owner chose."""

    login: str
    waiting_login: str
    has_password: bool
    passkeys: int
    has_app: bool
    has_email_code: bool

    @classmethod
    def of(cls, user) -> "WaysIn":
        """In two queries. How a passkey is called is its owner's business, and how many is ours."""
        kinds = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        waiting = EmailAddress.objects.filter(user=user, verified=False).first()
        return cls(
            login=user.email or "",
            waiting_login=waiting.email if waiting else "",
            has_password=user.has_password_door,
            passkeys=kinds.count(Authenticator.Type.WEBAUTHN),
            has_app=Authenticator.Type.TOTP in kinds,
            has_email_code=user.wants_email_code,
        )


def person_page(model_admin, request, space: PersonalSpace):
    """The page; that it was opened is journalled before it is given."""
    if request.method not in ("GET", "HEAD") or not model_admin.has_view_permission(request, space):
        raise PermissionDenied
    files.record_opening(request.user, space.user)
    sessions = open_sessions.sessions_of(space.user)
    may_resend = request.user.has_perm("accounts.resend_mail") and not space.user.is_staff
    context = model_admin.admin_site.each_context(request) | {
        "title": space.display_name,
        "trail": [(reverse("admin:accounts_personalspace_changelist"), "Espaces personnels")],
        "space": space,
        "citizen": space.user,
        "actions": actions_for(request.user, space, is_open=bool(sessions)),
        "ways_in": WaysIn.of(space.user),
        "sessions": sessions,
        "timeline": timeline_of(space, request.GET.get("page"), may_resend=may_resend),
        **_notices(space),
    }
    return TemplateResponse(request, "admin/accounts/personalspace/change_form.html", context)


def actions_for(agent, space: PersonalSpace, *, is_open: bool) -> list[tuple[str, str]]:
    """What this agent may do for this person as things stand: addresses and words.

    `is_open` is whether somebody is in the space now.
    """
    if space.user.is_staff:
        return []
    names = [
        "check_identity",
        "correct",
        "block" if space.user.is_active else "unblock",
        *(["end_sessions"] if is_open else []),
        "stop_erasure" if space.deletion_asked_at else "start_erasure",
    ]
    offered = [(ACTIONS[name][1].permission, name, ACTIONS[name][1].title) for name in names]
    if space.user.is_active:
        offered.insert(2, COUNTER_CODE)
    return [
        (reverse(f"admin:accounts_personalspace_{name}", args=[space.pk]), words)
        for permission, name, words in offered
        if agent.has_perm(f"accounts.{permission}")
    ]


def _notices(space: PersonalSpace) -> dict:
    """What to know before anything else, and who decided it."""
    user, asked_at = space.user, space.deletion_asked_at
    warned_at, seen_at = space.unused_warned_at, user.last_login
    return {
        "erased_on": asked_at and erasure.deletion_date(asked_at),
        "asked": asked_at and _latest(user, JournalKind.DELETION_ASKED),
        "blocked": None if user.is_active else _latest(user, JournalKind.BLOCKED),
        "is_unused": warned_at is not None and (seen_at is None or warned_at > seen_at),
        "is_never_opened": counter.is_never_opened(space),
    }


def _latest(user, kind: JournalKind):
    return user.journal.filter(kind=kind).select_related("actor").first()
