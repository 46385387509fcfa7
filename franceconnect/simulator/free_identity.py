"""The form in which every claim is typed by hand."""

import re

from django import forms
from django.core.validators import RegexValidator

from franceconnect.simulator.people import BIRTHDATE, FRANCE, Identity, identity_from
from franceconnect.simulator.platforms import Platform

INSEE = RegexValidator(
    r"^[0-9][0-9AB][0-9]{3}\Z", "Ce code n’a pas cinq caractères. Saisissez un code de l’Insee."
)
REQUIRED = "Ce champ est vide. Renseignez-le."


class FreeIdentityForm(forms.Form):
    """A made-up civil status, refused when no identity provider could hold it."""

    template_name = "_free_identity_fields.html"
    use_required_attribute = False

    given_names = forms.CharField(
        label="Prénoms",
        help_text="Un par ligne, ou séparés par des virgules. Une espace fait partie du prénom.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": REQUIRED},
    )
    family_name = forms.CharField(label="Nom de naissance", error_messages={"required": REQUIRED})
    preferred_username = forms.CharField(
        label="Nom d’usage", required=False, help_text="Facultatif."
    )
    gender = forms.ChoiceField(
        label="Sexe",
        choices=[("female", "Féminin"), ("male", "Masculin"), ("unspecified", "Non précisé")],
        initial="female",
    )
    birthdate = forms.CharField(
        label="Date de naissance",
        help_text="Année-mois-jour, comme 1962-08-24. Jour inconnu : 1992-11-00. "
        "Jour et mois inconnus : 1992-00-00.",
        error_messages={"required": REQUIRED},
    )
    birthplace = forms.CharField(
        label="Commune de naissance",
        required=False,
        help_text="Code de l’Insee, comme 75107. Vide si la personne est née à l’étranger.",
    )
    birthcountry = forms.CharField(
        label="Pays de naissance",
        help_text="Code de l’Insee : 99100 pour la France.",
        initial=FRANCE,
        validators=[INSEE],
        error_messages={"required": REQUIRED},
    )
    email = forms.EmailField(
        label="Adresse électronique",
        error_messages={
            "required": REQUIRED,
            "invalid": "Cette adresse est incomplète. Saisissez-la comme nom@exemple.fr.",
        },
    )

    def __init__(self, *args, platform: Platform, **kwargs):
        super().__init__(*args, **kwargs)
        self._platform = platform
        if not platform.corrects_identities:
            self.fields[
                "birthplace"
            ].help_text = (
                "Code de l’Insee, comme 75107, ou texte libre : il sera transmis tel quel."
            )

    def clean_given_names(self) -> list[str]:
        names = [name.strip() for name in re.split(r"[,\n]", self.cleaned_data["given_names"])]
        names = [name for name in names if name]
        if not names:
            raise forms.ValidationError(REQUIRED, code="required")
        return names

    def clean_birthdate(self) -> str:
        birthdate = self.cleaned_data["birthdate"]
        if not BIRTHDATE.fullmatch(birthdate):
            raise forms.ValidationError(
                "Cette date ne se lit pas. Saisissez-la comme 1962-08-24.", code="invalid"
            )
        return birthdate

    def clean_birthplace(self) -> str:
        birthplace = self.cleaned_data["birthplace"]
        if birthplace and self._platform.corrects_identities:
            INSEE(birthplace)
        return birthplace

    def clean(self):
        cleaned = super().clean()
        born_in_france = cleaned.get("birthcountry") == FRANCE
        if born_in_france and not cleaned.get("birthplace") and "birthplace" not in self.errors:
            self.add_error(
                "birthplace",
                "La commune manque pour une naissance en France. Saisissez son code.",
            )
        return cleaned

    def identity(self) -> Identity:
        """The identity as this platform would deliver it."""
        entry = dict(self.cleaned_data, given_name_array=self.cleaned_data["given_names"])
        entry["preferred_username"] = entry["preferred_username"] or None
        return identity_from(entry, self._platform)
