"""Forms of passkeys and second factors: allauth's, in our words and without its gaps."""

import re
import struct

from allauth.account import forms as account_forms
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.totp.internal import auth as totp_auth
from allauth.mfa.utils import decrypt, encrypt
from allauth.mfa.webauthn import forms as webauthn_forms
from django import forms
from django.core.exceptions import ValidationError

from accounts import journal, second_factor
from accounts.fields import dressed, text
from accounts.forms import CodeMixin
from accounts.models import JournalKind
from accounts.passkeys import NAME_CHARACTERS
from accounts.sealed import Unreadable

APP_CODE_HELP = "Les six chiffres que votre application montre en ce moment."
CODE_MEANS = "code"
PASSKEY_MEANS = "clé d’accès"
REFUSED = "second_factor"
MAX_CREDENTIAL_CHARACTERS = 20_000
# What decoding bytes that anybody may have made can raise, in fido2 and under it.
MALFORMED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    struct.error,
)


def code_field(label: str, help_text: str) -> forms.CharField:
    return dressed(
        forms.CharField(max_length=20),
        label=label,
        help_text=help_text,
        autocomplete="one-time-code",
        inputmode="numeric",
    )


def without_spaces(code: str) -> str:
    """Apps show « 123 456 », and so do people type it."""
    return "".join(code.split())


class SecondFactorForm(AuthenticateForm):
    """After the password: an app's code, or a recovery code."""

    code = code_field(
        "Code",
        "Les six chiffres de votre application, ou l’un de vos codes de secours (huit chiffres).",
    )

    def clean_code(self):
        clear_rate_limit = check_rate_limit(self.user)
        code = without_spaces(self.cleaned_data["code"])
        self.authenticator = second_factor.redeem(self.user, code)
        if self.authenticator is None:
            record_refusal(self.user, CODE_MEANS)
            raise get_adapter().validation_error("incorrect_code")
        clear_rate_limit()
        return code


class EmailSignInCodeForm(CodeMixin, account_forms.ConfirmLoginCodeForm):
    """After the password: the code that was mailed. Tries are counted for the person too.

    allauth counts them in the session alone, which a hundred parallel requests read at once.
    """

    def __init__(self, *args, user, **kwargs):
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_code(self):
        clear_rate_limit = check_rate_limit(self.user)
        try:
            code = super().clean_code()
        except ValidationError:
            record_refusal(self.user, CODE_MEANS)
            raise
        clear_rate_limit()
        return code


def record_refusal(user, means: str) -> None:
    """A line of the journal: somebody who knows the password failed at what follows it."""
    journal.record_own(JournalKind.SIGN_IN_REFUSED, user, means=means, code=REFUSED)


class AppActivateForm(forms.Form):
    """A new app, proven by one code; its secret waits in the session, encrypted.

    The same secret all along: who reloads the page has scanned it already.
    """

    code = code_field("Code de l’application", APP_CODE_HELP)

    def __init__(self, *args, user, **kwargs):
        self.user = user
        super().__init__(*args, **kwargs)
        self.secret = self._kept_secret() or self._new_secret()

    @property
    def secret_in_groups(self) -> str:
        """As it is read aloud, or typed; apps take the spaces out."""
        return " ".join(re.findall(r".{1,4}", self.secret))

    def _kept_secret(self) -> str | None:
        try:
            return decrypt(context.request.session[totp_auth.SECRET_SESSION_KEY])
        except (KeyError, Unreadable):
            return None

    def _new_secret(self) -> str:
        secret = totp_auth.generate_totp_secret()
        context.request.session[totp_auth.SECRET_SESSION_KEY] = encrypt(secret)
        return secret

    def clean_code(self):
        clear_rate_limit = check_rate_limit(self.user, error_key="too_many_login_attempts")
        code = without_spaces(self.cleaned_data["code"])
        self.counter = second_factor.matching_counter(self.secret, code)
        if self.counter is None:
            raise get_adapter().validation_error("incorrect_app_code")
        clear_rate_limit()
        return code


class CredentialField(forms.JSONField):
    """What a browser says of a passkey, as JSON: a few kilobytes."""

    def __init__(self):
        message = get_adapter().error_messages["incorrect_passkey"]
        super().__init__(
            widget=forms.HiddenInput, error_messages={"required": message, "invalid": message}
        )

    def to_python(self, value):
        try:
            if isinstance(value, str) and len(value) > MAX_CREDENTIAL_CHARACTERS:
                raise RecursionError
            return super().to_python(value)
        except RecursionError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None

    def bound_data(self, data, initial):
        """Never shown again: the answer to a challenge serves once."""
        return ""

    def prepare_value(self, value):
        return ""


class CredentialMixin:
    """What a browser sends as a passkey is bytes of anybody's: malformed, it is a wrong one."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField()

    def clean_credential(self):
        try:
            return super().clean_credential()
        except ValidationError as error:
            if error.code == "too_many_login_attempts":
                raise
        except MALFORMED:
            pass
        self.refused()
        raise get_adapter().validation_error("incorrect_passkey")

    def refused(self) -> None:
        """Called for each passkey that does not pass."""


class PasskeySignInForm(CredentialMixin, webauthn_forms.LoginWebAuthnForm):
    def clean_credential(self):
        """An agent's passkey follows a password, at their own door: here it is a wrong one."""
        passkey = super().clean_credential()
        if passkey.user.is_staff:
            raise get_adapter().validation_error("incorrect_passkey")
        return passkey


class PasskeySecondFactorForm(CredentialMixin, webauthn_forms.AuthenticateWebAuthnForm):
    def refused(self):
        record_refusal(self.user, PASSKEY_MEANS)


class PasskeyReauthenticateForm(CredentialMixin, webauthn_forms.ReauthenticateWebAuthnForm):
    pass


class PasskeyAddForm(webauthn_forms.AddWebAuthnForm):
    """A name, and what the browser made; the machine verified the person (finger, face, PIN)."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields.pop("passwordless", None)
        self.fields["name"] = passkey_name_field(required=False)
        self.fields["credential"] = CredentialField()

    def clean(self):
        try:
            return super().clean()
        except (ValidationError, *MALFORMED):
            raise get_adapter().validation_error("incorrect_passkey") from None


class PasskeyRenameForm(webauthn_forms.EditWebAuthnForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["name"] = passkey_name_field(required=True)


def passkey_name_field(*, required: bool) -> forms.CharField:
    return text(
        "Nom de la clé",
        length=NAME_CHARACTERS,
        required=required,
        help_text="Pour la reconnaître dans la liste : « Téléphone », « Ordinateur du salon ».",
        autocomplete="off",
    )
