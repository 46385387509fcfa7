"""Forms of the citizen: what is asked, in which words; markup is the renderer's."""

import datetime

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress
from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.validators import RegexValidator

from accounts import services
from accounts.models import PersonalSpace, Provenance

CHOOSING_ADVICE = (
    "Au moins 12 caractères. Une phrase facile à retenir convient très bien ; votre gestionnaire "
    "de mots de passe aussi."
)
CODE_HELP = (
    "Six chiffres, reçus par e-mail. Gardez cette page ouverte pendant que vous les cherchez."
)
DATE_FORMATS = ["%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d %m %Y"]
OLDEST_BIRTH_YEAR = 1900


def dressed(field: forms.Field, *, label: str, help_text: str = "", **attrs: str) -> forms.Field:
    """`field` with our label and hint, and the attributes that help a browser to fill it."""
    field.label, field.help_text = label, help_text
    field.error_messages["required"] = f"Le champ « {label} » est vide. Remplissez-le."
    if isinstance(field, forms.EmailField):
        field.error_messages["invalid"] = (
            "Cette adresse e-mail n’est pas complète. Écrivez-la comme nom@exemple.fr."
        )
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs.update({name.replace("_", "-"): value for name, value in attrs.items()})
    return field


class GivenNamesField(forms.CharField):
    """Given names in the order of the civil status, separated by commas; a list once cleaned.

    Never split on spaces: "Jean Philippe" can be one given name.
    """

    def prepare_value(self, value):
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value):
        names = [name.strip() for name in (super().clean(value) or "").split(",")]
        names = [name for name in names if name]
        if self.required and not names:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return names


class BirthDateField(forms.DateField):
    def __init__(self, **kwargs):
        super().__init__(
            input_formats=DATE_FORMATS,
            widget=forms.DateInput(
                format="%d/%m/%Y", attrs={"inputmode": "numeric", "autocomplete": "bday"}
            ),
            error_messages={
                "invalid": "Cette date n’est pas lisible. Écrivez-la comme 24/08/1962.",
            },
            **kwargs,
        )

    def clean(self, value):
        birthdate = super().clean(value)
        today = datetime.date.today()  # noqa: DTZ011 a date of birth has no time zone
        if birthdate and birthdate > today:
            raise forms.ValidationError(
                "Cette date est dans le futur. Vérifiez l’année.", code="future"
            )
        if birthdate and birthdate.year < OLDEST_BIRTH_YEAR:
            raise forms.ValidationError(
                "Cette date est trop ancienne. Vérifiez l’année.", code="old"
            )
        return birthdate


def text(label: str, *, required: bool = True, help_text: str = "", length=255, **attrs):
    """A one-line text field."""
    field = forms.CharField(max_length=length, required=required)
    return dressed(field, label=label, help_text=help_text, **attrs)


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

    def identity_values(self) -> dict:
        """The identity fields of PersonalSpace, as declared here."""
        values = {
            name: self.cleaned_data[name]
            for name in ("birth_family_name", "usual_name", "given_names", "birthdate")
            if name in self.cleaned_data
        }
        if "birthdate" in values:
            values["birthdate_text"] = values["birthdate"].isoformat()
        return values


class ContactFieldsMixin(forms.Form):
    """Where the town writes and calls."""

    phone = dressed(
        forms.CharField(
            max_length=20,
            required=False,
            validators=[
                RegexValidator(
                    r"^\+?[0-9][0-9 .()-]{5,18}$",
                    "Ce numéro n’est pas lisible. Écrivez-le comme 06 12 34 56 78.",
                )
            ],
        ),
        label="Téléphone",
        help_text="Par exemple 06 12 34 56 78, ou +32 470 12 34 56.",
        autocomplete="tel",
        inputmode="tel",
    )
    street = text("Numéro et voie", autocomplete="address-line1")
    street_extra = text(
        "Complément d’adresse",
        required=False,
        help_text="Appartement, bâtiment, lieu-dit.",
        autocomplete="address-line2",
    )
    postcode = text("Code postal", length=10, autocomplete="postal-code")
    city = text("Commune", autocomplete="address-level2")
    country = text("Pays", length=100, autocomplete="country-name")

    def contact_values(self) -> dict:
        """The contact and address fields of PersonalSpace."""
        names = (*services.CONTACT_FIELDS, *services.ADDRESS_FIELDS)
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


def current_password(label: str = "Mot de passe") -> forms.CharField:
    field = forms.CharField(strip=False, max_length=1000, widget=forms.PasswordInput)
    return dressed(field, label=label, autocomplete="current-password")


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
        self.fields["country"].initial = "France"

    def validate_unique_email(self, value):
        """Only a proven owner counts: an unverified sign-up must not stop the real owner."""
        verified = EmailAddress.objects.filter(email=value, verified=True)
        login = get_user_model().objects.filter(email=value)
        self.account_already_exists = verified.exists() or login.exists()
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


class ProfileForm(IdentityFieldsMixin, ContactFieldsMixin, forms.Form):
    """Changes a personal space; a certified identity is not among the fields."""

    contact_email = dressed(
        forms.EmailField(max_length=254),
        label="Adresse e-mail de contact",
        help_text="La mairie vous écrit à cette adresse. Elle ne sert pas à vous connecter.",
        autocomplete="email",
    )

    field_order = [
        "birth_family_name",
        "usual_name",
        "given_names",
        "birthdate",
        "contact_email",
        "phone",
        "street",
        "street_extra",
        "postcode",
        "city",
        "country",
    ]

    def __init__(self, *args, space: PersonalSpace, **kwargs):
        self.space = space
        kwargs["initial"] = {name: getattr(space, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        if space.identity_provenance != Provenance.DECLARED:
            for name in ("birth_family_name", "given_names", "birthdate"):
                del self.fields[name]
        if space.usual_name_is_certified:
            del self.fields["usual_name"]

    def save(self):
        services.update_space(self.space, self.identity_values() | self.contact_values())


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
        self.users = [
            user
            for user in filter_users_by_email(email, is_active=True, prefer_verified=True)
            if user.email == email and user.has_usable_password() and not user.is_staff
        ]
        return email


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
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        dressed(
            self.fields["code"],
            label="Code de vérification",
            help_text=CODE_HELP,
            autocomplete="one-time-code",
            inputmode="numeric",
        )


class EmailCodeForm(CodeMixin, allauth_forms.ConfirmEmailVerificationCodeForm):
    def clean_code(self):
        """The code, and an address that nobody has proven meanwhile (not merely typed)."""
        code = allauth_forms.BaseConfirmCodeForm.clean_code(self)
        taken = EmailAddress.objects.filter(email=self.email, verified=True)
        if self.user is None or taken.exclude(user=self.user).exists():
            raise get_adapter().validation_error("email_taken")
        return code


class PasswordResetCodeForm(CodeMixin, allauth_forms.ConfirmPasswordResetCodeForm):
    pass


class SpaceDeleteForm(forms.Form):
    confirm = forms.BooleanField(
        label="J’ai compris que la suppression de mon espace est définitive",
        error_messages={"required": "Cochez cette case pour confirmer la suppression."},
    )
