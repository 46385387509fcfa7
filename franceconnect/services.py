"""What `franceconnect` answers to the rest of the portal."""

from allauth.account.authentication import get_authentication_records
from django.contrib import auth
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions import record_proof
from franceconnect import conf, linking, sign_out
from franceconnect.models import Link
from franceconnect.state import PendingIdentity, discard_pending

BACKEND = "franceconnect.backends.FranceConnectBackend"
METHOD = "franceconnect"


def session_level(request: HttpRequest) -> str | None:
    """The strongest level (eidas1 to eidas3) that FranceConnect proved in this *session*.

    None for a session that only a password opened, whatever the account is linked to.
    """
    records = get_authentication_records(request, request.user)
    levels = [record["acr"] for record in records if record["method"] == METHOD]
    return max(levels, key=conf.LEVELS.index, default=None)


def link_of(request: HttpRequest) -> Link | None:
    """The active link of the person signed in; read once a request."""
    if not hasattr(request, "_franceconnect_link"):
        platform = conf.platform()
        is_citizen = request.user.is_authenticated and not request.user.is_staff
        request._franceconnect_link = (
            linking.active_link(request.user, platform.issuer) if platform and is_citizen else None
        )
    return request._franceconnect_link


def open_session(request: HttpRequest, user: User, pending: PendingIdentity) -> None:
    """Sign `user` in by this proof, in a session of its own.

    The key changes (OWASP: session fixation), and what somebody left in the browser before,
    a sign-up under way for instance, is not carried over.
    """
    id_token = sign_out.take_id_token(request.session)
    if request.user.is_anonymous:
        request.session.flush()
    discard_pending(request.session)
    user.backend = BACKEND
    auth.login(request, user)
    sign_out.remember(request.session, id_token)
    record_proof(request, user, means=METHOD, label=linking.MEANS, acr=pending.acr)


def raise_session(request: HttpRequest, pending: PendingIdentity) -> None:
    """Row 16: the person signed in has proven themselves again."""
    record_proof(
        request,
        request.user,
        means=METHOD,
        label=linking.MEANS,
        acr=pending.acr,
        reauthenticated=True,
    )
