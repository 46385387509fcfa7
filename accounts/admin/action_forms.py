"""What an agent types to act on the file of a person: a reason, always, and little else."""

from django import forms

from accounts.desk import version_of
from accounts.models import IdentityDocument, JournalEntry, PersonalSpace

REASON_CHARACTERS = JournalEntry._meta.get_field("reason").max_length


class ReasonForm(forms.Form):
    """Why: the citizen reads it."""

    reason = forms.CharField(
        label="Motif",
        max_length=REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
        help_text=(
            f"{REASON_CHARACTERS} caractères au plus. La personne le lira dans « Mon activité » : "
            "écrivez pour elle, et sur elle seule."
        ),
        error_messages={"required": "Donnez un motif : la personne a le droit de le lire."},
    )

    def __init__(self, *args, space: PersonalSpace, **kwargs):
        self.space = space
        super().__init__(*args, **kwargs)

    def clean_reason(self):
        """On one line, as the journal shows it."""
        return " ".join(self.cleaned_data["reason"].split())


class SeenFileForm(ReasonForm):
    """For an act about what the page shows: it carries the version of that."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args, space: PersonalSpace, **kwargs):
        super().__init__(*args, space=space, **kwargs)
        self.initial["seen"] = version_of(space)

    def show_present_version(self) -> None:
        """After a refusal: the next attempt is about what is stored now."""
        self.data = self.data.copy()
        self.data["seen"] = version_of(self.space)


class IdentityCheckForm(SeenFileForm):
    """Which document was seen: never a copy of it, never its number."""

    document = forms.ChoiceField(
        label="Pièce d’identité vue",
        choices=IdentityDocument.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Dites quelle pièce d’identité vous avez vue."},
    )
    field_order = ["document", "reason"]
