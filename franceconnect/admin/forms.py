"""What an administrator types about a platform: always why, and on which version of the page."""

import hashlib

from django import forms
from django.utils import timezone

from accounts.models import JournalEntry
from franceconnect import activation, drawings
from franceconnect.activation import Change
from franceconnect.models import Activation

BROWSER_FORMAT = "%Y-%m-%dT%H:%M"
NOT_A_DATE = "Donnez un jour et une heure, par exemple 03/12/2026 08:00."


class ChangeForm(forms.Form):
    """A change of one platform; `save` raises Outdated when somebody else was faster."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    reason = forms.CharField(
        label="Motif",
        max_length=JournalEntry._meta.get_field("reason").max_length,
        help_text="Inscrit au journal avec votre nom. N’y nommez personne.",
        error_messages={"required": "Dites pourquoi vous faites ce changement."},
    )

    def __init__(self, *args, current: Activation, **kwargs):
        super().__init__(*args, initial=self.initial_of(current), **kwargs)
        self.current = current

    def initial_of(self, current: Activation) -> dict:
        """What the form shows at first."""
        return {"version": current.version}

    def write(self, agent, *, what: str, **fields) -> Activation:
        """Make the change, in this agent's name."""
        values = self.cleaned_data
        change = Change(agent=agent, reason=values["reason"], version=values["version"])
        return activation.change(self.current.platform, change, what=what, **fields)


class SwitchForm(ChangeForm):
    """Off when it is on, on when it is off."""

    def save(self, agent) -> Activation:
        is_on = not self.current.is_on
        return self.write(agent, what="on" if is_on else "off", is_on=is_on)


def _moment(label: str) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=BROWSER_FORMAT),
        error_messages={"required": NOT_A_DATE, "invalid": NOT_A_DATE},
    )


class MaintenanceForm(ChangeForm):
    """From when, until when, and the words that citizens will read."""

    starts = _moment("Début")
    ends = _moment("Fin")
    words = forms.CharField(
        label="Message aux habitants",
        max_length=Activation._meta.get_field("maintenance_words").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Une phrase pour ce qui se passe, une pour ce qu’ils peuvent faire.",
        error_messages={"required": "Écrivez ce que les habitants liront."},
    )
    field_order = ["version", "starts", "ends", "words", "reason"]

    def initial_of(self, current):
        shown = (
            {}
            if current.is_maintenance_over
            else {
                "starts": current.maintenance_from,
                "ends": current.maintenance_until,
            }
        )
        return super().initial_of(current) | shown | {"words": current.maintenance_words}

    def clean(self):
        starts, ends = self.cleaned_data.get("starts"), self.cleaned_data.get("ends")
        if starts and ends and ends <= starts:
            self.add_error("ends", "La fin précède le début. Corrigez l’une des deux dates.")
        elif ends and ends <= timezone.now():
            self.add_error("ends", "Cette fin est déjà passée. Donnez une date à venir.")

    @property
    def planned(self) -> Activation:
        """The platform as it would be, not written: for the preview."""
        return Activation(platform=self.current.platform, **self._fields)

    @property
    def _fields(self) -> dict:
        values = self.cleaned_data
        return {
            "maintenance_from": values["starts"],
            "maintenance_until": values["ends"],
            "maintenance_words": values["words"],
        }

    def save(self, agent) -> Activation:
        return self.write(agent, what="maintenance", **self._fields)


class MaintenanceRemovalForm(ChangeForm):
    """No maintenance any more."""

    def save(self, agent) -> Activation:
        none = {"maintenance_from": None, "maintenance_until": None, "maintenance_words": ""}
        return self.write(agent, what="maintenance_removed", **none)


class ArtworkForm(ChangeForm):
    """The official drawing of the button, cleaned."""

    file = forms.FileField(
        label="Fichier SVG ou PNG",
        help_text="200 ko au plus, tel que le donne l’espace partenaires de FranceConnect.",
        error_messages={
            "required": "Choisissez un fichier.",
            "empty": "Ce fichier est vide. Choisissez-en un autre.",
        },
    )
    field_order = ["version", "file", "reason"]

    def clean_file(self):
        file = self.cleaned_data["file"]
        try:
            # One byte more than allowed is enough to refuse: the rest is not read.
            return drawings.cleaned(file.read(drawings.MAX_BYTES + 1))
        except drawings.Unusable as error:
            raise forms.ValidationError(str(error)) from None

    def save(self, agent) -> Activation:
        drawing = self.cleaned_data["file"]
        return self.write(
            agent,
            what="artwork",
            artwork=drawing.content,
            artwork_type=drawing.content_type,
            artwork_digest=hashlib.sha256(drawing.content).hexdigest()[:16],
        )


class ArtworkRemovalForm(ChangeForm):
    """The drawing of the environment again, or our own."""

    def save(self, agent) -> Activation:
        none = {"artwork": b"", "artwork_type": "", "artwork_digest": ""}
        return self.write(agent, what="artwork_removed", **none)
