"""Where the town writes and calls: telephone, postal address, the code of a contact e-mail.

The address is that of AFNOR NF Z10-011: under the name, at most five lines of 38 characters in
France. Elsewhere each country has its own form: nothing is imposed.
"""

import re

from django import forms

from accounts import services
from accounts.countries import COUNTRY_NAMES, FRANCE, MONACO, country_as_listed
from accounts.fields import dressed, six_digits, text
from accounts.phones import PhoneField, clean_phone

LINE_CHARACTERS = 38
POSTCODES = {
    FRANCE: (
        re.compile(r"[0-9]{5}"),
        "En France, un code postal a cinq chiffres. Vérifiez-le.",
    ),
    MONACO: (
        re.compile(r"980[0-9]{2}"),
        "À Monaco, un code postal a cinq chiffres et commence par 980. Vérifiez-le.",
    ),
}
LINES = ("street", "street_extra", "building", "locality")
CITY_TOO_LONG = (
    "Le code postal et la commune tiennent sur une ligne de {most} caractères ; celle-ci en a "
    "{length}. Abrégez la commune : St pour Saint, par exemple."
)
LINE_TOO_LONG = (
    "Une ligne d’adresse tient en {most} caractères ; celle-ci en a {length}. Abrégez-la (av. pour "
    "avenue, bd pour boulevard), ou continuez dans le champ voisin."
)


class CountryField(forms.ChoiceField):
    """A country of the list, France first; one stored before the list existed stays in it."""

    def __init__(self, **kwargs):
        super().__init__(choices=[(name, name) for name in COUNTRY_NAMES], **kwargs)
        self.error_messages["invalid_choice"] = "Choisissez un pays de la liste."

    def keep(self, name: str) -> None:
        """Add what this space holds already, when the list lacks it."""
        if name and name not in COUNTRY_NAMES:
            self.choices = [*self.choices, (name, name)]

    def prepare_value(self, value):
        return country_as_listed(value) if isinstance(value, str) else value

    def to_python(self, value):
        return country_as_listed(super().to_python(value).strip())


class ContactFieldsMixin(forms.Form):
    """Where the town writes and calls. What was there before and is not changed is left alone."""

    phone = dressed(
        PhoneField(max_length=40, required=False),
        label="Téléphone",
        help_text="Par exemple 06 12 34 56 78, ou +32 470 12 34 56.",
        autocomplete="tel",
        inputmode="tel",
    )
    street = text("Numéro et voie", autocomplete="address-line1")
    street_extra = text(
        "Appartement, étage",
        required=False,
        help_text="Ou « chez » suivi d’un nom.",
        autocomplete="address-line2",
    )
    building = text("Résidence, bâtiment, entrée", required=False, autocomplete="address-line3")
    locality = text("Lieu-dit ou boîte postale", required=False, autocomplete="address-level3")
    postcode = text("Code postal", length=10, autocomplete="postal-code")
    city = text("Commune", autocomplete="address-level2")
    country = dressed(
        CountryField(initial=FRANCE),
        label="Pays",
        help_text="L’outre-mer français est en France.",
        autocomplete="country-name",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["country"].keep(self.initial.get("country", ""))
        # Some countries have no postcode.
        self.fields["postcode"].required = self["country"].value() in POSTCODES

    def clean_phone(self):
        phone = self.cleaned_data["phone"]
        return clean_phone(phone) if "phone" in self.changed_data else self.initial.get("phone", "")

    def clean_postcode(self):
        postcode = " ".join(self.cleaned_data["postcode"].split())
        return postcode.replace(" ", "") if self["country"].value() in POSTCODES else postcode

    def clean(self):
        values = super().clean()
        if values.get("country") in POSTCODES:
            self._check_postcode(values)
            self._check_lines(values)
        return values

    def _check_postcode(self, values: dict) -> None:
        pattern, message = POSTCODES[values["country"]]
        postcode = values.get("postcode", "")
        if postcode and not pattern.fullmatch(postcode):
            self.add_error("postcode", forms.ValidationError(message, code="invalid"))

    def _check_lines(self, values: dict) -> None:
        changed = set(self.changed_data)
        if "country" in changed:
            changed.update(LINES, ["city"])
        for name in changed.intersection(LINES):
            self._check_line(name, values.get(name, ""), LINE_TOO_LONG)
        if changed & {"postcode", "city"} and values.get("postcode") and values.get("city"):
            self._check_line("city", f"{values['postcode']} {values['city']}", CITY_TOO_LONG)

    def _check_line(self, name: str, line: str, message: str) -> None:
        if len(line) > LINE_CHARACTERS:
            said = message.format(most=LINE_CHARACTERS, length=len(line))
            self.add_error(name, forms.ValidationError(said, code="too_long"))

    def contact_values(self) -> dict:
        """The telephone and address fields of PersonalSpace."""
        names = ("phone", *services.ADDRESS_FIELDS)
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


def kept_email(typed: str, present: str) -> str:
    """The contact address typed; the present one when only its case differs."""
    return present if typed.lower() == present.lower() else typed.lower()


class ContactCodeForm(forms.Form):
    """The six digits mailed to the new contact address."""

    code = six_digits()
