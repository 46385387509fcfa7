"""What an agent may correct of a personal space, at the request of its owner."""

from django import forms

from accounts.admin.action_forms import SeenFileForm
from accounts.contact_forms import POSTCODES, ContactFieldsMixin, kept_email
from accounts.countries import COUNTRIES, COUNTRY_NAMES
from accounts.desk import Correction
from accounts.fields import dressed, text
from accounts.forms import IdentityFieldsMixin
from accounts.models import Gender, IdentityDocument, PersonalSpace
from accounts.places import commune_codes, commune_name

IDENTITY = ("birth_family_name", "given_names", "birthdate", "gender", "birthplace", "birthcountry")
ADDRESS = ("street", "street_extra", "building", "locality", "postcode", "city", "country")
BIRTH_COUNTRIES = sorted(COUNTRIES.items(), key=lambda item: COUNTRY_NAMES.index(item[1]))
NAMED = (IDENTITY[0], "usual_name", *IDENTITY[1:])
CONTACT = ("contact_email", "phone", *ADDRESS)
# What an address cannot do without, once there is one; a postcode, only in some countries.
WHOLE_ADDRESS = ("street", "city")
MISSING = "Ce champ est vide. Remplissez-le, ou videz toute l’adresse."
NOT_SEEN = "aucune : l’identité corrigée sera déclarée"


class CorrectionForm(IdentityFieldsMixin, ContactFieldsMixin, SeenFileForm):
    """An identity that FranceConnect certifies is not among the fields, nor is the login e-mail."""

    gender = dressed(forms.ChoiceField(choices=Gender.choices), label="Sexe")
    birthplace = text(
        "Commune de naissance",
        required=False,
        help_text="Son nom, ou son code Insee. Pour une naissance à l’étranger, la ville.",
    )
    birthcountry = dressed(
        forms.ChoiceField(required=False, choices=[("", "non renseigné"), *BIRTH_COUNTRIES]),
        label="Pays de naissance",
    )
    document = dressed(
        forms.ChoiceField(required=False, choices=[("", NOT_SEEN), *IdentityDocument.choices]),
        label="Pièce d’identité vue, si l’identité change",
        help_text=(
            "Une vérification faite en mairie valait pour l’identité d’avant. Si vous avez vu une "
            "pièce qui montre l’identité corrigée, elle est vérifiée de nouveau."
        ),
    )
    contact_email = dressed(
        forms.EmailField(max_length=254, required=False),
        label="Adresse e-mail de contact",
        help_text=(
            "Une nouvelle adresse sert tout de suite, et reste à vérifier par la personne. "
            "L’adresse de connexion, elle, ne change pas ici."
        ),
    )
    street = text("Numéro et voie", required=False)
    city = text("Commune", required=False)

    field_order = [*NAMED, "document", *CONTACT, "reason"]

    def __init__(self, *args, space: PersonalSpace, may_check: bool, **kwargs):
        kwargs["initial"] = {name: getattr(space, name, None) for name in self.base_fields}
        kwargs["initial"]["birthplace"] = commune_name(space.birthplace) or space.birthplace
        super().__init__(*args, space=space, **kwargs)
        self._adapt(space)
        self._leave_out(space, may_check)

    def _adapt(self, space: PersonalSpace) -> None:
        """A space may lack what its owner is asked for: to correct is not to complete."""
        for field in self.fields.values():
            # What this browser has in store is the agent's own.
            field.widget.attrs["autocomplete"] = "off"
        self.fields["postcode"].required = False
        self.fields["birthdate"].required = space.birthdate is not None
        if space.birthdate_text and space.birthdate is None:
            self.fields["birthdate"].help_text = (
                f"Enregistrée : {space.birthdate_text}, 00 pour ce qui est inconnu. Laissez vide "
                "pour la garder."
            )
        countries = self.fields["birthcountry"]
        if space.birthcountry not in dict(countries.choices):
            countries.choices = [*countries.choices, (space.birthcountry, space.birthcountry)]

    def _leave_out(self, space: PersonalSpace, may_check: bool) -> None:
        left_out = ["usual_name"] if space.usual_name_is_certified else []
        if space.is_certified:
            left_out += IDENTITY
        if space.is_certified or not may_check:
            left_out.append("document")
        for name in left_out:
            del self.fields[name]

    def clean_contact_email(self):
        return kept_email(self.cleaned_data["contact_email"], self.space.contact_email)

    def clean_birthplace(self):
        """The code of a commune that the lists know, else what was typed."""
        if "birthplace" not in self.changed_data:
            return self.space.birthplace
        typed = self.cleaned_data["birthplace"]
        codes = commune_codes(typed)
        if len(codes) > 1:
            names = ", ".join(f"{commune_name(code)} : {code}" for code in codes)
            raise forms.ValidationError(
                f"Plusieurs communes portent ce nom. Écrivez le code de la bonne ({names}).",
                code="ambiguous",
            )
        return codes[0] if codes else typed

    def clean(self):
        values = super().clean()
        if any(values.get(name) for name in ADDRESS if name != "country"):
            needed = [*WHOLE_ADDRESS]
            needed += ["postcode"] if values.get("country") in POSTCODES else []
            for name in needed:
                if not values.get(name) and name not in self.errors:
                    self.add_error(name, forms.ValidationError(MISSING, code="required"))
        return values

    @property
    def identity_fields(self) -> list[forms.BoundField]:
        """Those of the first part of the page: what names the person."""
        return [self[name] for name in (*NAMED, "document") if name in self.fields]

    @property
    def contact_fields(self) -> list[forms.BoundField]:
        """Those of the second part: where the town writes and calls."""
        return [self[name] for name in CONTACT if name in self.fields]

    def correction(self) -> Correction:
        """What was typed, by field of PersonalSpace."""
        names = ("gender", "birthplace", "birthcountry", "contact_email")
        values = {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}
        return Correction(
            changes=self.identity_values() | self.contact_values() | values,
            seen=self.cleaned_data["seen"],
            document=self.cleaned_data.get("document", ""),
        )

    def show_present_version(self) -> None:
        """Also what is stored now, beside what was typed and differs from it."""
        super().show_present_version()
        for name in self.changed_data:
            bound = self[name]
            if not bound.is_hidden and name not in ("reason", "document"):
                stored = bound.field.prepare_value(bound.initial)
                stored = dict(getattr(bound.field, "choices", ())).get(stored, stored)
                bound.help_text = f"Enregistré maintenant : {stored or 'rien'}."
