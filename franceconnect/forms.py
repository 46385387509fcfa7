from django import forms

from accounts.counter import CODE_CHARACTERS
from accounts.fields import dressed, six_digits


class SpaceCreateForm(forms.Form):
    """ "Je crée mon espace": the identity is certified, only the contact is asked."""

    contact_email = dressed(
        forms.EmailField(max_length=254),
        label="Adresse e-mail de contact",
        help_text="La mairie vous écrit à cette adresse. Vous pourrez la changer.",
        autocomplete="email",
    )

    def __init__(self, *args, known_email: str, **kwargs):
        kwargs["initial"] = {"contact_email": known_email}
        super().__init__(*args, **kwargs)
        self.fields["contact_email"].required = bool(known_email)


class LinkCodeRequestForm(forms.Form):
    """Which space: by the e-mail that opens it."""

    email = dressed(
        forms.EmailField(max_length=254),
        label="Adresse e-mail de connexion",
        help_text="Celle avec laquelle vous entrez d’habitude dans votre espace.",
        autocomplete="email",
    )


class LinkCodeForm(forms.Form):
    """The six digits of the message."""

    code = six_digits()


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


class LinkConfirmForm(forms.Form):
    """Asks for a tick only when the two identities are very different."""

    same_person = forms.BooleanField(
        label="Ces deux identités sont bien les miennes",
        error_messages={
            "required": "Cochez cette case si les deux identités sont les vôtres ; sinon, annulez."
        },
    )

    def __init__(self, *args, needs_tick: bool, **kwargs):
        super().__init__(*args, **kwargs)
        if not needs_tick:
            del self.fields["same_person"]
