"""Second factors and passkeys at sign-in, and as a fresh proof. allauth's views, with our forms."""

from urllib.parse import urlencode

from allauth.account import views as account_views
from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.internal.flows.login import clear_authentication_records
from allauth.account.models import Login
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.webauthn import views as webauthn_views
from allauth.mfa.webauthn.internal import auth as webauthn_auth
from allauth.mfa.webauthn.internal import flows as webauthn_flows
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import passkeys
from accounts.credentials import passkeys_of
from accounts.mfa_forms import (
    EmailSignInCodeForm,
    PasskeyReauthenticateForm,
    PasskeySecondFactorForm,
    PasskeySignInForm,
    SecondFactorForm,
)
from accounts.sessions import citizens_only, is_local_path

secret_code = method_decorator(sensitive_post_parameters("code"), name="post")


@secret_code
class SecondFactorView(AuthenticateView):
    """After the password: an app's code, a recovery code, or a passkey."""

    form_class = SecondFactorForm
    webauthn_form_class = PasskeySecondFactorForm

    def get_context_data(self, **kwargs):
        has_passkey = passkeys_of(self.stage.login.user).exists()
        offers_passkey = has_passkey and passkeys.are_possible(self.request)
        return super().get_context_data(**kwargs) | {"offers_passkey": offers_passkey}

    def post(self, request, *args, **kwargs):
        return super().post(request, *args, **kwargs)


@secret_code
class EmailSignInCodeView(account_views.ConfirmLoginCodeView):
    """After the password, for whoever asked for it: a code by e-mail."""

    def get_form_class(self):
        return super().get_form_class() if self._action == "resend" else EmailSignInCodeForm

    def get_form_kwargs(self):
        kwargs = super().get_form_kwargs()
        return kwargs if self._action == "resend" else kwargs | {"user": self._process.user}

    def post(self, request, *args, **kwargs):
        return super().post(request, *args, **kwargs)


@method_decorator([login_not_required, never_cache], name="dispatch")
class PasskeySignInView(webauthn_views.LoginWebAuthnView):
    """A passkey alone opens the space: the machine has verified the person (WebAuthn §6.1)."""

    form_class = PasskeySignInForm

    def form_valid(self, form):
        # What an abandoned sign-in left would pass for this one's opening.
        clear_authentication_records(self.request)
        passkey = form.cleaned_data["credential"]
        # It was added from inside the space, which may have no login e-mail at all.
        login = Login(user=passkey.user, email_verification=EmailVerificationMethod.NONE)
        return webauthn_flows.perform_passwordless_login(self.request, passkey, login)

    def form_invalid(self, form):
        _say_errors(self.request, form)
        return redirect(_with_next(reverse("account_login"), self.request))


@method_decorator([never_cache, citizens_only], name="dispatch")
class ReauthenticateView(account_views.ReauthenticateView):
    """One page for every means: password, passkey, and what identity providers add."""

    def get_context_data(self, **kwargs):
        user = self.request.user
        offers_passkey = passkeys_of(user).exists() and passkeys.are_possible(self.request)
        if offers_passkey:
            kwargs["js_data"] = {"request_options": webauthn_auth.begin_authentication(user)}
        return super().get_context_data(offers_passkey=offers_passkey, **kwargs)


@method_decorator([never_cache, citizens_only], name="dispatch")
class PasskeyReauthenticateView(webauthn_views.ReauthenticateWebAuthnView):
    """A fresh proof by a passkey, sent by the page of `ReauthenticateView`."""

    form_class = PasskeyReauthenticateForm

    def get(self, request, *args, **kwargs):
        return redirect(_with_next(reverse("account_reauthenticate"), request))

    def form_invalid(self, form):
        _say_errors(self.request, form)
        return redirect(_with_next(reverse("account_reauthenticate"), self.request))


def _say_errors(request, form) -> None:
    for error in form.errors.get("credential", []):
        messages.error(request, error)


def _with_next(url: str, request) -> str:
    """`url`, and where the form was to lead afterwards."""
    next_url = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
    return f"{url}?{urlencode({'next': next_url})}" if is_local_path(next_url) else url
