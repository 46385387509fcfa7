"""What an agent types about two spaces: a reason, a choice for each group, a confirmation."""

from django import forms

from accounts.comparison import words_of
from accounts.merge_plan import FIRST, LABELS, SECOND, Wish, differs, forced_source
from accounts.models import Duplicate, IdentityDocument, JournalEntry

REASON_CHARACTERS = JournalEntry._meta.get_field("reason").max_length


class ReasonForm(forms.Form):
    """Why: both citizens read it."""

    reason = forms.CharField(
        label="Motif",
        min_length=5,
        max_length=REASON_CHARACTERS,
        help_text="Les personnes concernées le lisent dans leur activité : ni nom, ni jugement.",
        error_messages={
            "required": "Dites pourquoi, en quelques mots.",
            "min_length": "Dites pourquoi, en quelques mots.",
        },
    )


class WishForm(forms.Form):
    """Which space stays, and where each group that differs comes from."""

    def __init__(self, *args, duplicate: Duplicate, **kwargs):
        super().__init__(*args, **kwargs)
        self.spaces = duplicate.spaces
        self.fields["survivor"] = self._field(
            "Espace à garder", [f"l’espace {space.reference}" for space in self.spaces]
        )
        for group, label in LABELS.items():
            if differs(*self.spaces, group) and forced_source(*self.spaces, group) is None:
                words = [
                    f"{words_of(space, group)} (espace {space.reference})" for space in self.spaces
                ]
                self.fields[group] = self._field(label, words)

    @staticmethod
    def _field(label: str, words: list[str]) -> forms.ChoiceField:
        return forms.ChoiceField(
            label=label,
            choices=list(zip((FIRST, SECOND), words, strict=True)),
            widget=forms.RadioSelect,
            error_messages={"required": "Choisissez l’un des deux."},
        )

    def wish(self) -> Wish:
        choices = dict(self.cleaned_data)
        return Wish(survivor=choices.pop("survivor"), choices=choices)


class ConfirmForm(ReasonForm):
    """What the agent has seen with their own eyes, and of which preview they speak."""

    shown = forms.CharField(required=False)
    document = forms.ChoiceField(
        label="Pièce d’identité vue",
        choices=IdentityDocument.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Dites quelle pièce d’identité vous avez vue."},
    )
    recognised = forms.BooleanField(
        label="La personne présente a reconnu ces deux espaces comme les siens",
        error_messages={
            "required": (
                "Sans cela, ne réunissez rien : l’un des deux peut être à quelqu’un d’autre."
            )
        },
    )
    field_order = ["document", "recognised", "reason"]
