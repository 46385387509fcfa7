"""The code that the counter handed over, as citizens type it, and the new login that it gives."""

from allauth.account.adapter import get_adapter
from django import forms

from accounts.counter import CODE_CHARACTERS
from accounts.fields import BirthDateField, dressed, six_digits
from accounts.forms import email_is_taken
from accounts.models import User

WRONG_CODE = (
    "Ce code n’est pas le bon, ou il ne vaut plus rien. Vérifiez chaque lettre, ou demandez-en un "
    "autre à la mairie."
)
# One sentence for both: a wrong date must not tell that the code is right.
WRONG_CODE_OR_DATE = (
    "Ce code et cette date ne vont pas ensemble, ou le code ne vaut plus rien. Vérifiez les deux, "
    "ou demandez un autre code à la mairie."
)
TOO_MANY_TRIES = "Trop d’essais. Attendez une heure, ou contactez la mairie."


class CounterCodeField(forms.CharField):
    """A code of the counter, however its letters were grouped; compared by `accounts.counter`."""

    def clean(self, value):
        value = super().clean(value)
        if sum(character.isalnum() for character in value) != CODE_CHARACTERS:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return value


class CounterCodeForm(forms.Form):
    """The twelve letters and digits that an agent handed over."""

    code = dressed(
        CounterCodeField(
            max_length=40,
            error_messages={
                "invalid": "Ce code compte douze lettres et chiffres. Recopiez-les tous.",
                "max_length": "Ce code compte douze lettres et chiffres. Ne recopiez que lui.",
            },
        ),
        label="Code remis en mairie",
        help_text="Douze lettres et chiffres, en trois groupes : par exemple 7K3M‑92QX‑BCDF.",
        autocomplete="off",
        autocapitalize="characters",
        spellcheck="false",
    )


class CounterEntryForm(CounterCodeForm):
    """The same, with what the paper does not say: whoever finds it has no use for it."""

    birthdate = dressed(
        BirthDateField(),
        label="Date de naissance du titulaire de l’espace",
        help_text="Par exemple 24/08/1962. Jour ou mois inconnu ? Écrivez 01 à sa place.",
    )


class CounterEmailForm(forms.Form):
    """The new login of a space that a code of the counter opens."""

    email = dressed(
        forms.EmailField(max_length=254),
        label="Votre adresse e-mail",
        help_text="Elle servira d’identifiant : nous y envoyons un code pour la vérifier.",
        autocomplete="email",
    )

    def clean_email(self):
        return get_adapter().clean_email(self.cleaned_data["email"].lower())

    def is_taken(self, owner: User) -> bool:
        """Whether the address is somebody else's login; the pages do not tell."""
        return email_is_taken(self.cleaned_data["email"], by_another_than=owner)


class CounterEmailCodeForm(forms.Form):
    """The six digits mailed to the new login."""

    code = six_digits()
