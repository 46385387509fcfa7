from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.module_loading import import_string

from accounts import journal
from accounts.models import JournalKind
from accounts.sessions import has_recent_proof

AGENTS_DOOR = "Cet accès est réservé aux habitants. Les agents se connectent par l’administration."


class AccountAdapter(DefaultAccountAdapter):
    """allauth, in the portal's words and with its journal."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": (
            "L’adresse e-mail ou le mot de passe est incorrect. Vérifiez-les, ou demandez un "
            "nouveau mot de passe."
        ),
        "too_many_login_attempts": (
            "Trop de tentatives ont échoué. Attendez cinq minutes avant de recommencer."
        ),
        "incorrect_code": "Ce code n’est pas le bon. Recopiez les six chiffres du dernier message.",
        "incorrect_password": "Ce mot de passe est incorrect. Recommencez.",
        "enter_current_password": "Ce n’est pas votre mot de passe actuel. Recommencez.",
        "email_taken": "Cette adresse e-mail ne peut pas être utilisée. Choisissez-en une autre.",
        "duplicate_email": "C’est déjà votre adresse e-mail de connexion.",
        "same_as_current": "C’est déjà votre adresse e-mail de connexion.",
        "rate_limited": "Un code vient d’être envoyé. Attendez un peu avant d’en redemander un.",
    }

    journal_kinds = {
        "account/email/password_changed": JournalKind.PASSWORD_CHANGED,
        "account/email/password_set": JournalKind.PASSWORD_CHANGED,
        "account/email/password_reset": JournalKind.PASSWORD_CHANGED,
        "account/email/email_changed": JournalKind.EMAIL_CHANGED,
        "account/email/email_confirm": JournalKind.EMAIL_CHANGED,
    }

    def pre_login(self, request, user, **kwargs):
        """Agents have their own door, whose second factor this one would go around."""
        if user.is_staff:
            messages.error(request, AGENTS_DOOR)
            return HttpResponseRedirect(reverse("account_login"))
        return super().pre_login(request, user, **kwargs)

    def post_login(self, request, user, **kwargs):
        journal.record(JournalKind.SIGNED_IN, citizen=user, means="password")
        return super().post_login(request, user, **kwargs)

    def is_reauthentication_required(self, *, app: str) -> bool:
        return not has_recent_proof(self.request)

    def get_reauthentication_methods(self, user):
        """One page for every means: it offers the password, and what identity providers add."""
        if not user.is_authenticated:
            return []
        return [
            {"id": "reauthenticate", "description": "", "url": reverse("account_reauthenticate")}
        ]

    def send_notification_mail(self, template_prefix, user, context=None, email=None):
        if kind := self.journal_kinds.get(template_prefix):
            journal.record(kind, citizen=user)
        super().send_notification_mail(template_prefix, user, context, email)

    def get_logout_redirect_url(self, request):
        """Where sign-out goes on: to the identity provider that opened the session, if one did.

        allauth asks before it ends the session, so that what the provider needs can be read.
        """
        provider_url = import_string(settings.PROVIDER_SIGN_OUT_URL)(request)
        return provider_url or super().get_logout_redirect_url(request)

    def get_password_change_redirect_url(self, request):
        return reverse("accounts:credentials")

    def get_email_verification_redirect_url(self, email_address):
        return reverse("accounts:credentials")
