"""What `franceconnect` answers to the rest of the portal."""

from django.contrib import auth
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions import record_proof
from franceconnect import conf, linking
from franceconnect.models import Link
from franceconnect.state import PendingIdentity, discard_pending

BACKEND = "franceconnect.backends.FranceConnectBackend"
LABEL = "FranceConnect"


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
    """Sign `user` in by this proof; the session key changes (OWASP: session fixation)."""
    discard_pending(request.session)
    user.backend = BACKEND
    auth.login(request, user)
    record_proof(request, user, means=linking.MEANS, label=LABEL, acr=pending.acr)


def raise_session(request: HttpRequest, pending: PendingIdentity) -> None:
    """Row 16: the person signed in has proven themselves again."""
    record_proof(
        request,
        request.user,
        means=linking.MEANS,
        label=LABEL,
        acr=pending.acr,
        reauthenticated=True,
    )
