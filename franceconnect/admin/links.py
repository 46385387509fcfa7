from django.contrib import admin

from accounts.admin.base import SearchFirstAdmin
from franceconnect.models import Link


@admin.register(Link)
class LinkAdmin(SearchFirstAdmin):
    """Never the `sub`: an agent needs to know that a link exists, not to whom it points."""

    list_select_related = ["citizen"]
    list_display = ["created_at", "level", "last_used_at", "ended_at", "has_strong_mismatch"]
    search_fields = ["=citizen__space__reference"]
    search_help_text = "Référence de l’espace personnel."
    exclude = ["sub", "citizen"]
