"""What every page of the journey shares: guards, limits, the page of a refusal."""

import logging
from functools import wraps

from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import Http404
from django.shortcuts import redirect, render, resolve_url
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables

from accounts import journal
from accounts.models import JournalKind
from accounts.sessions import is_local_path
from franceconnect import conf, linking
from franceconnect.exceptions import FranceConnectError

logger = logging.getLogger(__name__)

SESSION_RATE = "30/m"
FAILURE_KEY = "franceconnect_failure"


def safe_next_url(candidate: str | None) -> str:
    """`candidate` when it is a path of this portal, else Mon espace (no open redirection)."""
    if is_local_path(candidate or ""):
        return candidate
    return resolve_url(settings.LOGIN_REDIRECT_URL)


def platform_required(view):
    """No FranceConnect configured: the page does not exist."""

    @wraps(view)
    def wrapper(request, *args, **kwargs):
        if conf.platform() is None:
            raise Http404
        return view(request, *args, **kwargs)

    return wrapper


def rate_limited(view):
    """Generous by address (a counter has one for everybody), strict by browser session."""

    @wraps(view)
    def wrapper(request, *args, **kwargs):
        session_key = request.session.session_key
        rates = f"{settings.FRANCECONNECT['rate_limit']}/ip"
        usage = ratelimit.consume(
            request,
            app="franceconnect",
            action="journey",
            config={"journey": f"{rates},{SESSION_RATE}/key" if session_key else rates},
            key=session_key,
            limit_get=True,
        )
        return view(request, *args, **kwargs) if usage else ratelimit.respond_429(request)

    return wrapper


def refuse(request, error: FranceConnectError, *, citizen=None):
    """One line of log and of journal, one page: what happened, what to do, a reference.

    The line is of the person signed in, or of `citizen`: never of somebody else concerned.
    """
    if citizen is None and request.user.is_authenticated:
        citizen = request.user
    reference = journal.new_incident_reference()
    level = logging.ERROR if error.is_ours_to_mend else logging.WARNING
    logger.log(level, "FranceConnect sign-in refused: %s (%s)", error.code, reference)
    journal.record(
        JournalKind.SIGN_IN_REFUSED,
        citizen=citizen,
        means=linking.MEANS,
        code=error.code,
        reference=reference,
    )
    failure = {
        "user_message": error.user_message,
        "status": error.status,
        "offers_sign_out": error.offers_sign_out,
        "reference": reference,
    }
    if request.method == "GET" and settings.SESSION_COOKIE_NAME in request.COOKIES:
        # To an address of its own: it survives a reload, and leaves no code in the address bar.
        request.session[FAILURE_KEY] = failure
        return redirect("franceconnect:failure")
    return show_failure(request, failure)


def show_failure(request, failure: dict):
    """The page of a refusal: `user_message`, `status`, `offers_sign_out`, `reference`."""
    context = {"error": failure, "reference": failure["reference"]}
    return render(request, "franceconnect/failure.html", context, status=failure["status"])


@method_decorator([never_cache, platform_required], name="dispatch")
class JourneyView(View):
    """What every page of the journey shares: an error becomes a page of the portal."""

    @sensitive_variables()
    def dispatch(self, request, *args, **kwargs):
        self.platform = conf.platform()
        try:
            return super().dispatch(request, *args, **kwargs)
        except FranceConnectError as error:
            return refuse(request, error)
