"""What every page of the journey shares: guards, limits, the page of a refusal."""

import logging
from functools import wraps

from allauth.core.internal.ratelimit import parse_rate
from django.conf import settings
from django.core.cache import cache
from django.http import Http404
from django.shortcuts import redirect, render, resolve_url
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables

from accounts import journal
from accounts.limits import within_rate
from accounts.models import JournalKind
from accounts.services import send_mail
from accounts.sessions import is_local_path
from franceconnect import activation, conf
from franceconnect.conf import Platform
from franceconnect.exceptions import FranceConnectError, SwitchedOff

logger = logging.getLogger(__name__)

FAILURE_KEY = "franceconnect_failure"
# Operators receive one mail about a platform in so long.
ALERT_INTERVAL_SECONDS = 3600
# In the journal, from one address, which may be that of everybody at the counter.
LINES_OF_NOBODY = "60/h/ip"
UNITS = (
    (86400, "jour", "un jour"),
    (3600, "heure", "une heure"),
    (60, "minute", "une minute"),
    (1, "seconde", "une seconde"),
)


def safe_next_url(candidate: str | None) -> str:
    """`candidate` when it is a path of this portal, else Mon espace (no open redirection)."""
    if is_local_path(candidate or ""):
        return candidate
    return resolve_url(settings.LOGIN_REDIRECT_URL)


def rate_limited(view):
    """Generous by address (a counter has one for everybody), strict by browser session."""

    @wraps(view)
    def wrapper(request, *args, **kwargs):
        session_key = request.session.session_key
        rates = {f"{settings.FRANCECONNECT['rate_limit']}/ip": None}
        if session_key:
            rates[f"{settings.FRANCECONNECT['session_rate_limit']}/key"] = session_key
        for rate, key in rates.items():
            if not within_rate(request, "franceconnect", rate, key=key):
                return too_many(request, max(1, int(parse_rate(rate).duration)))
        return view(request, *args, **kwargs)

    return wrapper


def too_many(request, seconds: int):
    """The page of a limit: says when to try again, and so does the header (RFC 6585 §4)."""
    context = {"wait": in_words(seconds)}
    response = render(request, "429.html", context, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def in_words(seconds: int) -> str:
    """A duration as one says it: « une minute », « 3 heures », « 45 secondes »."""
    size, name, one = next(unit for unit in UNITS if seconds >= unit[0] and not seconds % unit[0])
    return one if seconds == size else f"{seconds // size} {name}s"


def refuse(request, error: FranceConnectError, *, platform: Platform, citizen=None):
    """One line of log and of journal, one page: what happened, what to do, a reference.

    The line is of the person signed in, or of `citizen`: never of somebody else concerned.
    """
    if citizen is None and request.user.is_authenticated:
        citizen = request.user
    reference = journal.new_incident_reference()
    level = logging.ERROR if error.is_ours_to_mend else logging.WARNING
    logger.log(level, "%s sign-in refused: %s (%s)", platform.label, error.code, reference)
    if citizen is not None or _is_worth_a_line(request):
        journal.record(
            JournalKind.SIGN_IN_REFUSED,
            citizen=citizen,
            means=platform.label,
            code=error.code,
            reference=reference,
        )
    if error.is_ours_to_mend:
        _alert_operators(error, platform=platform, reference=reference)
    failure = {
        "user_message": error.user_message.replace("FranceConnect", platform.label),
        "status": error.status,
        "offers_sign_out": error.offers_sign_out,
        "is_off": platform.label if isinstance(error, SwitchedOff) else "",
        "reference": reference,
    }
    if request.method == "GET" and settings.SESSION_COOKIE_NAME in request.COOKIES:
        # To an address of its own: it survives a reload, and leaves no code in the address bar.
        request.session[FAILURE_KEY] = failure
        return redirect("franceconnect:failure")
    return show_failure(request, failure)


def _is_worth_a_line(request) -> bool:
    """Whether a refusal of nobody's is journalled: anybody makes them, and nothing goes for a year.

    The log has them all.
    """
    return within_rate(request, "franceconnect_refusals", LINES_OF_NOBODY)


def _alert_operators(error: FranceConnectError, *, platform: Platform, reference: str) -> None:
    """Tell whoever keeps the portal, once an hour: no citizen can mend it.

    Some of these faults come back by the browser, which anybody can imitate: hence one mail an
    hour whatever they are.
    """
    key = f"franceconnect.alert.{platform.name}"
    if settings.ALERT_EMAIL and cache.add(key, True, ALERT_INTERVAL_SECONDS):
        context = {"platform": platform, "code": error.code, "reference": reference}
        send_mail("franceconnect/email/alert", settings.ALERT_EMAIL, context)


def show_failure(request, failure: dict):
    """The page of a refusal: `user_message`, `status`, `offers_sign_out`, `is_off`, `reference`."""
    context = {"error": failure, "reference": failure["reference"]}
    return render(request, "franceconnect/failure.html", context, status=failure["status"])


@method_decorator(never_cache, name="dispatch")
class JourneyView(View):
    """What every page of the journey shares: its platform, and an error becomes a page.

    `platform_name` is None on the pages of both platforms. Without a platform, no such page. Those
    that bring somebody in by it (`lets_in`) say so while the town has switched it off.
    """

    platform_name: str | None = None
    lets_in = False

    @sensitive_variables()
    def dispatch(self, request, *args, **kwargs):
        self.platform = self.find_platform()
        if self.platform is None:
            raise Http404
        try:
            if self.lets_in:
                activation.require_on(self.platform)
            return super().dispatch(request, *args, **kwargs)
        except FranceConnectError as error:
            return refuse(request, error, platform=self.platform)

    def find_platform(self) -> Platform | None:
        """The platform that this page is about, if it is configured."""
        if self.platform_name:
            return conf.platform(self.platform_name)
        return conf.sign_in_platform()
