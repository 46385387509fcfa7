"""People, found by a search and never listed."""

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.urls import path

from accounts.admin import actions
from accounts.admin.base import CitizenFileMixin, ReadOnlyAdmin
from accounts.admin.exports import ExportPageMixin
from accounts.admin.person import person_page
from accounts.admin.search import SearchPageMixin
from accounts.models import PersonalSpace


@admin.register(PersonalSpace)
class PersonalSpaceAdmin(SearchPageMixin, ExportPageMixin, CitizenFileMixin, ReadOnlyAdmin):
    def citizen_of(self, row):
        return row.user

    def get_urls(self):
        export_list = self.admin_site.admin_view(self.export_list)
        return [
            path("liste/", export_list, name="accounts_personalspace_export"),
            *actions.urls(self),
            *super().get_urls(),
        ]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The page of one person, in the place of Django's form."""
        space = self.get_object(request, unquote(object_id))
        if space is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return person_page(self, request, space)
