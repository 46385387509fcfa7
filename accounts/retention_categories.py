"""What of `accounts` time erases: spaces, and what surrounds them.

Legal grounds and bounds of each delay: docs/conservation.md.
"""

import datetime

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from post_office.models import STATUS, Email

from accounts import erasure, journal, services, typed
from accounts.codes import LIFETIME
from accounts.models import (
    AgentInvitation,
    CounterCode,
    CounterCodeRequest,
    DataExport,
    JournalEntry,
    JournalKind,
    OneTimeCode,
    PersonalSpace,
    User,
)
from accounts.own_mail import LAST_HEADER
from accounts.retention import Category, days_ago, months_after, months_ago

# A space is many rows, and its erasure reads the live sessions: fewer in one transaction.
SPACES_AT_ONCE = 20
# A sign-in under way has a row here a moment before its session is saved.
SESSION_IN_THE_MAKING = datetime.timedelta(hours=1)


def categories() -> list[Category]:
    """Spaces first: what they leave behind goes in the same run.

    Erased before the last warning, and that one before the first: never two steps in one run.
    """
    kept = settings.RETENTION
    return [*_erased(kept), *_warned(kept), *_of_traces(kept)]


def _of_space(name: str, label: str, rows, act) -> Category:
    return Category(name, label, rows, act, batch=SPACES_AT_ONCE)


def _erased(kept: dict) -> list[Category]:
    asked = f"espaces dont la suppression est demandée depuis {kept['deletion_days']} jours"
    unverified = f"inscriptions non vérifiées depuis {kept['unverified_days']} jours"
    unused = f"espaces inutilisés depuis {kept['unused_months']} mois, avertis deux fois"
    return [
        _of_space("deletions", asked, _asked, _eraser(erasure.AS_ASKED)),
        _of_space("unverified", unverified, _unverified, _eraser(erasure.UNVERIFIED)),
        _of_space("unused", unused, _unused, _eraser(erasure.UNUSED)),
    ]


def _warned(kept: dict) -> list[Category]:
    first, last = kept["first_warning_days"], kept["last_warning_days"]
    again = f"espaces inutilisés à avertir une dernière fois ({last} jours avant)"
    once = f"espaces inutilisés à avertir une première fois ({first} jours avant)"
    return [
        _of_space("last_warnings", again, _to_warn_again, _warner(2, last)),
        _of_space("first_warnings", once, _to_warn, _warner(1, first)),
    ]


def _of_traces(kept: dict) -> list[Category]:
    journal_label = f"lignes du journal de plus de {kept['journal_months']} mois"
    mails = f"courriels de plus de {kept['mail_days']} jours, derniers courriels partis"
    copies = f"copies de données de plus de {kept['export_days']} jours"
    return [
        Category("journal", journal_label, _journal),
        Category("mails", mails, _mails),
        Category("exports", copies, _exports),
        Category("codes", "codes à usage unique expirés", _codes),
        Category("counter_codes", "codes remis en mairie expirés", _counter_codes),
        Category("counter_requests", "demandes de code en mairie expirées", _counter_requests),
        Category("invitations", "invitations d’agents expirées", _invitations),
        Category("typed", "formulaires laissés à la fin d’une session, expirés", typed.expired),
        Category("sessions", "sessions expirées", _sessions),
        Category("devices", "appareils dont la session est finie", _dead_user_sessions),
    ]


# --- Spaces ---


def _asked() -> QuerySet:
    return _citizens().filter(deletion_asked_at__lte=days_ago(settings.RETENTION["deletion_days"]))


def _unverified() -> QuerySet:
    """Registered with an e-mail that nobody proved to own, and never opened by any other way."""
    emails = EmailAddress.objects.filter(user=OuterRef("user"))
    return _citizens().filter(
        Exists(emails.filter(verified=False)),
        ~Exists(emails.filter(verified=True)),
        user__email__isnull=True,
        user__last_login__isnull=True,
        user__date_joined__lt=days_ago(settings.RETENTION["unverified_days"]),
    )


def _unused() -> QuerySet:
    kept = settings.RETENTION
    return _idle(0).filter(
        _warned_since(),
        unused_warnings__gte=2,
        unused_warned_at__lte=days_ago(kept["last_warning_days"]),
    )


def _to_warn_again() -> QuerySet:
    """Never sooner after the first warning than the delays promise, even if the purge slept."""
    kept = settings.RETENTION
    between = kept["first_warning_days"] - kept["last_warning_days"]
    return _idle(kept["last_warning_days"]).filter(
        _warned_since(), unused_warnings=1, unused_warned_at__lte=days_ago(between)
    )


def _to_warn() -> QuerySet:
    return _idle(settings.RETENTION["first_warning_days"]).filter(
        Q(unused_warnings=0) | Q(unused_warned_at__lte=F("user__last_login"))
    )


def _citizens() -> QuerySet:
    """Never an agent, even one who was a citizen."""
    return PersonalSpace.objects.filter(user__is_staff=False)


def _idle(days_before: int) -> QuerySet:
    """Unused for long enough but `days_before` days.

    Not one that agents blocked: its owner cannot come, and the town has a reason to keep it.
    """
    months = settings.RETENTION["unused_months"]
    since = months_ago(months) + datetime.timedelta(days=days_before)
    return _citizens().filter(
        Q(user__last_login__lt=since)
        | Q(user__last_login__isnull=True, user__date_joined__lt=since),
        user__is_active=True,
        deletion_asked_at__isnull=True,
    )


def _warned_since() -> Q:
    """Warned after the latest sign-in: one in between cancels all."""
    return Q(user__last_login__isnull=True) | Q(unused_warned_at__gt=F("user__last_login"))


def _eraser(reason: str):
    def act(model, keys: list) -> None:
        users = User.objects.filter(space__in=keys).select_related("space")
        erasure.erase(list(users), reason)

    return act


def _warner(number: int, days_before: int):
    """Warns for the `number`-th time; the date told leaves at least `days_before` days."""

    def act(model, keys: list) -> None:
        now = timezone.now()
        for space in PersonalSpace.objects.filter(pk__in=keys).select_related("user"):
            active_at = space.user.last_login or space.user.date_joined
            over_at = months_after(active_at, settings.RETENTION["unused_months"])
            erased_on = max(over_at, now + datetime.timedelta(days=days_before))
            context = {"active_at": active_at, "erased_on": erased_on}
            services.notify(space, "accounts/email/space_unused_soon", context)
            journal.record(JournalKind.UNUSED_WARNED, citizen=space.user)
        PersonalSpace.objects.filter(pk__in=keys).update(
            unused_warnings=number, unused_warned_at=now
        )

    return act


# --- What surrounds them ---


def _journal() -> QuerySet:
    return JournalEntry.objects.filter(at__lt=months_ago(settings.RETENTION["journal_months"]))


def _mails() -> QuerySet:
    """Sent or not: their text can hold a one-time code. The last mail to somebody, once sent."""
    return Email.objects.filter(
        Q(created__lt=days_ago(settings.RETENTION["mail_days"]))
        | Q(status=STATUS.sent, headers__has_key=LAST_HEADER)
    )


def _exports() -> QuerySet:
    return DataExport.objects.filter(made_at__lt=days_ago(settings.RETENTION["export_days"]))


def _codes() -> QuerySet:
    return OneTimeCode.objects.filter(created_at__lt=timezone.now() - LIFETIME)


def _invitations() -> QuerySet:
    return AgentInvitation.objects.filter(expires_at__lt=timezone.now())


def _counter_codes() -> QuerySet:
    return CounterCode.objects.filter(expires_at__lt=timezone.now())


def _counter_requests() -> QuerySet:
    return CounterCodeRequest.objects.filter(expires_at__lt=timezone.now())


def _sessions() -> QuerySet:
    return Session.objects.filter(expire_date__lt=timezone.now())


def _dead_user_sessions() -> QuerySet:
    alive = Session.objects.filter(pk=OuterRef("session_key"), expire_date__gte=timezone.now())
    old = UserSession.objects.filter(created_at__lt=timezone.now() - SESSION_IN_THE_MAKING)
    return old.filter(~Exists(alive))
