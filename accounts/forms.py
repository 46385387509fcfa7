"""Forms of the citizen: what is asked, in which words; markup is the renderer's."""

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.core import context
from django import forms
from django.contrib.auth.hashers import make_password
from django.utils.crypto import salted_hmac

from accounts import services, wrong_door
from accounts.codes import may_try
from accounts.contact_forms import ContactFieldsMixin
from accounts.fields import (
    BirthDateField,
    GivenNamesField,
    current_password,
    dressed,
    text,
    validate_name,
)
from accounts.models import User

CHOOSING_ADVICE = (
    "Au moins 12 caractères. Une phrase facile à retenir convient très bien ; votre gestionnaire "
    "de mots de passe aussi."
)
RESET_KEY = "accounts_password_reset"
CODE_HELP = (
    "Six chiffres, reçus par e-mail. Gardez cette page ouverte pendant que vous les cherchez."
)


class IdentityFieldsMixin(forms.Form):
    """The identity that a citizen declares."""

    birth_family_name = text("Nom de naissance", autocomplete="family-name")
    usual_name = text(
        "Nom d’usage",
        required=False,
        help_text="Nom d’époux ou d’épouse, par exemple.",
    )
    given_names = dressed(
        GivenNamesField(max_length=500),
        label="Prénoms",
        help_text="Dans l’ordre de l’état civil, séparés par des virgules : Jean-Paul, Marie.",
        autocomplete="given-name",
    )
    birthdate = dressed(
        BirthDateField(), label="Date de naissance", help_text="Par exemple 24/08/1962."
    )

    def clean_birth_family_name(self):
        return self._clean_names("birth_family_name")

    def clean_usual_name(self):
        return self._clean_names("usual_name")

    def clean_given_names(self):
        return self._clean_names("given_names")

    def _clean_names(self, field: str):
        """Refuse what is no name, when it is new: a name once certified is kept as it came."""
        value = self.cleaned_data[field]
        if field in self.changed_data:
            for name in value if isinstance(value, list) else [value]:
                validate_name(name)
        return value

    def identity_values(self) -> dict:
        """The identity fields of PersonalSpace, as declared here."""
        values = {
            name: self.cleaned_data[name]
            for name in ("birth_family_name", "usual_name", "given_names", "birthdate")
            if name in self.cleaned_data
        }
        # Left alone, a date whose day or month is unknown stays so.
        if "birthdate" in values and "birthdate" in self.changed_data:
            values["birthdate_text"] = values["birthdate"].isoformat()
        return values


def email_is_taken(email: str, *, by_another_than: User | None = None) -> bool:
    """Whether `email` is the proven login of a citizen, or the login of an agent."""
    owner = by_another_than.pk if by_another_than else None
    verified = EmailAddress.objects.filter(email=email, verified=True).exclude(user=owner)
    logins = User.objects.filter(email=email).exclude(pk=owner)
    return verified.exists() or logins.exists()


class SignInForm(allauth_forms.LoginForm):
    """Identifiant and password of the portal itself."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        dressed(
            self.fields["login"],
            label="Identifiant",
            help_text="L’adresse e-mail de votre espace personnel.",
            autocomplete="username",
        )
        self.fields["password"] = current_password()


class SignUpForm(IdentityFieldsMixin, ContactFieldsMixin, allauth_forms.SignupForm):
    """Opens a personal space with an e-mail and a password."""

    field_order = [
        "email",
        "password1",
        "birth_family_name",
        "usual_name",
        "given_names",
        "birthdate",
        "street",
        "street_extra",
        "building",
        "locality",
        "postcode",
        "city",
        "country",
        "phone",
    ]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        dressed(
            self.fields["email"],
            label="Adresse e-mail",
            help_text="Elle servira d’identifiant : nous y envoyons un code pour la vérifier.",
            autocomplete="email",
        )
        dressed(
            self.fields["password1"],
            label="Mot de passe",
            help_text=CHOOSING_ADVICE,
            autocomplete="new-password",
        )

    def validate_unique_email(self, value):
        """Only a proven owner counts: an unverified sign-up must not stop the real owner."""
        self.account_already_exists = email_is_taken(value)
        return value

    def try_save(self, request):
        if self.account_already_exists:
            # The same work as for a new account, so that time does not tell them apart.
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)

    def save(self, request):
        return services.register(
            email=self.cleaned_data["email"],
            password=self.cleaned_data["password1"],
            identity=services.Identity(**self.identity_values()),
            **self.contact_values(),
        )


class ReauthenticateForm(allauth_forms.ReauthenticateForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password"] = current_password("Votre mot de passe")


class NewPasswordMixin:
    """One new password, typed once: it can be shown, and pasted."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        dressed(
            self.fields["password1"],
            label="Nouveau mot de passe",
            help_text=CHOOSING_ADVICE,
            autocomplete="new-password",
        )


class PasswordChangeForm(NewPasswordMixin, allauth_forms.ChangePasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"] = current_password("Mot de passe actuel")


class PasswordSetForm(NewPasswordMixin, allauth_forms.SetPasswordForm):
    pass


class PasswordResetCompleteForm(NewPasswordMixin, allauth_forms.ResetPasswordKeyForm):
    pass


class PasswordResetForm(allauth_forms.ResetPasswordForm):
    """Reaches only verified login e-mails of citizens; the page says the same to everybody."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        dressed(
            self.fields["email"],
            label="Identifiant",
            help_text="L’adresse e-mail avec laquelle vous vous connectez.",
            autocomplete="username",
        )

    def clean_email(self):
        email = get_adapter().clean_email(self.cleaned_data["email"].lower())
        citizens = User.objects.filter(email=email, is_active=True, is_staff=False)
        self.users = [user for user in citizens if user.has_usable_password()]
        self.providers = wrong_door.providers_behind(email)
        return email

    def save(self, request, **kwargs):
        """Remember what the code is for: it dies when the password or the login changes."""
        user = self.users[0] if self.users else None
        if user:
            request.session[RESET_KEY] = _reset_fingerprint(user)
        email = self.cleaned_data["email"]
        wrong_door.PasswordResetProcess.start(
            request, user=user, email=email, providers=self.providers
        )
        return email


def is_reset_still_valid(request, user: User) -> bool:
    """Whether nothing changed for `user` since this browser asked for a password reset."""
    asked = request.session.get(RESET_KEY, "")
    return user.is_active and not user.is_staff and asked == _reset_fingerprint(user)


def _reset_fingerprint(user: User) -> str:
    fact = f"{user.pk}:{user.email}:{user.get_session_auth_hash()}"
    return salted_hmac("accounts.password_reset", fact, algorithm="sha256").hexdigest()


class LoginEmailForm(allauth_forms.AddEmailForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        dressed(
            self.fields["email"],
            label="Nouvelle adresse e-mail de connexion",
            help_text="Nous y envoyons un code : l’adresse change quand vous l’avez recopié.",
            autocomplete="email",
        )


class CodeMixin:
    """A code of allauth's. One try too many is answered like a wrong code."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        dressed(
            self.fields["code"],
            label="Code de vérification",
            help_text=CODE_HELP,
            autocomplete="one-time-code",
            inputmode="numeric",
        )

    def clean_code(self):
        self.count_try()
        return super().clean_code()

    def count_try(self) -> None:
        if not may_try(context.request, self.expected_code):
            raise get_adapter().validation_error("incorrect_code")


class EmailCodeForm(CodeMixin, allauth_forms.ConfirmEmailVerificationCodeForm):
    def clean_code(self):
        """The code, and an address that nobody has proven meanwhile (not merely typed)."""
        self.count_try()
        code = allauth_forms.BaseConfirmCodeForm.clean_code(self)
        if self.user is None or email_is_taken(self.email, by_another_than=self.user):
            raise get_adapter().validation_error("email_taken")
        return code


class PasswordResetCodeForm(CodeMixin, allauth_forms.ConfirmPasswordResetCodeForm):
    pass


class SpaceDeleteForm(forms.Form):
    confirm = forms.BooleanField(
        label="J’ai compris ce qui sera effacé, et je demande la suppression de mon espace",
        error_messages={"required": "Cochez cette case pour confirmer la suppression."},
    )
