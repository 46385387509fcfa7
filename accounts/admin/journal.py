"""The security journal, read by agents: nobody writes in it by hand."""

from django.contrib import admin

from accounts.admin.base import SearchFirstAdmin
from accounts.models import JournalEntry


@admin.register(JournalEntry)
class JournalEntryAdmin(SearchFirstAdmin):
    list_select_related = ["citizen"]
    list_display = ["at", "kind", "means", "code", "reference"]
    search_fields = ["=reference", "=citizen__space__reference"]
    search_help_text = (
        "Référence de l’espace, ou référence lue par la personne sur une page d’erreur."
    )
    exclude = ["citizen"]
