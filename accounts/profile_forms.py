"""The form of the profile: what a citizen may change of their space."""

from django import forms

from accounts import services
from accounts.contact_forms import ContactFieldsMixin, kept_email
from accounts.fields import dressed
from accounts.forms import IdentityFieldsMixin
from accounts.models import PersonalSpace, Provenance


class ProfileForm(IdentityFieldsMixin, ContactFieldsMixin, forms.Form):
    """Changes a personal space; a certified identity is not among the fields."""

    contact_email = dressed(
        forms.EmailField(max_length=254),
        label="Adresse e-mail de contact",
        help_text=(
            "La mairie vous écrit à cette adresse. Elle ne sert pas à vous connecter. Une nouvelle "
            "adresse remplace l’ancienne quand vous avez recopié le code que nous y envoyons."
        ),
        autocomplete="email",
    )

    field_order = [
        "birth_family_name",
        "usual_name",
        "given_names",
        "birthdate",
        "contact_email",
        "street",
        "street_extra",
        "building",
        "locality",
        "postcode",
        "city",
        "country",
        "phone",
    ]

    def __init__(self, *args, space: PersonalSpace, **kwargs):
        self.space = space
        kwargs["initial"] = {name: getattr(space, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        # Nobody is kept from the rest for want of an e-mail; one that is there is not removed.
        self.fields["contact_email"].required = bool(space.contact_email)
        if space.identity_provenance != Provenance.DECLARED:
            for name in ("birth_family_name", "given_names", "birthdate"):
                del self.fields[name]
        if space.usual_name_is_certified:
            del self.fields["usual_name"]

    def clean_contact_email(self):
        return kept_email(self.cleaned_data["contact_email"], self.space.contact_email)

    @property
    def new_contact_email(self) -> str:
        """The address that has to be proven before it replaces the present one; empty for none."""
        email = self.cleaned_data["contact_email"]
        return "" if email == self.space.contact_email else email

    def save(self):
        """All but the contact e-mail, which stays until the new one is proven."""
        services.update_space(self.space, self.identity_values() | self.contact_values())
