"""What every page about citizens shares: nothing to browse, search first, each look journalled."""

from django.contrib import admin

from accounts import files
from accounts.models import User


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that nobody adds, changes or deletes by hand."""

    actions = None

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class CitizenFileMixin:
    """For rows that belong to a citizen: who sees one, or changes it, is journalled for them.

    The line is written before the page is given: what cannot be journalled is not shown.
    """

    def citizen_of(self, row) -> User | None:
        """Whose file this row is part of; nobody's for a line of the journal without a name."""
        return row.citizen

    def render_change_form(self, request, context, obj=None, **kwargs):
        self._journal(files.record_opening, request, obj)
        return super().render_change_form(request, context, obj=obj, **kwargs)

    def history_view(self, request, object_id, extra_context=None):
        page = super().history_view(request, object_id, extra_context)
        if page.status_code == 200:
            self._journal(files.record_opening, request, self.get_object(request, object_id))
        return page

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        self._journal(files.record_change, request, obj)

    def _journal(self, record, request, row) -> None:
        if row is not None and (citizen := self.citizen_of(row)) is not None:
            record(request.user, citizen)


class SearchFirstAdmin(CitizenFileMixin, ReadOnlyAdmin):
    """The list is empty until something is searched for: people are not there to be browsed.

    What is searched for stands in the address: a reference, and nothing personal. People are
    searched for by `accounts.admin.search`.
    """

    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False

    def changelist_view(self, request, extra_context=None):
        page = super().changelist_view(request, extra_context)
        found = getattr(page, "context_data", None)
        # What one did is a part of their file.
        for citizen in {self.citizen_of(row) for row in found["cl"].result_list} if found else ():
            if citizen is not None:
                files.record_opening(request.user, citizen)
        return page

    def get_search_results(self, request, queryset, search_term):
        # Quotes would make an empty term that equals every empty field.
        search_term = search_term.replace('"', " ").replace("'", " ").strip()
        if len(search_term) < 3:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)
