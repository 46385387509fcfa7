"""Pages of the personal space. Sign-in pages are allauth's, with our forms and templates."""

from http import HTTPStatus

from allauth.account import views as allauth_views
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.password_reset_by_code import (
    PasswordResetVerificationProcess,
)
from allauth.account.models import EmailAddress
from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView, View

from accounts import blocked, counter, open_sessions, typed
from accounts.contact import PendingContact
from accounts.credentials import read_credentials
from accounts.forms import is_reset_still_valid
from accounts.limits import within_rate
from accounts.models import JournalKind
from accounts.sessions import citizens_only, session_opening

RECENT_SIGN_INS = 3
TYPED_AGAIN = (
    "Voici ce que vous aviez saisi à {}. Rien n’a été enregistré : vérifiez, puis envoyez."
)
RESETS_FROM_ONE_ADDRESS = "5/h/key"


class SignOutView(allauth_views.LogoutView):
    """Ends the session, and with it whatever a visitor who never signed in left in it."""

    def post(self, request, *args, **kwargs):
        next_url = get_adapter().get_logout_redirect_url(request)
        self.logout()
        request.session.flush()
        messages.success(request, "Vous êtes déconnecté.")
        return redirect(next_url)


@method_decorator([login_not_required, never_cache], name="dispatch")
class BlockedView(allauth_views.AccountInactiveView):
    """For a citizen whose access is blocked: what to tell the town hall, and nothing of why."""

    def get_context_data(self, **kwargs):
        reference = self.request.session.get(blocked.REFERENCE_KEY)
        return super().get_context_data(reference=reference, **kwargs)


@method_decorator(login_not_required, name="dispatch")
class SignUpView(allauth_views.SignupView):
    """One refused by a rate limit leaves no session: an account half made would show by its cookie.

    Only an address without an account gets as far as having one.
    """

    def dispatch(self, request, *args, **kwargs):
        response = super().dispatch(request, *args, **kwargs)
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            request.session.flush()
        return response


class PasswordResetView(allauth_views.PasswordResetView):
    """Few codes for one account from one address, so that others are left to its owner."""

    def form_valid(self, form):
        key = f"{ratelimit.get_ip(self.request)}:{form.cleaned_data['email'].lower()}"
        if not within_rate(self.request, "password_reset", RESETS_FROM_ONE_ADDRESS, key=key):
            return ratelimit.respond_429(self.request)
        return super().form_valid(form)


class ResetStillValidMixin:
    """A code asked for a password that has changed since, or an e-mail given up, opens nothing."""

    def dispatch(self, request, **kwargs):
        process = PasswordResetVerificationProcess.resume(request)
        if process and process.user and not is_reset_still_valid(request, process.user):
            process.abort()
            messages.error(request, "Ce code ne vaut plus rien. Demandez-en un autre.")
            return redirect("account_reset_password")
        return super().dispatch(request, **kwargs)


class PasswordResetCodeView(ResetStillValidMixin, allauth_views.ConfirmPasswordResetCodeView):
    pass


class PasswordResetCompleteView(ResetStillValidMixin, allauth_views.CompletePasswordResetView):
    pass


@method_decorator([never_cache, citizens_only], name="dispatch")
class SpaceMixin(View):
    """For citizens signed in: `self.space` is theirs, and no address names another.

    What is typed in their forms outlives their session (`accounts.typed`).
    """

    # Where the button of a page that takes a POST alone is: signing in again leads there.
    button_page = "accounts:space"

    @classmethod
    def typed_fields(cls, **url_kwargs) -> list[str]:
        """The fields, as the browser sends them, that are kept; to override for a dynamic form."""
        form_class = getattr(cls, "form_class", None)
        return typed.kept_names(form_class) if form_class else []

    def dispatch(self, request, *args, **kwargs):
        response = super().dispatch(request, *args, **kwargs)
        if request.method == "POST" and response.status_code == 302 and self.typed_fields(**kwargs):
            typed.forget(request)
        return response

    def http_method_not_allowed(self, request, *args, **kwargs):
        """A GET of an address that only a button sends, as after a new sign-in: nothing is done."""
        if request.method == "GET":
            return redirect(self.button_page)
        return super().http_method_not_allowed(request, *args, **kwargs)

    def get_form(self, form_class=None):
        """The form, with what was typed in it before the session ended."""
        form = super().get_form(form_class)
        if self.request.method == "GET" and (typed_at := typed.restore(self.request, form)):
            when = date_format(timezone.localtime(typed_at), "H:i")
            messages.info(self.request, TYPED_AGAIN.format(when))
        return form

    @property
    def space(self):
        return self.request.user.space

    def get_context_data(self, **kwargs):
        return super().get_context_data(space=self.space, **kwargs)


class SpaceView(SpaceMixin, TemplateView):
    template_name = "accounts/space.html"

    def get_context_data(self, **kwargs):
        sign_ins = self.request.user.journal.filter(kind=JournalKind.SIGNED_IN)
        return super().get_context_data(
            opening=session_opening(self.request),
            recent_sign_ins=sign_ins[:RECENT_SIGN_INS],
            **kwargs,
        )


class ProfileView(SpaceMixin, TemplateView):
    template_name = "accounts/profile.html"

    def get_context_data(self, **kwargs):
        pending_contact = PendingContact.of(self.request.session)
        return super().get_context_data(pending_contact=pending_contact, **kwargs)


class CredentialsView(SpaceMixin, TemplateView):
    template_name = "accounts/credentials.html"

    def get_context_data(self, **kwargs):
        pending = EmailAddress.objects.filter(user=self.request.user, verified=False)
        return super().get_context_data(
            pending_email=pending.first(),
            opening=session_opening(self.request),
            session_count=len(open_sessions.open_sessions(self.request)),
            credentials=read_credentials(self.request.user),
            counter_code=counter.live_code_of(self.space),
            counter_request=counter.waiting_request(self.space),
            **kwargs,
        )
