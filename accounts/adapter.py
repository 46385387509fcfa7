from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from allauth.mfa.webauthn.internal.flows import did_use_passwordless_login
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from accounts import blocked, contact, failed_sign_ins, journal, mail_journal
from accounts.limits import within_rate
from accounts.models import JournalKind
from accounts.own_mail import message_headers
from accounts.second_factor import has_app
from accounts.sessions import has_recent_proof, return_url, session_opening
from accounts.sign_ins import record_sign_in

# A machine may fail five times in five minutes (see ACCOUNT_RATE_LIMITS); all of them together:
SIGN_INS_OF_ONE_ACCOUNT = "50/10m/key"
SIGN_IN_TOO_OLD = "Votre espace a changé entre-temps. Recommencez depuis le début."
# What the space opened with when the first step of this sign-in was passed.
PROVEN_KEY = "accounts_sign_in_proven"


def login_of(credentials: dict) -> str:
    """The e-mail somebody signs in with, whatever its case."""
    return credentials.get("email", "").lower()


class AccountAdapter(DefaultAccountAdapter):
    """allauth, in the portal's words and with its journal."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": (
            "L’adresse e-mail ou le mot de passe est incorrect. Vérifiez-les, ou demandez un "
            "nouveau mot de passe."
        ),
        "too_many_login_attempts": (
            "Trop d’essais ont échoué. Attendez cinq minutes, puis recommencez depuis le début."
        ),
        "incorrect_code": "Ce code n’est pas le bon. Recopiez les six chiffres du dernier message.",
        "incorrect_password": "Ce mot de passe est incorrect. Recommencez.",
        "enter_current_password": "Ce n’est pas votre mot de passe actuel. Recommencez.",
        "email_taken": "Cette adresse e-mail ne peut pas être utilisée. Choisissez-en une autre.",
        "duplicate_email": "C’est déjà votre adresse e-mail de connexion.",
        "same_as_current": "C’est déjà votre adresse e-mail de connexion.",
        "too_many_sign_in_codes": (
            "Trop de codes vous ont été envoyés. Attendez une heure, ou entrez autrement."
        ),
        "last_way_in": (
            "Cette clé d’accès est votre seul moyen d’entrer. Choisissez d’abord une adresse "
            "e-mail et un mot de passe, ou ajoutez une autre clé."
        ),
        "rate_limited": "Un code vient d’être envoyé. Attendez un peu avant d’en redemander un.",
    }

    journal_kinds = {
        "account/email/password_changed": JournalKind.PASSWORD_CHANGED,
        "account/email/password_set": JournalKind.PASSWORD_CHANGED,
        "account/email/password_reset": JournalKind.PASSWORD_CHANGED,
    }

    def pre_login(self, request, user, **kwargs):
        """Agents have their own door, whose second factor this one would go around.

        They are nobody here: the same words as for a wrong password. A citizen whose access is
        blocked reads a reference, by which agents find them.
        """
        if user.is_staff:
            messages.error(request, self.error_messages["email_password_mismatch"])
            return HttpResponseRedirect(reverse("account_login"))
        if not user.is_active:
            # Before allauth forgets what was proven.
            blocked.refuse(request, user)
        request.session[PROVEN_KEY] = user.get_session_auth_hash()
        return super().pre_login(request, user, **kwargs)

    def login(self, request, user):
        """The last step of a sign-in, which a second factor may put minutes after the password.

        Meanwhile its owner may have changed that password, to stop whoever knew it; they have
        become an agent, who is no citizen here any more; or their access was blocked.
        """
        proven = request.session.pop(PROVEN_KEY, "")
        is_same = user.is_active and constant_time_compare(proven, user.get_session_auth_hash())
        if user.is_staff or not is_same:
            messages.error(request, SIGN_IN_TOO_OLD)
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
        super().login(request, user)

    def post_login(self, request, user, **kwargs):
        opening = session_opening(request)
        means = opening.label if opening else ""
        record_sign_in(user, means=means)
        return super().post_login(request, user, **kwargs)

    def is_reauthentication_required(self, *, app: str) -> bool:
        return not has_recent_proof(self.request)

    def get_reauthentication_methods(self, user):
        """One page for every means: it offers the password, and what identity providers add.

        Its form for a passkey has an address of its own. An app's code alone is no fresh proof.
        """
        if not user.is_authenticated:
            return []
        names = ("account_reauthenticate", "mfa_reauthenticate_webauthn")
        return [{"id": name, "description": "", "url": reverse(name)} for name in names]

    def get_login_stages(self):
        """allauth's, but for the code by e-mail, which not everybody may have sent at will."""
        ours = {"allauth.account.stages.LoginByCodeStage": "accounts.stages.EmailCodeStage"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def is_login_by_code_required(self, login):
        """A code by e-mail follows the password of whoever asked for it, and has no app."""
        user = login.user
        if user is None or not (user.wants_email_code and user.email):
            return False
        return not did_use_passwordless_login(self.request, user) and not has_app(user)

    def pre_authenticate(self, request, **credentials):
        """Two counts: this account from this address, and this account from everywhere.

        The first stops whoever guesses; alone it would let anybody lock a person out, so it is not
        shared between addresses. The second, much looser, stops many machines guessing together.
        """
        super().pre_authenticate(request, **credentials)
        account = login_of(credentials)
        if not within_rate(request, "sign_in", SIGN_INS_OF_ONE_ACCOUNT, key=account):
            raise self.validation_error("too_many_login_attempts")

    def authentication_failed(self, request, **credentials):
        failed_sign_ins.note(request, login_of(credentials))

    def _get_login_attempts_cache_key(self, request, **credentials):
        """allauth's key holds the Host header, port included, which whoever guesses can vary."""
        address = ratelimit.truncate_ip(self.get_client_ip(request))
        return f"{address}:{login_of(credentials)}"

    def get_client_ip(self, request):
        """The visitor's address; the nearest one known when proxies are fewer than declared."""
        try:
            return super().get_client_ip(request)
        except ImproperlyConfigured:
            return request.META.get("REMOTE_ADDR", "")

    def render_mail(self, template_prefix, email, context, headers=None):
        """The message, which says, to this portal alone, whose it is, and what the journal will.

        See `accounts.own_mail` and `accounts.mail_journal`.
        """
        headers = (headers or {}) | message_headers(template_prefix, context)
        message = super().render_mail(template_prefix, email, context, headers)
        message.about = mail_journal.describe(template_prefix, context)
        return message

    def send_confirmation_mail(self, request, emailconfirmation, signup):
        super().send_confirmation_mail(request, emailconfirmation, signup)
        if request.POST.get("action") == "resend":
            messages.success(request, "Un nouveau code est parti. L’ancien ne sert plus.")

    def confirm_email(self, request, email_address):
        """A new way in is journalled, and told to every address the space had before."""
        confirmed = super().confirm_email(request, email_address)
        if confirmed:
            contact.login_was_verified(email_address.user, email_address.email)
        if confirmed and request.user.is_authenticated:
            journal.record(JournalKind.EMAIL_CHANGED, citizen=request.user)
            space = request.user.space
            if space.contact_email and space.contact_email != email_address.email:
                self.send_mail(
                    "accounts/email/login_email_added", space.contact_email, {"space": space}
                )
        return confirmed

    def send_notification_mail(self, template_prefix, user, context=None, email=None):
        """To the address allauth chose, and to the contact one: the first may be an intruder's."""
        if kind := self.journal_kinds.get(template_prefix):
            journal.record(kind, citizen=user)
        super().send_notification_mail(template_prefix, user, context, email)
        space = getattr(user, "space", None)
        if space and space.contact_email and space.contact_email != (email or user.email):
            super().send_notification_mail(template_prefix, user, context, space.contact_email)

    def get_login_redirect_url(self, request):
        """An agent who opens the citizens' sign-in page is led to their own door."""
        if request.user.is_staff:
            return reverse("admin:index")
        return super().get_login_redirect_url(request)

    def get_logout_redirect_url(self, request):
        """Where sign-out goes on: to the identity provider that opened the session, if one did.

        allauth asks before it ends the session, so that what the provider needs can be read.
        """
        provider_url = import_string(settings.PROVIDER_SIGN_OUT_URL)(request)
        return provider_url or super().get_logout_redirect_url(request)

    def get_password_change_redirect_url(self, request):
        return return_url(request) or reverse("accounts:credentials")

    def get_email_verification_redirect_url(self, email_address):
        return return_url(self.request) or reverse("accounts:credentials")
