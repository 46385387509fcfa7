"""Coming back from FranceConnect."""

import logging
import re
from dataclasses import replace

from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.backends.base import UpdateError
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView

from franceconnect import linking, services, sign_out, state
from franceconnect.backends import ALL_EXCHANGES_SECONDS, FranceConnectBackend, Return
from franceconnect.data import waiting
from franceconnect.data.answers import Datum
from franceconnect.data.asking import read_request
from franceconnect.data.fetch import fetch
from franceconnect.data.waiting import Waiting
from franceconnect.exceptions import (
    AccessDenied,
    FranceConnectError,
    Misconfigured,
    ProviderUnavailable,
    SessionChanged,
    TokenRefused,
    UnknownState,
)
from franceconnect.exchange import time_budget
from franceconnect.journey import FAILURE_KEY, JourneyView, rate_limited, refuse, show_failure
from franceconnect.linking import Decision
from franceconnect.start_views import RESTARTED, RestartView
from franceconnect.state import Intent, LoginRequest, PendingIdentity

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
# FranceConnect's has 43 of these. Anything stranger could make its token endpoint, or the
# firewall before it, fail as if it were down.
CODE = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")
PENDING_PAGES = {
    Decision.ASK_FIRST_TIME: "franceconnect:first_time",
    Decision.ASK_PREPARED: "franceconnect:first_time",
    Decision.ASK_LINK: "franceconnect:link",
    Decision.ASK_SWITCH: "franceconnect:switch",
}


@method_decorator([login_not_required, rate_limited], name="dispatch")
class CallbackView(JourneyView, OIDCAuthenticationCallbackView):
    """Return from FranceConnect: a GET by protocol, although it opens a session."""

    http_method_names = ["get"]
    lets_in = True

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
            with time_budget(ALL_EXCHANGES_SECONDS):
                proof = FranceConnectBackend(self.platform).identify(
                    login_request, request.GET["code"]
                )
                data = self._fetch_data(request, login_request, proof)
            self._read_session_again(request)
            self._check_person(request, login_request)
            sign_out.remember(request.session, self.platform.issuer, proof.id_token)
            return self._follow(request, login_request, proof.pending, data)
        except AccessDenied as error:
            return self._turned_back(request, login_request, error)

    def _without_journey(self, request, error: UnknownState):
        """A reload, a lost cookie or a forged return: no call to FranceConnect is made."""
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        cookie_is_lost = settings.SESSION_COOKIE_NAME not in request.COOKIES
        given = request.GET.get("state", "")
        if cookie_is_lost and given and not given.endswith(RESTARTED):
            return RestartView.as_view(platform_name=self.platform_name)(request)
        return refuse(request, error, platform=self.platform)

    def _check_answer(self, request, login_request: LoginRequest) -> None:
        """Everything about the return itself, before any call to FranceConnect."""
        # RFC 9207: the answer of another provider must not be taken for this one's; each platform
        # has its own callback besides (RFC 9700 §4.4.2.2).
        if request.GET.get("iss") != login_request.issuer or (
            login_request.issuer != self.platform.issuer
        ):
            raise TokenRefused("callback_issuer_mismatch")
        if "error" in request.GET:
            raise self._provider_error(request.GET["error"])
        if not CODE.fullmatch(request.GET.get("code", "")):
            raise TokenRefused("callback_without_code")
        self._check_person(request, login_request)

    @staticmethod
    def _check_person(request, login_request: LoginRequest) -> None:
        """Whoever asked to link, prove or step up is still the one signed in."""
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

    @staticmethod
    def _read_session_again(request) -> None:
        """The calls took time: what another tab wrote meanwhile is neither ignored nor lost."""
        session_key = request.session.session_key
        request.session = type(request.session)(session_key)
        request.user = auth.get_user(request)
        if request.session.session_key != session_key:
            # Signed in or out in another tab: to go on would be a silent switch.
            raise SessionChanged()

    def _turned_back(self, request, login_request, error: AccessDenied):
        """Row 17: quiet words, where they came from, still signed in if they were."""
        logger.info("%s sign-in: %s", self.platform.label, error.code)
        messages.info(request, error.user_message.replace("FranceConnect", self.platform.label))
        if request.user.is_authenticated:
            return redirect(login_request.next_url)
        return redirect("home")

    @staticmethod
    @sensitive_variables()
    def _fetch_data(request, login_request, proof: Return) -> tuple[Datum, ...]:
        """What a page asked for, once the `sub` is known to be this citizen's own (row 16).

        The access token serves here, and is kept nowhere.
        """
        if login_request.intent is not Intent.DATA:
            return ()
        facts, _ = linking.gather_facts(Intent.DATA, request.user, proof.pending)
        demand = read_request(login_request.demand)
        if linking.decide(facts) is not Decision.REAUTHENTICATED or demand is None:
            return ()
        return fetch(demand, citizen=request.user, access_token=proof.access_token)

    def _follow(self, request, login_request, pending: PendingIdentity, data=()):
        """Ask the decision table, then do what it says."""
        facts, link = linking.gather_facts(login_request.intent, request.user, pending)
        decision = linking.decide(facts)
        if decision in linking.REFUSALS:
            blocked = link.citizen if decision is Decision.REFUSE_BLOCKED else None
            error = linking.refusal(decision)
            return refuse(request, error, platform=self.platform, citizen=blocked)
        if decision is Decision.SIGN_IN:
            user = linking.apply_sign_in(link, acr=pending.acr, identity=pending.identity)
            services.open_session(request, user, pending)
            return redirect(pending.next_url)
        if decision is Decision.REAUTHENTICATED:
            return self._proven(request, login_request, pending, data)
        if decision is Decision.ALREADY_LINKED:
            messages.info(request, linking.already_linked(self.platform.label))
            return redirect("accounts:profile")
        # Row 7 is the page of row 5 with a proposal, which that page looks up afresh.
        is_prepared = decision is Decision.ASK_PREPARED
        question = Decision.ASK_FIRST_TIME if is_prepared else decision
        waiting = replace(pending, question=question, user_id=request.user.pk)
        state.stash_pending(request.session, waiting)
        return redirect(PENDING_PAGES[decision])

    @staticmethod
    def _proven(request, login_request, pending: PendingIdentity, data: tuple[Datum, ...]):
        """Row 16: the citizen signed in is who came back."""
        if data:
            demand = read_request(login_request.demand)
            waiting.keep(request.session, Waiting(demand, request.user.pk, data))
            return redirect("franceconnect:data_received")
        if login_request.intent is not Intent.DATA:
            asked_again = login_request.intent is Intent.REAUTHENTICATE
            services.raise_session(request, pending, reauthenticated=asked_again)
        return redirect(pending.next_url)


@method_decorator(login_not_required, name="dispatch")
class FailureView(JourneyView):
    """The last refusal of this browser, as often as it is reloaded."""

    http_method_names = ["get"]

    def get(self, request):
        failure = request.session.get(FAILURE_KEY)
        return show_failure(request, failure) if failure else redirect("home")
