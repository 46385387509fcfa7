"""The citizen's journey with FranceConnect, a view a step."""

import logging
from functools import wraps

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.backends.base import UpdateError
from django.http import FileResponse, Http404
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.generic import FormView, TemplateView
from mozilla_django_oidc.views import (
    OIDCAuthenticationCallbackView,
    OIDCAuthenticationRequestView,
)

from accounts import journal
from accounts.models import JournalKind
from accounts.sessions import (
    has_recent_proof,
    reauthentication_required,
    reauthentication_url,
    recent_proof_required,
)
from accounts.views import SpaceMixin
from franceconnect import client, conf, linking, services, sign_out, state
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
from franceconnect.forms import LinkConfirmForm, SpaceCreateForm
from franceconnect.linking import Decision, Facts
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
SESSION_RATE = "30/m"
STATE_CHARACTERS = 43  # of 62 letters and digits: 256 bits
# Ends the `state` of a journey that the portal started again by itself, once.
RESTARTED = "restarted"


def safe_next_url(request, candidate: str | None) -> str:
    """`candidate` when it is a path of this portal, else Mon espace (no open redirection)."""
    if candidate and url_has_allowed_host_and_scheme(
        candidate, allowed_hosts=None, require_https=request.is_secure()
    ):
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
    """One line of log and of journal, one page: what happened, what to do, a reference."""
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
    context = {"error": error, "reference": reference}
    return render(request, "franceconnect/failure.html", context, status=error.status)


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


@method_decorator([login_not_required, rate_limited], name="dispatch")
class StartView(JourneyView, OIDCAuthenticationRequestView):
    """Leaves for FranceConnect: a POST, so that no link or image can start a sign-in."""

    http_method_names = ["post"]
    state_mark = ""

    def __init__(self, **kwargs):
        View.__init__(self, **kwargs)

    def post(self, request):
        intent = self._intent(request)
        if intent is None:
            return redirect(reauthentication_url(reverse("franceconnect:link")))
        return self.leave(request, intent, safe_next_url(request, request.POST.get("next")))

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
            return refuse(request, error, citizen=self._citizen(request))

    def _without_journey(self, request, error: UnknownState):
        """A reload, a lost cookie or a forged return: no call to FranceConnect is made."""
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        cookie_is_lost = settings.SESSION_COOKIE_NAME not in request.COOKIES
        if cookie_is_lost and not request.GET.get("state", "").endswith(RESTARTED):
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
            return self._refused(request, decision, facts, link)
        if decision is Decision.SIGN_IN:
            user = linking.apply_sign_in(link, acr=pending.acr, identity=pending.identity)
            services.open_session(request, user, pending)
            return redirect(pending.next_url)
        if decision is Decision.REAUTHENTICATED:
            services.raise_session(request, pending)
            return redirect(pending.next_url)
        if decision is Decision.ALREADY_LINKED:
            messages.info(request, "Votre espace est déjà certifié avec FranceConnect.")
            return redirect("accounts:profile")
        state.stash_pending(request.session, pending)
        return redirect(PENDING_PAGES[decision])

    def _refused(self, request, decision: Decision, facts: Facts, link):
        """Only the journal of the person concerned remembers: never somebody else's."""
        citizen = self._citizen(request)
        if decision is Decision.REFUSE_BLOCKED:
            citizen = link.citizen
        return refuse(request, linking.refusal(decision), citizen=citizen)

    @staticmethod
    def _citizen(request):
        return request.user if request.user.is_authenticated else None


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
        return self.leave(request, Intent.SIGN_IN, safe_next_url(request, None))


class PendingMixin(JourneyView):
    """Pages that decide about an identity already proven in this browser, under 10 minutes ago."""

    def dispatch(self, request, *args, **kwargs):
        self.pending = state.pending_identity(request.session)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        return super().get_context_data(pending=self.pending, **kwargs)


@method_decorator(login_not_required, name="dispatch")
class FirstTimeView(PendingMixin, FormView):
    """Première connexion: two equal choices; says the same whoever the e-mail may belong to."""

    template_name = "franceconnect/first_time.html"
    form_class = SpaceCreateForm

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            return redirect("franceconnect:link")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request, *args, **kwargs):
        if self.pending is None:
            return redirect("home")
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        if self.pending is None:
            raise UnknownState("pending_expired")
        return super().post(request, *args, **kwargs)

    def get_initial(self):
        return {"contact_email": self.pending.identity.email}

    def get_context_data(self, **kwargs):
        ended_at = linking.ended_link_date(self.pending.issuer, self.pending.sub)
        return super().get_context_data(ended_at=ended_at, **kwargs)

    def form_valid(self, form):
        user = linking.apply_creation(
            self.pending, contact_email=form.cleaned_data["contact_email"]
        )
        services.open_session(self.request, user, self.pending)
        messages.success(
            self.request,
            "Votre espace personnel est ouvert. Complétez votre adresse dans le profil.",
        )
        return redirect(self.pending.next_url)


@method_decorator(recent_proof_required, name="dispatch")
class LinkView(SpaceMixin, PendingMixin, FormView):
    """Both identities side by side, then the tie (row 10); without one, explains and leaves."""

    template_name = "franceconnect/link.html"
    form_class = LinkConfirmForm

    def get(self, request, *args, **kwargs):
        if self.pending is None:
            return render(request, "franceconnect/link_start.html", {"space": self.space})
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        if self.pending is None:
            raise UnknownState("pending_expired")
        if "cancel" in request.POST:
            state.discard_pending(request.session)
            messages.info(request, "Rien n’a changé : votre espace n’est pas certifié.")
            return redirect("accounts:profile")
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self):
        needs_tick = self.pending.identity.differs_strongly(self.space)
        return super().get_form_kwargs() | {"needs_tick": needs_tick}

    def form_valid(self, form):
        try:
            linking.apply_link(self.request.user, self.pending)
        finally:
            state.discard_pending(self.request.session)
        services.raise_session(self.request, self.pending)
        messages.success(self.request, "Votre espace personnel est certifié avec FranceConnect.")
        return redirect("accounts:profile")


class SwitchView(PendingMixin, TemplateView):
    """Row 14: B is signed in, A came back; never a silent switch."""

    template_name = "franceconnect/switch.html"

    def get(self, request, *args, **kwargs):
        if self.pending is None or request.user.is_anonymous:
            return redirect("home")
        return super().get(request, *args, **kwargs)

    def post(self, request):
        if self.pending is None:
            raise UnknownState("pending_expired")
        if "continue" not in request.POST:
            state.discard_pending(request.session)
            return redirect(settings.LOGIN_REDIRECT_URL)
        id_token = sign_out.take_id_token(request.session)
        auth.logout(request)
        facts, link = linking.gather_facts(
            Intent.SIGN_IN, request.user, issuer=self.pending.issuer, sub=self.pending.sub
        )
        decision = linking.decide(facts)
        if decision is not Decision.SIGN_IN:
            raise SessionChanged()
        user = linking.apply_sign_in(link, acr=self.pending.acr, identity=self.pending.identity)
        services.open_session(request, user, self.pending)
        sign_out.remember(request.session, id_token)
        return redirect(self.pending.next_url)


@method_decorator(reauthentication_required, name="dispatch")
class UnlinkView(SpaceMixin, JourneyView, TemplateView):
    """Rows U1 and U2: ends the tie; first gives another way in to somebody who has none."""

    template_name = "franceconnect/unlink.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(link=services.link_of(self.request), **kwargs)

    def post(self, request):
        next_url = sign_out.end_session_url(request) or reverse("accounts:profile")
        if linking.apply_unlink(request.user, self.platform.issuer):
            request.user.refresh_from_db(fields=["session_epoch"])
            update_session_auth_hash(request, request.user)
            messages.success(request, "Votre espace n’est plus rattaché à FranceConnect.")
        return redirect(next_url)


@method_decorator([login_not_required, never_cache], name="dispatch")
class LogoutCallbackView(View):
    """Return from FranceConnect's sign-out. The person is out already: nothing to check."""

    http_method_names = ["get"]

    def get(self, request):
        return redirect("accounts:profile" if request.user.is_authenticated else "home")


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
