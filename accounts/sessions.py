"""How the present session was opened, and how fresh its last proof is.

The records are allauth's: a list of what was proven in this session, with the time of each. An
identity provider adds its own with `record_proof`.
"""

import datetime
import time
from dataclasses import dataclass
from functools import wraps
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import typed

RETURN_KEY = "accounts_return_url"
MEANS_LABELS = {
    "password": "mot de passe",
    "password_reset": "code reçu par e-mail",
    "mfa": "clé d’accès",
}
# allauth's name for each way to prove oneself a second time, after the password.
CODES = ("totp", "recovery_codes")


@dataclass(frozen=True)
class SessionOpening:
    """What opened a session: `means` is a machine name, `label` what a citizen reads."""

    means: str
    label: str
    at: datetime.datetime


def record_proof(request: HttpRequest, user, *, means: str, label: str, **extra) -> None:
    """Remember in the session that `user` was proven now, by `means` (shown as `label`).

    `extra` goes with the record, for its author only (an assurance level, for instance); pass
    `reauthenticated=True` when the proof was asked again of somebody already signed in, and
    `unattended=True` when nobody may have been asked anything (single sign-on): no fresh proof.
    """
    record_authentication(request, user, method=means, label=label, **extra)


def session_opening(request: HttpRequest) -> SessionOpening | None:
    """How and when this session was opened; None when that is unknown."""
    records = get_authentication_records(request, request.user)
    if not records:
        return None
    first = records[0]
    return SessionOpening(
        means=first["method"],
        label=_opening_label(records),
        at=datetime.datetime.fromtimestamp(first["at"], tz=datetime.UTC),
    )


def proof_label(record: dict) -> str:
    """What a citizen reads of a record of allauth's: « mot de passe », « clé d’accès »…"""
    return record.get("label") or MEANS_LABELS.get(record["method"], record["method"])


def _opening_label(records: list[dict]) -> str:
    """What opened the session, and what followed a password, if anything did."""
    label = proof_label(records[0])
    if records[0]["method"] != "password":
        return label
    if any(_is_second_factor(record) for record in records):
        return f"{label} et code"
    is_passkey_after = any(
        record.get("type") == "webauthn" and not record.get("reauthenticated") for record in records
    )
    return f"{label} et clé d’accès" if is_passkey_after else label


def _is_second_factor(record: dict) -> bool:
    """Whether this record is of a code that follows the password, and proves too little alone.

    A telephone left on a table shows the app's codes and receives the mails: whoever holds it
    must not change what opens the space. A mailed code with a label is another proof (see
    `record_proof`).
    """
    is_mailed = record["method"] == "code" and "label" not in record
    return is_mailed or record.get("type") in CODES


def keep_this_session(request: HttpRequest) -> None:
    """After a change that ended every session of the person signed in: this one goes on."""
    request.user.refresh_from_db()
    update_session_auth_hash(request, request.user)


def has_recent_proof(request: HttpRequest) -> bool:
    """Whether this person signed in, or proved themselves again, under ten minutes ago."""
    return _any_recent(get_authentication_records(request, request.user))


def has_recent_reauthentication(request: HttpRequest) -> bool:
    """Whether this person was asked again, once signed in, and answered under ten minutes ago."""
    records = get_authentication_records(request, request.user)
    return _any_recent(record for record in records if record.get("reauthenticated"))


def returns(view):
    """For a page that is one step of something longer: it leads back to its `next` once done."""

    @wraps(view)
    def wrapper(request, *args, **kwargs):
        if request.method == "GET":
            request.session.pop(RETURN_KEY, None)
            next_url = request.GET.get("next", "")
            if is_local_path(next_url):
                request.session[RETURN_KEY] = next_url
        return view(request, *args, **kwargs)

    return wrapper


def is_local_path(url: str) -> bool:
    """Whether `url` is a page of this portal: an absolute path, no host, no view name.

    A browser takes line ends and tabs out of an address (WHATWG URL §4.4): "/\\n//host" is one.
    """
    is_printable = url.isprintable()
    return is_printable and url.startswith("/") and url_has_allowed_host_and_scheme(url, None)


def return_url(request: HttpRequest) -> str | None:
    """Where the step just done leads back to, told once; a local path, or None."""
    return request.session.pop(RETURN_KEY, None)


def citizens_only(view):
    """Answers 403 to somebody signed in without a personal space: an agent."""

    @wraps(view)
    def wrapper(request, *args, **kwargs):
        is_citizen = not request.user.is_staff and getattr(request.user, "space", None) is not None
        if request.user.is_authenticated and not is_citizen:
            raise PermissionDenied("agents have no personal space")
        return view(request, *args, **kwargs)

    return wrapper


def _any_recent(records) -> bool:
    oldest = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    return any(record["at"] > oldest and _is_proof(record) for record in records)


def _is_proof(record: dict) -> bool:
    return not (_is_second_factor(record) or record.get("unattended"))


def recent_proof_required(view):
    """For what a borrowed screen must not do: asks again when the last proof is over 10 min old."""
    return _proof_required(view, has_recent_proof)


def reauthentication_required(view):
    """For what cannot be undone: asks again even somebody who has just signed in."""
    return _proof_required(view, has_recent_reauthentication)


def _proof_required(view, is_proven):
    @citizens_only
    @wraps(view)
    def wrapper(request, *args, **kwargs):
        if is_proven(request):
            return view(request, *args, **kwargs)
        # A form sent meanwhile comes back too: it is shown again, and sent by its owner.
        next_url = typed.keep(request) or request.get_full_path()
        return HttpResponseRedirect(reauthentication_url(next_url))

    return wrapper


def reauthentication_url(next_url: str) -> str:
    """The page that asks for a fresh proof, then leads to `next_url` (a local path)."""
    return f"{reverse('account_reauthenticate')}?{urlencode({'next': next_url})}"
