"""Leaving for FranceConnect, and the ways back that are no sign-in."""

import logging
from urllib.parse import parse_qs, urlsplit

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare, get_random_string
from django.utils.decorators import method_decorator
from django.views import View
from django.views.generic import TemplateView
from mozilla_django_oidc.views import OIDCAuthenticationRequestView

from accounts.sessions import citizens_only, has_recent_proof, reauthentication_url
from franceconnect import activation, client, outage, services, sign_out, state
from franceconnect.backends import ALL_EXCHANGES_SECONDS
from franceconnect.exceptions import ProviderUnavailable
from franceconnect.exchange import time_budget
from franceconnect.journey import FAILURE_KEY, JourneyView, rate_limited, safe_next_url
from franceconnect.state import Intent

logger = logging.getLogger(__name__)

STATE_CHARACTERS = 43  # of 62 letters and digits: 256 bits
# Ends the `state` of a journey that the portal started again by itself, once.
RESTARTED = "restarted"
# Where a re-authentication goes on to, once FranceConnect's own session is ended.
REAUTHENTICATE_KEY = "franceconnect_reauthenticate"


@method_decorator([login_not_required, rate_limited], name="dispatch")
class StartView(JourneyView, OIDCAuthenticationRequestView):
    """Leaves for FranceConnect: a POST, so that no link or image can start a sign-in."""

    http_method_names = ["get", "post"]
    lets_in = True
    state_mark = ""
    # Of the authorisation of data alone (`data_views.DataStartView`).
    extra_scopes: tuple[str, ...] = ()
    demand = ""

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
        default = reverse("accounts:profile") if intent is Intent.LINK else ""
        next_url = safe_next_url(request.POST.get("next") or default)
        if intent is not Intent.REAUTHENTICATE:
            return self.leave(request, intent, next_url)
        # Its single sign-on would answer without asking anything: it is ended first.
        url = sign_out.platform_session_url(request, self.platform)
        if url is None:
            return self.leave(request, intent, next_url)
        # Only the return of this very sign-out goes on: pressing the button twice, or typing the
        # address of the return, would leave FranceConnect's session as it is.
        sign_out_state = parse_qs(urlsplit(url).query)["state"][0]
        request.session[REAUTHENTICATE_KEY] = {"next_url": next_url, "state": sign_out_state}
        return redirect(url)

    def _intent(self, request) -> Intent | None:
        """What the person asks; None when linking needs a fresh proof first (row 10)."""
        asked = request.POST.get("intent")
        if request.user.is_anonymous:
            return Intent.SIGN_IN
        if asked in (Intent.REAUTHENTICATE, Intent.STEP_UP):
            return Intent(asked)
        if asked == Intent.LINK:
            return Intent.LINK if has_recent_proof(request) else None
        return Intent.SIGN_IN

    def leave(self, request, intent: Intent, next_url: str):
        """The redirection to FranceConnect, made by mozilla-django-oidc; remembered in session."""
        self.OIDC_OP_AUTH_ENDPOINT = self._authorization_endpoint()
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
            demand=self.demand,
        )
        return response

    def _authorization_endpoint(self) -> str:
        try:
            with time_budget(ALL_EXCHANGES_SECONDS):
                return client.metadata(self.platform).authorization_endpoint
        except ProviderUnavailable as error:
            if error.is_outage:
                outage.failed(self.platform)
            raise

    def get_settings(self, attr, *args):
        """mozilla-django-oidc's settings, as FranceConnect wants them.

        PKCE is off because FranceConnect refuses any parameter that it does not list.
        """
        values = {
            "OIDC_RP_SCOPES": " ".join([self.platform.scopes, *self.extra_scopes]),
            "OIDC_AUTHENTICATION_CALLBACK_URL": self.platform.url_name("callback"),
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


class RestartView(StartView):
    """The cookie was lost on the way: one fresh start, marked so that it cannot loop."""

    http_method_names = ["get"]
    state_mark = RESTARTED

    def get(self, request):
        logger.info("%s sign-in restarted: session cookie lost", self.platform.label)
        return self.leave(request, Intent.SIGN_IN, safe_next_url(None))


class ReauthenticateView(StartView):
    """FranceConnect's session is ended: it will ask who is there."""

    http_method_names = ["get"]

    def get(self, request):
        next_url = request.session.pop(REAUTHENTICATE_KEY)["next_url"]
        sign_out.forget(request.session, self.platform.issuer)
        return self.leave(request, Intent.REAUTHENTICATE, next_url)


@method_decorator(login_not_required, name="dispatch")
class LogoutCallbackView(JourneyView):
    """Return from FranceConnect's sign-out. The person is out already: nothing to check."""

    http_method_names = ["get"]

    def get(self, request):
        if url := sign_out.continuation_url(request.GET.get("state", "")):
            return redirect(url)
        if request.user.is_anonymous:
            return redirect("home")
        waiting = request.session.get(REAUTHENTICATE_KEY)
        if waiting and constant_time_compare(waiting["state"], request.GET.get("state", "")):
            return ReauthenticateView.as_view(platform_name=self.platform_name)(request)
        return redirect("accounts:profile")


@method_decorator([login_not_required, citizens_only], name="dispatch")
class StepUpView(JourneyView, TemplateView):
    """What FranceConnect+ adds, why it is asked, and its button; leads back to `next`."""

    template_name = "franceconnect/step_up.html"

    def get_context_data(self, **kwargs):
        is_done = self.platform.accepts_level(services.session_level(self.request))
        if not is_done:
            activation.require_on(self.platform)
        return super().get_context_data(
            platform=self.platform,
            is_done=is_done,
            next_url=safe_next_url(self.request.GET.get("next")),
            assurance=services.session_assurance(self.request),
            **kwargs,
        )
