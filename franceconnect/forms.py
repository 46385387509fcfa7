from django import forms

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
