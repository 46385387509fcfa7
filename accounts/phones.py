"""Telephone numbers: typed as people write them, kept as E.164, shown as people read them.

Numbering plans are Google's libphonenumber's. Kept: `+33612345678` (ITU-T E.164, 15 digits at
most). A number of before, that nobody could read, is kept and shown as it is.
"""

import re

import phonenumbers
from django import forms
from phonenumbers import NumberParseException, PhoneNumberFormat

# Without a country code, a number is of France, else of an overseas department, which writes its
# own in ten digits too: 0692… is a mobile of La Réunion.
HOME_REGIONS = ("FR", "GP", "MQ", "GF", "RE")
FRENCH_CODE = 33
# The library would read letters as keys, and what follows "ext" as an extension.
TYPED = re.compile(r"\+?[0-9\s().\-\u2013/]+")
E164 = re.compile(r"\+[0-9]{7,15}")
NOT_READABLE = (
    "Ce numéro n’est pas lisible. Écrivez-le comme 06 12 34 56 78, ou avec l’indicatif du pays, "
    "comme +32 470 12 34 56."
)


def normalised(text: str) -> str:
    """The number in `text` as E.164; empty for no number. Raises ValueError when none is readable.

    A number that its country's plan does not know, but of a length it has, is taken: plans grow.
    """
    text = text.strip()
    if not text:
        return ""
    if not TYPED.fullmatch(text):
        raise ValueError(text)
    candidates = [number for region in HOME_REGIONS if (number := _parsed(text, region))]
    if not candidates:
        raise ValueError(text)
    number = next(filter(phonenumbers.is_valid_number, candidates), candidates[0])
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None


def written(stored: str) -> str:
    """A number as people read it: 06 12 34 56 78, or +32 470 12 34 56 when it is not of France."""
    number = _parsed(stored, region=None) if E164.fullmatch(stored) else None
    if number is None:
        return stored
    is_french = number.country_code == FRENCH_CODE
    style = PhoneNumberFormat.NATIONAL if is_french else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


class PhoneField(forms.CharField):
    """A telephone number, shown as people write it. The form that has it normalises it."""

    def prepare_value(self, value):
        return written(value) if isinstance(value, str) else value

    def has_changed(self, initial, data):
        return super().has_changed(self.prepare_value(initial), data)


def clean_phone(value: str) -> str:
    """The number typed in a form, as E.164. Raises ValidationError when it is not readable."""
    try:
        return normalised(value)
    except ValueError:
        raise forms.ValidationError(NOT_READABLE, code="invalid") from None
