"""Leaving for FranceConnect and coming back."""

import logging
from dataclasses import replace

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.backends.base import UpdateError
from django.http import FileResponse, Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from mozilla_django_oidc.views import (
    OIDCAuthenticationCallbackView,
    OIDCAuthenticationRequestView,
)

from accounts.sessions import has_recent_proof, reauthentication_url
from franceconnect import client, linking, services, sign_out, state
from franceconnect.artwork import artwork_file
from franceconnect.backends import FranceConnectBackend
from franceconnect.exceptions import (
    AccessDenied,
    FranceConnectError,
    Misconfigured,
    ProviderUnavailable,
    SessionChanged,
    TokenRefused,
    UnknownState,
)
from franceconnect.journey import (
    FAILURE_KEY,
    JourneyView,
    rate_limited,
    refuse,
    safe_next_url,
    show_failure,
)
from franceconnect.linking import Decision
from franceconnect.state import Intent, PendingIdentity

logger = logging.getLogger(__name__)

# Errors of the authorization endpoint that name a fault of ours (RFC 6749 §4.1.2.1, and
# FranceConnect's own invalid_acr and invalid_idp_hint).
OUR_ERRORS = {
    "invalid_scope",
    "invalid_request",
    "invalid_acr",
    "invalid_idp_hint",
    "unauthorized_client",
    "unsupported_response_type",
}
PROVIDER_ERRORS = {"server_error", "temporarily_unavailable"}
STATE_CHARACTERS = 43  # of 62 letters and digits: 256 bits
# Ends the `state` of a journey that the portal started again by itself, once.
RESTARTED = "restarted"
# Where a re-authentication goes on to, once FranceConnect's own session is ended.
REAUTHENTICATE_KEY = "franceconnect_reauthenticate"


@method_decorator([login_not_required, rate_limited], name="dispatch")
class StartView(JourneyView, OIDCAuthenticationRequestView):
    """Leaves for FranceConnect: a POST, so that no link or image can start a sign-in."""

    http_method_names = ["get", "post"]
    state_mark = ""

    def __init__(self, **kwargs):
        View.__init__(self, **kwargs)

    def get(self, request):
        """An address typed or restored by the browser: it starts nothing."""
        response = render(request, "405.html", status=405)
        response.headers["Allow"] = "POST"
        return response

    def post(self, request):
        intent = self._intent(request)
        if intent is None:
            return redirect(reauthentication_url(reverse("franceconnect:link")))
        next_url = safe_next_url(request.POST.get("next"))
        if intent is Intent.REAUTHENTICATE and (url := sign_out.end_session_url(request)):
            # Its single sign-on would answer without asking anything: it is ended first.
            request.session[REAUTHENTICATE_KEY] = next_url
            return redirect(url)
        return self.leave(request, intent, next_url)

    def _intent(self, request) -> Intent | None:
        """What the person asks; None when linking needs a fresh proof first (row 10)."""
        if request.user.is_anonymous:
            return Intent.SIGN_IN
        if request.POST.get("intent") == Intent.REAUTHENTICATE:
            return Intent.REAUTHENTICATE
        if request.POST.get("intent") == Intent.LINK:
            return Intent.LINK if has_recent_proof(request) else None
        return Intent.SIGN_IN

    def leave(self, request, intent: Intent, next_url: str):
        """The redirection to FranceConnect, made by mozilla-django-oidc; remembered in session."""
        self.OIDC_OP_AUTH_ENDPOINT = client.metadata(self.platform).authorization_endpoint
        self.OIDC_RP_CLIENT_ID = self.platform.client_id
        self.state = get_random_string(STATE_CHARACTERS) + self.state_mark
        request.session.pop(FAILURE_KEY, None)
        response = OIDCAuthenticationRequestView.get(self, request)
        state.stash_login_request(
            request.session,
            self.state,
            issuer=self.platform.issuer,
            intent=intent,
            user_id=request.user.pk,
            next_url=next_url,
        )
        return response

    def get_settings(self, attr, *args):
        """mozilla-django-oidc's settings, as FranceConnect wants them.

        PKCE is off because FranceConnect refuses any parameter that it does not list.
        """
        values = {
            "OIDC_RP_SCOPES": self.platform.scopes,
            "OIDC_AUTHENTICATION_CALLBACK_URL": "franceconnect:callback",
            "OIDC_STATE_SIZE": STATE_CHARACTERS,
            "OIDC_NONCE_SIZE": STATE_CHARACTERS,
            "OIDC_USE_NONCE": True,
            "OIDC_USE_PKCE": False,
            "OIDC_REDIRECT_FIELD_NAME": "next",
        }
        return values[attr]

    def get_extra_params(self, request):
        return {
            "state": self.state,
            "acr_values": self.platform.acr_values,
            "redirect_uri": self.platform.redirect_uri,
        }


@method_decorator([login_not_required, rate_limited], name="dispatch")
class CallbackView(JourneyView, OIDCAuthenticationCallbackView):
    """Return from FranceConnect: a GET by protocol, although it opens a session."""

    http_method_names = ["get"]

    @sensitive_variables()
    def get(self, request):
        try:
            login_request = state.take_login_request(request.session, request.GET.get("state", ""))
            # Saved before the calls, which take time: a second return finds the state used.
            request.session.save()
        except UnknownState as error:
            return self._without_journey(request, error)
        except UpdateError:
            # The first of two simultaneous returns has signed in and changed the session key.
            return self._without_journey(request, UnknownState())
        try:
            self._check_answer(request, login_request)
            backend = FranceConnectBackend(self.platform)
            pending, id_token = backend.identify(login_request, request.GET["code"])
            sign_out.remember(request.session, id_token)
            return self._follow(request, login_request, pending)
        except AccessDenied as error:
            return self._turned_back(request, login_request, error)
        except FranceConnectError as error:
            return refuse(request, error)

    def _without_journey(self, request, error: UnknownState):
        """A reload, a lost cookie or a forged return: no call to FranceConnect is made."""
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        cookie_is_lost = settings.SESSION_COOKIE_NAME not in request.COOKIES
        given = request.GET.get("state", "")
        if cookie_is_lost and given and not given.endswith(RESTARTED):
            return RestartView.as_view()(request)
        return refuse(request, error)

    def _check_answer(self, request, login_request) -> None:
        """Everything about the return itself, before any call to FranceConnect."""
        # RFC 9207: the answer of another provider must not be taken for this one's.
        if request.GET.get("iss") != login_request.issuer or (
            login_request.issuer != self.platform.issuer
        ):
            raise TokenRefused("callback_issuer_mismatch")
        if "error" in request.GET:
            raise self._provider_error(request.GET["error"])
        if not request.GET.get("code"):
            raise TokenRefused("callback_without_code")
        if login_request.user_id != request.user.pk and login_request.intent != Intent.SIGN_IN:
            raise SessionChanged()

    @staticmethod
    def _provider_error(error: str) -> FranceConnectError:
        """The error that FranceConnect's own `error` names; its text is never shown or logged."""
        if error == "access_denied":
            return AccessDenied()
        if error in PROVIDER_ERRORS:
            return ProviderUnavailable(error)
        if error in OUR_ERRORS:
            return Misconfigured(error)
        return ProviderUnavailable("unknown_error")

    def _turned_back(self, request, login_request, error: AccessDenied):
        """Row 17: quiet words, where they came from, still signed in if they were."""
        logger.info("FranceConnect sign-in: %s", error.code)
        messages.info(request, error.user_message)
        if request.user.is_authenticated:
            return redirect(login_request.next_url)
        return redirect("home")

    def _follow(self, request, login_request, pending: PendingIdentity):
        """Ask the decision table, then do what it says."""
        facts, link = linking.gather_facts(
            login_request.intent, request.user, issuer=pending.issuer, sub=pending.sub
        )
        decision = linking.decide(facts)
        if decision in linking.REFUSALS:
            blocked = link.citizen if decision is Decision.REFUSE_BLOCKED else None
            return refuse(request, linking.refusal(decision), citizen=blocked)
        if decision is Decision.SIGN_IN:
            user = linking.apply_sign_in(link, acr=pending.acr, identity=pending.identity)
            services.open_session(request, user, pending)
            return redirect(pending.next_url)
        if decision is Decision.REAUTHENTICATED:
            services.raise_session(request, pending)
            return redirect(pending.next_url)
        if decision is Decision.ALREADY_LINKED:
            messages.info(request, linking.ALREADY_LINKED)
            return redirect("accounts:profile")
        waiting = replace(pending, question=decision, user_id=request.user.pk)
        state.stash_pending(request.session, waiting)
        return redirect(PENDING_PAGES[decision])


@method_decorator(login_not_required, name="dispatch")
class FailureView(JourneyView):
    """The last refusal of this browser, as often as it is reloaded."""

    http_method_names = ["get"]

    def get(self, request):
        failure = request.session.get(FAILURE_KEY)
        return show_failure(request, failure) if failure else redirect("home")


PENDING_PAGES = {
    Decision.ASK_FIRST_TIME: "franceconnect:first_time",
    Decision.ASK_LINK: "franceconnect:link",
    Decision.ASK_SWITCH: "franceconnect:switch",
}


class RestartView(StartView):
    """The cookie was lost on the way: one fresh start, marked so that it cannot loop."""

    http_method_names = ["get"]
    state_mark = RESTARTED

    def get(self, request):
        logger.info("FranceConnect sign-in restarted: session cookie lost")
        return self.leave(request, Intent.SIGN_IN, safe_next_url(None))


class ReauthenticateView(StartView):
    """FranceConnect's session is ended: it will ask who is there."""

    http_method_names = ["get"]

    def get(self, request):
        next_url = request.session.pop(REAUTHENTICATE_KEY)
        return self.leave(request, Intent.REAUTHENTICATE, next_url)


@method_decorator([login_not_required, never_cache], name="dispatch")
class LogoutCallbackView(View):
    """Return from FranceConnect's sign-out. The person is out already: nothing to check."""

    http_method_names = ["get"]

    def get(self, request):
        if request.user.is_anonymous:
            return redirect("home")
        if REAUTHENTICATE_KEY in request.session:
            return ReauthenticateView.as_view()(request)
        return redirect("accounts:profile")


@login_not_required
def artwork(request):
    """The town's copy of the official button, when a setting names one."""
    file = artwork_file()
    if file is None:
        raise Http404
    response = FileResponse(file.path.open("rb"), content_type=file.content_type)
    # An SVG opened by itself is a document: it must not run anything.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
