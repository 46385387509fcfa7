"""Forms of the agents' door."""

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import agent_accounts, agent_door, agent_factors, failed_sign_ins
from accounts.agent_lockout import Attempt
from accounts.fields import current_password, dressed
from accounts.forms import CHOOSING_ADVICE
from accounts.mfa_forms import CODE_MEANS, code_field, record_refusal, without_spaces
from accounts.models import User

WRONG = (
    "L’adresse e-mail ou le mot de passe est incorrect, ou ce compte n’est pas celui d’un agent. "
    "Vérifiez-les, puis recommencez."
)
WRONG_INVITATION = (
    "L’adresse e-mail ou le code est incorrect, ou ce code ne vaut plus. Vérifiez-les, ou demandez "
    "une nouvelle invitation à un administrateur du portail."
)
WRONG_CODE = "Ce code n’est pas le bon, ou il a déjà servi. Attendez le suivant, puis recommencez."


def email_field(label: str = "Adresse e-mail") -> forms.EmailField:
    return dressed(forms.EmailField(max_length=254), label=label, autocomplete="username")


class AttemptMixin:
    """Each sending is one try, counted before anything is compared (`accounts.agent_lockout`)."""

    purpose = ""

    def __init__(self, *args, request, **kwargs):
        self.request = request
        super().__init__(*args, **kwargs)

    def attempt(self, account: str) -> Attempt:
        """The try, when it may be compared; raises ValidationError while one has to wait."""
        attempt = Attempt(self.request, self.purpose, account)
        if not attempt.is_allowed:
            minutes = attempt.minutes_to_wait
            raise ValidationError(
                f"Trop d’essais ont échoué. Attendez {minutes} minute{'s' * (minutes > 1)}, puis "
                "recommencez.",
                code="locked",
            )
        return attempt


class AgentSignInForm(AttemptMixin, forms.Form):
    """E-mail and password: the first step."""

    purpose = "password"
    username = email_field()
    password = current_password()

    def clean(self):
        email = self.cleaned_data.get("username")
        password = self.cleaned_data.get("password")
        if not (email and password):
            return
        attempt = self.attempt(email)
        self.agent = agent_door.agent_with(email, password)
        if self.agent is None:
            failed_sign_ins.note(self.request, email)
            raise ValidationError(WRONG, code="invalid")
        attempt.succeeded()


class AgentCodeForm(AttemptMixin, forms.Form):
    """An app's code, or a recovery code: the second step."""

    purpose = "factor"
    code = code_field(
        "Code",
        "Les six chiffres de votre application, ou l’un de vos codes de secours (huit chiffres).",
    )

    def __init__(self, *args, agent: User, **kwargs):
        self.agent = agent
        super().__init__(*args, **kwargs)

    def clean_code(self):
        attempt = self.attempt(self.agent.email)
        code = without_spaces(self.cleaned_data["code"])
        self.means = agent_factors.redeem(self.agent, code)
        if self.means is None:
            record_refusal(self.agent, CODE_MEANS)
            raise ValidationError(WRONG_CODE, code="invalid")
        attempt.succeeded()
        return code


class InvitationForm(AttemptMixin, forms.Form):
    """The code that was mailed, and the password that its agent chooses."""

    purpose = "invitation"
    email = email_field()
    code = dressed(
        forms.CharField(max_length=40),
        label="Code d’invitation",
        help_text="Les douze lettres et chiffres du message, avec ou sans tirets.",
        autocomplete="off",
    )
    password = dressed(
        forms.CharField(strip=False, max_length=1000, widget=forms.PasswordInput),
        label="Nouveau mot de passe",
        help_text=CHOOSING_ADVICE,
        autocomplete="new-password",
    )

    def clean_password(self):
        """As everybody's passwords: also refused when it looks like the e-mail."""
        password = self.cleaned_data["password"]
        somebody = User(email=self.cleaned_data.get("email"))
        password_validation.validate_password(password, somebody)
        return password

    def clean(self):
        values = self.cleaned_data
        if self.errors:
            return
        attempt = self.attempt(values["email"])
        self.agent = agent_accounts.accept(
            values["email"], values["code"], password=values["password"]
        )
        if self.agent is None:
            raise ValidationError(WRONG_INVITATION, code="invalid")
        attempt.succeeded()


class ReasonForm(forms.Form):
    """Why a colleague's access is recovered: kept in the journal, and mailed."""

    reason = dressed(
        forms.CharField(max_length=200, min_length=5, widget=forms.Textarea({"rows": 3})),
        label="Motif",
        help_text="Ce qui s’est passé, et comment vous avez vérifié que c’est bien votre collègue "
        "qui demande : « Téléphone perdu, vu ce matin dans son bureau ».",
    )


class AgentFactorChangeForm(AttemptMixin, forms.Form):
    """The password, and one last time what is replaced: a session left open changes nothing."""

    purpose = "factor_change"
    FACTOR, CODES = "factor", "codes"
    wanted = forms.ChoiceField(
        label="Ce que vous voulez",
        choices=[
            (FACTOR, "Changer de téléphone, d’application ou de clé d’accès"),
            (CODES, "Dix nouveaux codes de secours"),
        ],
        widget=forms.RadioSelect,
        initial=FACTOR,
    )
    password = current_password("Votre mot de passe")
    code = code_field(
        "Code", "Les six chiffres de votre application, ou l’un de vos codes de secours."
    )

    def __init__(self, *args, user: User, **kwargs):
        self.user = user
        super().__init__(*args, **kwargs)

    def clean(self):
        if self.errors:
            return
        attempt = self.attempt(self.user.email)
        values = self.cleaned_data
        is_theirs = self.user.check_password(values["password"])
        code = without_spaces(values["code"])
        if not (is_theirs and agent_factors.redeem(self.user, code)):
            raise ValidationError("Le mot de passe ou le code est incorrect. Recommencez.")
        attempt.succeeded()


class OwnPasswordForm(AttemptMixin, PasswordChangeForm):
    """An agent's new password; the present one is not guessed on a screen left open."""

    purpose = "own_password"

    def clean_old_password(self):
        attempt = self.attempt(self.user.email)
        password = super().clean_old_password()
        attempt.succeeded()
        return password

    @transaction.atomic
    def save(self, commit=True):
        agent = super().save(commit)
        agent_accounts.record_password_change(agent)
        return agent
