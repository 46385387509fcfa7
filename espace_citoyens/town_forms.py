"""What agents type of the town: each error at its field, and nothing typed is lost."""

import re
from math import floor

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from accounts.fields import EMAIL_ERROR, PLAIN_EMAIL
from accounts.phones import PhoneField, clean_phone, written
from espace_citoyens import colours
from espace_citoyens.logo import LogoRefused, clean_logo
from espace_citoyens.models import MAX_MESSAGES, Logo, MessageKind, Town

OWN_COLOURS = ""
USES = {"main_colour": colours.main_uses, "accent_colour": colours.accent_uses}
LEGAL = [
    "publication_director",
    "host",
    "legal_notice",
    "data_protection_contact",
    "privacy_notice",
    "accessibility_contact",
]
FAMILIES = {
    "La ville": ["name", "service_name"],
    "Le logo": ["logo_file", "remove_logo"],
    "Les couleurs": ["pair", "main_colour", "accent_colour"],
    "Joindre la mairie": ["email", "phone", "address", "opening_hours"],
    "Les textes légaux": LEGAL,
}


class ColourField(forms.CharField):
    """A colour, however it was copied: 0B5A57, #0b5a57 or #abc; `#rrggbb` once cleaned."""

    def to_python(self, value):
        digits = super().to_python(value).lower().removeprefix("#")
        if re.fullmatch(r"[0-9a-f]{3}", digits):
            digits = "".join(2 * digit for digit in digits)
        return f"#{digits}" if digits else ""


class TownForm(forms.ModelForm):
    """Everything of the town but the messages of its home page."""

    logo_file = forms.FileField(
        label="Nouveau logo",
        required=False,
        help_text="Un dessin SVG ou une image PNG, 200 ko et 1024 pixels de côté au plus. Il reste "
        "lisible à la hauteur d’une ligne de titre, sur fond clair comme sur fond sombre.",
        widget=forms.FileInput(attrs={"accept": ".svg,.png,image/svg+xml,image/png"}),
    )
    remove_logo = forms.BooleanField(label="Retirer le logo actuel", required=False)
    logo = forms.ModelChoiceField(Logo.objects.all(), required=False, widget=forms.HiddenInput)
    pair = forms.ChoiceField(
        label="Couleurs prêtes, lisibles par tous",
        required=False,
        choices=[
            *((str(number), pair.name) for number, pair in enumerate(colours.PAIRS)),
            (OWN_COLOURS, "D’autres couleurs, écrites ci-dessous"),
        ],
        widget=forms.RadioSelect,
    )
    phone = PhoneField(label="Téléphone", required=False, max_length=20)
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    class Meta:
        model = Town
        fields = [
            "name",
            "service_name",
            "main_colour",
            "accent_colour",
            "email",
            "address",
            "opening_hours",
            *LEGAL,
        ]
        field_classes = {"main_colour": ColourField, "accent_colour": ColourField}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial |= {"logo": self.instance.logo_id, "phone": self.instance.phone}
        self.initial["pair"] = self._pair_of(self.instance)
        for name, field in self.fields.items():
            field.error_messages["required"] = "Ce champ est vide. Remplissez-le."
            if isinstance(field.widget, forms.Textarea):
                field.widget.attrs = {"rows": 8 if "notice" in name else 3}
        self.fields["email"].error_messages["invalid"] = EMAIL_ERROR
        self.fields["email"].validators.append(RegexValidator(PLAIN_EMAIL, EMAIL_ERROR))

    @staticmethod
    def _pair_of(town: Town) -> str:
        chosen = (town.main_colour, town.accent_colour)
        pairs = [(pair.main, pair.accent) for pair in colours.PAIRS]
        return str(pairs.index(chosen)) if chosen in pairs else OWN_COLOURS

    def families(self):
        """The fields in the order of the page, under their titles."""
        for title, names in FAMILIES.items():
            yield title, [self[name] for name in names if name in self.fields]

    def pairs(self):
        """Each choice of the ready colours with what it looks like; None for one's own."""
        looks = [*colours.PAIRS, None]
        return list(zip(self["pair"].subwidgets, looks, strict=True))

    def clean_phone(self):
        phone = self.cleaned_data["phone"]
        return written(clean_phone(phone)) if "phone" in self.changed_data else phone

    def clean_logo_file(self):
        """Kept as soon as it is sound: a browser sends a file only once."""
        file = self.cleaned_data["logo_file"]
        if not file:
            return None
        try:
            return Logo.keep(clean_logo(file.read()))
        except LogoRefused as error:
            raise ValidationError(str(error), code="logo") from None

    def clean(self):
        cleaned = super().clean()
        # Browsers end lines in two signs: that is no change of what the town says.
        cleaned |= {
            name: value.replace("\r\n", "\n")
            for name, value in cleaned.items()
            if isinstance(value, str)
        }
        self._choose_colours(cleaned)
        self._choose_logo(cleaned)
        return cleaned

    def _choose_colours(self, cleaned: dict) -> None:
        """A pair chosen now wins over what is written; colours changed by hand win otherwise."""
        has_typed = {"main_colour", "accent_colour"} & set(self.changed_data)
        if cleaned.get("pair") and ("pair" in self.changed_data or not has_typed):
            pair = colours.PAIRS[int(cleaned["pair"])]
            cleaned |= {"main_colour": pair.main, "accent_colour": pair.accent}
            for name in USES:
                self.errors.pop(name, None)
            return
        for name, uses_of in USES.items():
            if name in cleaned and (use := self._unreadable(cleaned[name], uses_of)):
                self.add_error(name, self._words_for(use, cleaned[name], uses_of))

    @staticmethod
    def _unreadable(colour: str, uses_of) -> colours.Use | None:
        return colours.unreadable(uses_of(colour)) if colours.WRITTEN.match(colour) else None

    @staticmethod
    def _words_for(use: colours.Use, colour: str, uses_of) -> str:
        # Cut, not rounded: 4,499 is not enough, and must not read as 4,5.
        cut = [floor(value * 100) / 100 for value in (use.contrast, use.ratio)]
        ratio, needed = (f"{value:g}".replace(".", ",") for value in cut)
        return (
            f"Cette couleur n’est pas lisible par tous : contraste de {ratio} pour {use.words}, il "
            f"en faut {needed}. La plus proche qui convient : {colours.nearest(colour, uses_of)}."
        )

    def _choose_logo(self, cleaned: dict) -> None:
        if cleaned.get("remove_logo"):
            cleaned["logo"] = None
        cleaned["logo"] = cleaned.get("logo_file") or cleaned.get("logo")
        self.data = self.data.copy()
        self.data["logo"] = cleaned["logo"].pk if cleaned["logo"] else ""

    def _post_clean(self):
        super()._post_clean()
        for name in ("logo", "phone"):
            if name in self.cleaned_data:
                setattr(self.instance, name, self.cleaned_data[name])


class MessageForm(forms.Form):
    """One message of the home page; without a title or a text, none."""

    title = forms.CharField(label="Titre", max_length=80, required=False)
    text = forms.CharField(
        label="Texte", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    kind = forms.ChoiceField(
        label="Présentation", choices=MessageKind.choices, initial=MessageKind.INFO
    )
    first_day = forms.DateField(label="Montré à partir du", required=False)
    last_day = forms.DateField(label="Montré jusqu’au", required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("first_day", "last_day"):
            field = self.fields[name]
            field.widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
            field.error_messages["invalid"] = "Cette date n’est pas lisible. Écrivez 24/08/2026."

    @property
    def is_empty(self) -> bool:
        return not any(self.cleaned_data[name] for name in ("title", "text"))

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("text") and not cleaned.get("title") and "title" not in self.errors:
            self.add_error("title", "Ce message n’a pas de titre. Donnez-lui quelques mots.")
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", "Cette date est avant la première. Vérifiez les deux.")
        return cleaned

    def as_json(self) -> dict:
        days = {name: self.cleaned_data[name] for name in ("first_day", "last_day")}
        return self.cleaned_data | {
            name: day.isoformat() if day else None for name, day in days.items()
        }


class _Messages(forms.BaseFormSet):
    def as_json(self) -> list[dict]:
        """Those that say something, in their order."""
        return [form.as_json() for form in self.forms if not form.is_empty]


MessageFormSet = forms.formset_factory(
    MessageForm,
    formset=_Messages,
    extra=0,
    min_num=MAX_MESSAGES,
    max_num=MAX_MESSAGES,
    absolute_max=MAX_MESSAGES,
)
