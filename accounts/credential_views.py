"""Pages where a citizen changes what opens their space. A fresh proof is asked before each."""

import time

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import views as totp_views
from allauth.mfa.totp.internal.auth import clear_totp_secret
from allauth.mfa.webauthn import views as webauthn_views
from allauth.mfa.webauthn.internal import auth as webauthn_auth
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView

from accounts import passkeys, second_factor
from accounts.credentials import LastWayIn, passkeys_of, read_credentials
from accounts.mfa_forms import AppActivateForm, PasskeyAddForm, PasskeyRenameForm
from accounts.passkeys import TooManyPasskeys
from accounts.sessions import keep_this_session, recent_proof_required, return_url, returns
from accounts.views import SpaceMixin

# When the recovery codes of this session were made: they are shown until they are put away.
CODES_MADE_KEY = "accounts_recovery_codes_made"
CODES_SHOWN_SECONDS = 10 * 60
proven = method_decorator(recent_proof_required, name="dispatch")


def passkeys_url() -> str:
    """Where the passkeys are listed."""
    return f"{reverse('accounts:credentials')}#cles-d-acces"


class SecondFactorPageView(SpaceMixin, TemplateView):
    """What double authentication is, and its switches."""

    template_name = "mfa/index.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        return super().get_context_data(
            credentials=read_credentials(user),
            codes_left=len(second_factor.unused_recovery_codes(user)),
            **kwargs,
        )


class PasswordDoorMixin(SpaceMixin):
    """A second factor follows a password: without one, there is nothing to protect so."""

    def dispatch(self, request, *args, **kwargs):
        user = request.user
        if user.is_authenticated and not user.is_staff and not user.has_password_door:
            messages.info(request, "Choisissez d’abord un mot de passe et une adresse e-mail.")
            return redirect("accounts:credentials")
        return super().dispatch(request, *args, **kwargs)


@method_decorator(sensitive_post_parameters("code"), name="dispatch")
@proven
class AppActivateView(PasswordDoorMixin, totp_views.ActivateTOTPView):
    """The drawing to scan, the secret to type, and one code that proves the app."""

    form_class = AppActivateForm

    def form_valid(self, form):
        user = self.request.user
        if second_factor.turn_app_on(user, secret=form.secret, counter=form.counter):
            clear_totp_secret(self.request)
            keep_this_session(self.request)
            self.request.session[CODES_MADE_KEY] = time.time()
            messages.success(self.request, "La double authentification est activée.")
        return redirect("mfa_view_recovery_codes")


@proven
class AppDeactivateView(SpaceMixin, totp_views.DeactivateTOTPView):
    """Asks, then stops asking for the app's codes."""

    def form_valid(self, form):
        second_factor.turn_app_off(self.request.user)
        keep_this_session(self.request)
        messages.success(self.request, "L’application n’est plus demandée après le mot de passe.")
        return redirect("mfa_index")


@proven
class EmailCodeView(PasswordDoorMixin, TemplateView):
    """A code by e-mail after the password: asks, then switches it on or off."""

    template_name = "mfa/email_code.html"

    def post(self, request):
        is_wanted = request.POST.get("action") == "on"
        second_factor.set_email_code(request.user, is_wanted=is_wanted)
        keep_this_session(request)
        word = "sera demandé" if is_wanted else "n’est plus demandé"
        messages.success(request, f"Un code par e-mail {word} après le mot de passe.")
        return redirect("mfa_index")


class RecoveryCodesMixin(SpaceMixin):
    """Recovery codes are read for ten minutes after they were made, in the session that did."""

    def codes(self) -> list[str]:
        made_at = self.request.session.get(CODES_MADE_KEY, 0)
        if time.time() - made_at > CODES_SHOWN_SECONDS:
            return []
        return second_factor.unused_recovery_codes(self.request.user)


@proven
class RecoveryCodesView(RecoveryCodesMixin, TemplateView):
    """The codes, shown once: until the citizen says that they are put away."""

    template_name = "mfa/recovery_codes/index.html"

    def get(self, request, *args, **kwargs):
        self.shown = self.codes()
        return super().get(request, *args, **kwargs) if self.shown else redirect("mfa_index")

    def post(self, request):
        request.session.pop(CODES_MADE_KEY, None)
        return redirect("mfa_index")

    def get_context_data(self, **kwargs):
        return super().get_context_data(codes=self.shown, **kwargs)


@proven
class RecoveryCodesDownloadView(RecoveryCodesMixin, TemplateView):
    """The same codes, as a text file."""

    def get(self, request, *args, **kwargs):
        codes = self.codes()
        if not codes:
            raise Http404
        text = render_to_string("mfa/recovery_codes/download.txt", {"codes": codes}, request)
        response = HttpResponse(text, content_type="text/plain; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="codes-de-secours.txt"'
        return response


@proven
class RecoveryCodesMakeView(SpaceMixin, TemplateView):
    """Asks, then makes ten new codes in place of the old ones."""

    template_name = "mfa/recovery_codes/generate.html"

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated and not second_factor.has_app(request.user):
            return redirect("mfa_index")
        return super().dispatch(request, *args, **kwargs)

    def post(self, request):
        second_factor.make_recovery_codes(request.user)
        request.session[CODES_MADE_KEY] = time.time()
        return redirect("mfa_view_recovery_codes")


@proven
@method_decorator(returns, name="dispatch")
class PasskeyAddView(SpaceMixin, webauthn_views.AddWebAuthnView):
    """A name, then what the browser makes. Its key opens the space without any password."""

    form_class = PasskeyAddForm

    def get_context_data(self, **kwargs):
        """Not allauth's: it asks for a key that follows a password, and forgets the errors."""
        context = FormView.get_context_data(self, **kwargs)
        if passkeys.are_possible(self.request):
            options = webauthn_auth.begin_registration(self.request.user, passwordless=True)
            context |= {"js_data": {"creation_options": options}, "is_possible": True}
        return context

    def form_valid(self, form):
        name, credential = form.cleaned_data["name"], form.cleaned_data["credential"]
        try:
            passkeys.add_passkey(self.request.user, name=name, credential=credential)
        except TooManyPasskeys:
            form.add_error(None, get_adapter().validation_error("too_many_passkeys"))
            return self.form_invalid(form)
        messages.success(self.request, "Votre clé d’accès est ajoutée.")
        return redirect(return_url(self.request) or passkeys_url())


class OwnPasskeyMixin(SpaceMixin):
    """One passkey of the person signed in; anybody else's does not exist."""

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            self.passkey = get_object_or_404(passkeys_of(request.user), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        return super().get_context_data(passkey=self.passkey.wrap(), **kwargs)


@proven
class PasskeyRenameView(OwnPasskeyMixin, FormView):
    template_name = "mfa/webauthn/edit_form.html"
    form_class = PasskeyRenameForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"instance": self.passkey}

    def form_valid(self, form):
        passkeys.rename_passkey(self.passkey, form.cleaned_data["name"])
        messages.success(self.request, "Le nom de votre clé d’accès a changé.")
        return redirect(passkeys_url())


@proven
class PasskeyRemoveView(OwnPasskeyMixin, TemplateView):
    """Asks, then forgets the passkey; refuses when nothing else opens the space."""

    template_name = "mfa/webauthn/authenticator_confirm_delete.html"

    def get_context_data(self, **kwargs):
        credentials = read_credentials(self.request.user)
        is_last = len(credentials.passkeys) == 1 and not (
            credentials.has_password or credentials.providers
        )
        return super().get_context_data(is_last=is_last, **kwargs)

    def post(self, request, pk):
        try:
            passkeys.remove_passkey(request.user, pk)
        except LastWayIn:
            message = get_account_adapter().error_messages["last_way_in"]
            messages.error(request, message)
            return redirect("mfa_remove_webauthn", pk=pk)
        except Authenticator.DoesNotExist:  # removed meanwhile, in another tab
            return redirect(passkeys_url())
        keep_this_session(request)
        messages.success(request, "Votre clé d’accès est retirée.")
        return redirect(passkeys_url())
