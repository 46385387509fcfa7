"""Fields as citizens read and type them: labels, hints, messages, what a browser may fill."""

import datetime
import re
import unicodedata

from django import forms
from django.core.validators import RegexValidator
from django.utils.dates import MONTHS

from accounts.names import folded

OLDEST_BIRTH_YEAR = 1900
EMAIL_ERROR = "Cette adresse e-mail n’est pas complète. Écrivez-la comme nom@exemple.fr."
# RFC 5322 lets a local part be quoted, commas included, which a mail queue reads as several
# addressees; and letters out of ASCII change when they are made lower-case.
PLAIN_EMAIL = re.compile(r"\A[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+\Z")
NAME_JOINERS = frozenset(" -'’.·")
MONTHS_BY_NAME = {folded(name): number for number, name in MONTHS.items()}


def dressed(field: forms.Field, *, label: str, help_text: str = "", **attrs: str) -> forms.Field:
    """`field` with our label and hint, and the attributes that help a browser to fill it."""
    field.label, field.help_text = label, help_text
    field.error_messages["required"] = "Ce champ est vide. Remplissez-le."
    if isinstance(field, forms.EmailField):
        field.error_messages["invalid"] = EMAIL_ERROR
        field.validators = [*field.validators, RegexValidator(PLAIN_EMAIL, EMAIL_ERROR)]
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

    def has_changed(self, initial, data):
        return super().has_changed(self.prepare_value(initial), data)


def validate_name(value: str) -> None:
    """Letters of any script, with what joins them in a name; nothing that hides or draws."""
    for character in value:
        if unicodedata.category(character)[0] not in "LM" and character not in NAME_JOINERS:
            raise forms.ValidationError(
                "Un nom s’écrit avec des lettres, des espaces, des traits d’union et des "
                "apostrophes. Retirez le reste.",
                code="not_a_name",
            )


class BirthDateField(forms.CharField):
    """A date as people write it: 24/08/1962, 24 8 1962, 24081962, 24 août 1962 or 1962-08-24."""

    def __init__(self, **kwargs):
        super().__init__(max_length=30, **kwargs)
        self.widget.attrs["autocomplete"] = "bday"

    def prepare_value(self, value):
        return value.strftime("%d/%m/%Y") if isinstance(value, datetime.date) else value

    def has_changed(self, initial, data):
        return super().has_changed(self.prepare_value(initial), data)

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            birthdate = parse_date(text)
        except ValueError:
            raise forms.ValidationError(
                "Cette date n’est pas lisible. Écrivez-la comme 24/08/1962.", code="invalid"
            ) from None
        today = datetime.date.today()  # noqa: DTZ011 a date of birth has no time zone
        if birthdate > today:
            raise forms.ValidationError(
                "Cette date est dans le futur. Vérifiez l’année.", code="future"
            )
        if birthdate.year < OLDEST_BIRTH_YEAR:
            raise forms.ValidationError(
                "Cette date est trop ancienne. Vérifiez l’année.", code="old"
            )
        return birthdate


def parse_date(text: str) -> datetime.date:
    """Day, month and year in a French order, or in ISO's. Raises ValueError."""
    words = re.findall(r"[0-9]+|[^\W\d_]+", text.replace("1er", "1"))
    if len(words) == 1 and len(words[0]) == 8:
        words = [words[0][:2], words[0][2:4], words[0][4:]]
    if len(words) != 3:
        raise ValueError(text)
    day, month, year = reversed(words) if len(words[0]) == 4 else words
    if not month.isdigit():
        month = MONTHS_BY_NAME.get(folded(month), 0)
    if len(year) != 4:
        raise ValueError(text)
    return datetime.date(int(year), int(month), int(day))


def text(label: str, *, required: bool = True, help_text: str = "", length=255, **attrs):
    """A one-line text field."""
    field = forms.CharField(max_length=length, required=required)
    return dressed(field, label=label, help_text=help_text, **attrs)


class SpacedDigitsField(forms.RegexField):
    """Digits, however they were grouped when copied."""

    def to_python(self, value):
        return "".join(super().to_python(value).split())


def six_digits() -> forms.RegexField:
    """The code of a message."""
    field = SpacedDigitsField(
        r"^[0-9]{6}$",
        error_messages={"invalid": "Recopiez les six chiffres du message, sans autre signe."},
    )
    return dressed(
        field,
        label="Code de vérification",
        help_text="Les six chiffres du dernier message.",
        autocomplete="one-time-code",
        inputmode="numeric",
    )


def current_password(label: str = "Mot de passe") -> forms.CharField:
    field = forms.CharField(strip=False, max_length=1000, widget=forms.PasswordInput)
    return dressed(field, label=label, autocomplete="current-password")
