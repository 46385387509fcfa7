"""The open sessions of citizens and agents, a row each in allauth's table; how each of them ends.

The session itself remembers its row (`MARKER_KEY`): most requests then read and write nothing
more. A session and its row end together.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import journal
from accounts.devices import device_label, network_label, network_of
from accounts.models import JournalKind, User
from accounts.sessions import session_opening

MARKER_KEY = "accounts_open_session"
# How often the last visit is written down. A session may live this much longer than its limit,
# and never less: nobody is put out early because a visit was not written.
REFRESH_SECONDS = 60


class SessionEnd(models.TextChoices):
    """Why a session ended, when its owner did not press "Se déconnecter": a journal `code`."""

    REMOTE = "remote", "Vous avez fermé une session à distance."
    OTHERS = "others", "Vous avez fermé toutes les autres."
    IDLE = "idle", "La session s’est fermée, faute d’activité."
    EXPIRED = "expired", "La session avait duré le temps maximal."
    TOWN_HALL = "town_hall", "La mairie a fermé toutes vos sessions."


@dataclass(frozen=True)
class OpenSession:
    """One open session as its owner sees it; `handle` names it to this owner alone."""

    handle: str
    device: str
    network: str
    means: str
    opened_at: datetime
    seen_at: datetime
    is_current: bool


def handle_of(session_key: str) -> str:
    """What stands for a session in a page: its key opens it, and never leaves the cookie."""
    return salted_hmac("accounts.open_sessions", session_key, algorithm="sha256").hexdigest()[:32]


def open_sessions(request: HttpRequest) -> list[OpenSession]:
    """The sessions of the person signed in: the present one first, then the latest seen."""
    return sessions_of(request.user, current_key=request.session.session_key)


def sessions_of(user: User, *, current_key: str | None = None) -> list[OpenSession]:
    """The open sessions of this citizen: that of `current_key` first, then the latest seen."""
    found = [
        OpenSession(
            handle=handle_of(row.session_key),
            device=row.user_agent,
            network=network_label(row.ip),
            means=row.data.get("means", ""),
            opened_at=row.created_at,
            seen_at=row.last_seen_at,
            is_current=row.session_key == current_key,
        )
        for row in _living_rows(user)
    ]
    return sorted(found, key=lambda session: (not session.is_current, -session.seen_at.timestamp()))


def follow(request: HttpRequest) -> None:
    """Keep the row of this session true: made at sign-in, moved with the key, refreshed.

    Called once the answer is known, so that every way in is covered, whoever opened the session.
    """
    session = request.session
    if SESSION_KEY not in session or request.user.is_anonymous:
        return
    marker = session.get(MARKER_KEY)
    if marker is None:
        _open(request, opened=time.time())
    elif marker["handle"] != handle_of(session.session_key or ""):
        UserSession.objects.filter(pk=marker["row"]).delete()
        _open(request, opened=marker["opened"])
    elif time.time() - marker["seen"] >= REFRESH_SECONDS:
        refresh(request)


def refresh(request: HttpRequest) -> None:
    """Write down that this session is in use; without its row, it was ended: it is over."""
    marker = request.session.get(MARKER_KEY)
    if marker is None:
        return
    rows = UserSession.objects.filter(pk=marker["row"], user=request.user)
    if rows.update(last_seen_at=timezone.now(), ip=_network(request)):
        request.session[MARKER_KEY] = marker | {"seen": time.time()}
    else:
        request.session.flush()


def end_if_over(request: HttpRequest) -> SessionEnd | None:
    """End the session of this request when its time is up; says why, None when it goes on."""
    marker = request.session.get(MARKER_KEY)
    if marker is None or (reason := _reason_to_end(marker)) is None:
        return None
    end_present(request, reason)
    return reason


def end_present(request: HttpRequest, reason: SessionEnd) -> None:
    """End the session of this request; of two requests that do, one writes it in the journal."""
    marker = request.session.get(MARKER_KEY)
    row = marker and UserSession.objects.filter(pk=marker["row"]).select_related("user").first()
    request.session.flush()
    if row:
        _end(row, reason)


def seconds_left(request: HttpRequest) -> int:
    """How long this session lasts if nothing more is asked, from now."""
    marker = request.session.get(MARKER_KEY)
    opened = marker["opened"] if marker else time.time()
    idle, age = limits(is_agent=request.user.is_staff)
    return max(0, int(min(idle, opened + age - time.time())))


def is_in_use(request: HttpRequest) -> bool:
    """Whether something was asked in this session lately: in another tab, for instance."""
    marker = request.session.get(MARKER_KEY)
    if marker is None:
        return False
    idle, _ = limits(is_agent=request.user.is_staff)
    return time.time() - marker["seen"] < idle - REFRESH_SECONDS and seconds_left(request) > 10


def end_one(request: HttpRequest, handle: str) -> bool:
    """End another session of the person signed in; False when this handle names none of them."""
    for row in UserSession.objects.filter(user=request.user).select_related("user"):
        is_current = row.session_key == request.session.session_key
        if constant_time_compare(handle_of(row.session_key), handle) and not is_current:
            row.end()
            journal.record_own(JournalKind.SESSIONS_ENDED, request.user, code=SessionEnd.REMOTE)
            return True
    return False


@transaction.atomic
def end_others(request: HttpRequest) -> int:
    """End every other session of the person signed in; how many there were.

    One at a time: of two sessions that end each other at once, the second is dead already.
    """
    User.objects.select_for_update().get(pk=request.user.pk)
    rows = UserSession.objects.filter(user=request.user)
    if not rows.filter(session_key=request.session.session_key).exists():
        return 0
    others = list(rows.exclude(session_key=request.session.session_key))
    for row in others:
        row.end()
    if others:
        journal.record_own(JournalKind.SESSIONS_ENDED, request.user, code=SessionEnd.OTHERS)
    return len(others)


def end_dead_sessions() -> int:
    """What `manage.py worker` does: end what is over, and the rows that no session has any more."""
    over = UserSession.objects.select_related("user").exclude(_within_limits())
    count = 0
    for row in over.iterator():
        _, age = limits(is_agent=row.user.is_staff)
        is_idle = row.created_at > timezone.now() - timedelta(seconds=age)
        count += _end(row, SessionEnd.IDLE if is_idle else SessionEnd.EXPIRED)
    orphans, _ = UserSession.objects.exclude(_has_session()).delete()
    return count + orphans


def _open(request: HttpRequest, *, opened: float) -> None:
    session = request.session
    if not session.session_key:
        session.save()
    # One statement, whatever an earlier request that failed has left.
    (row,) = UserSession.objects.bulk_create(
        [_new_row(request, opened)],
        update_conflicts=True,
        unique_fields=["session_key"],
        update_fields=["user", "user_agent", "ip", "created_at", "last_seen_at", "data"],
    )
    session[MARKER_KEY] = {
        "row": row.pk,
        "handle": handle_of(session.session_key),
        "opened": opened,
        "seen": time.time(),
        "is_agent": request.user.is_staff,
    }


def _new_row(request: HttpRequest, opened: float) -> UserSession:
    """Nothing of the session's own content: neither a token nor a whole address or header."""
    opening = session_opening(request)
    return UserSession(
        user=request.user,
        session_key=request.session.session_key,
        user_agent=device_label(request.META.get("HTTP_USER_AGENT", "")),
        ip=_network(request),
        created_at=datetime.fromtimestamp(opened, tz=UTC),
        data={"means": opening.label if opening else "", "proof": _proof(request.user)},
    )


@transaction.atomic
def _end(row: UserSession, reason: SessionEnd) -> bool:
    """End a session and its row; of two that do it at once, one writes it in the journal."""
    import_module(settings.SESSION_ENGINE).SessionStore().delete(row.session_key)
    deleted, _ = UserSession.objects.filter(pk=row.pk).delete()
    if deleted:
        journal.record_own(JournalKind.SESSIONS_ENDED, row.user, code=reason)
    return bool(deleted)


def _reason_to_end(marker: dict) -> SessionEnd | None:
    now = time.time()
    idle, age = limits(is_agent=marker.get("is_agent", False))
    if now - marker["opened"] >= age:
        return SessionEnd.EXPIRED
    if now - marker["seen"] >= idle + REFRESH_SECONDS:
        return SessionEnd.IDLE
    return None


def _living_rows(user: User) -> list[UserSession]:
    """In one query. A session opened before a password or an epoch changed is dead already."""
    rows = UserSession.objects.filter(_has_session(), _within_limits(), user=user)
    proof = _proof(user)
    return [row for row in rows if row.data.get("proof") == proof]


def _within_limits() -> Q:
    return _within(is_agent=False) | _within(is_agent=True)


def _within(*, is_agent: bool) -> Q:
    now = timezone.now()
    idle, age = limits(is_agent=is_agent)
    return Q(
        user__is_staff=is_agent,
        created_at__gt=now - timedelta(seconds=age),
        last_seen_at__gt=now - timedelta(seconds=idle + REFRESH_SECONDS),
    )


def limits(*, is_agent: bool) -> tuple[int, int]:
    """How many seconds a session lasts without a visit, and in all."""
    if is_agent:
        return settings.SESSION_AGENT_IDLE_SECONDS, settings.SESSION_AGENT_AGE
    return settings.SESSION_IDLE_SECONDS, settings.SESSION_COOKIE_AGE


def _has_session() -> Exists:
    living = Session.objects.filter(expire_date__gt=timezone.now())
    return Exists(living.filter(session_key=OuterRef("session_key")))


def _network(request: HttpRequest) -> str:
    return network_of(get_adapter().get_client_ip(request))


def _proof(user: User) -> str:
    """A digest of what Django checks a session against."""
    value = user.get_session_auth_hash()
    return salted_hmac("accounts.open_sessions.proof", value, algorithm="sha256").hexdigest()[:32]
