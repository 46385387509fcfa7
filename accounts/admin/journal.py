"""The security journal, read by agents: nobody writes in it by hand."""

from django.contrib import admin
from django.utils.html import format_html

from accounts.admin.actions import person_url
from accounts.admin.base import SearchFirstAdmin
from accounts.models import JournalEntry


@admin.register(JournalEntry)
class JournalEntryAdmin(SearchFirstAdmin):
    list_select_related = ["citizen__space"]
    list_display = ["at", "kind", "means", "code", "reference", "file"]
    search_fields = ["=reference", "=citizen__space__reference"]
    search_help_text = (
        "Référence de l’espace, ou référence lue par la personne sur une page d’erreur."
    )
    exclude = ["citizen"]

    @admin.display(description="dossier", empty_value="aucun")
    def file(self, entry):
        """Where the line leads: to the page of its citizen, who is not named here."""
        space = getattr(entry.citizen, "space", None)
        return space and format_html('<a href="{}">{}</a>', person_url(space), space.reference)
