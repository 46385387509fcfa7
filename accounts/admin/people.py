"""People, found by a search and never listed."""

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Q

from accounts.admin import actions
from accounts.admin.base import SearchFirstAdmin
from accounts.admin.person import person_page
from accounts.journal import people_told
from accounts.models import REFERENCE_ALPHABET, PersonalSpace


@admin.register(PersonalSpace)
class PersonalSpaceAdmin(SearchFirstAdmin):
    lists_files = False
    list_display = ["reference", "name", "birthdate", "identity_provenance"]
    search_fields = ["=reference", "=birth_family_name", "=usual_name", "=contact_email"]
    search_help_text = "Référence, nom de naissance ou d’usage, adresse e-mail : en entier."

    def citizen_of(self, row):
        return row.user

    def get_urls(self):
        return [*actions.urls(self), *super().get_urls()]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The page of one person, in the place of Django's form."""
        space = self.get_object(request, unquote(object_id))
        if space is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return person_page(self, request, space)

    @admin.display(description="nom")
    def name(self, space):
        return space.display_name

    def get_search_results(self, request, queryset, search_term):
        """A reference is read aloud: its dash may be missing, or a page of refusal showed it."""
        letters = search_term.strip().replace("-", "").upper()
        if len(letters) == 8 and set(letters) <= set(REFERENCE_ALPHABET):
            is_theirs = Q(reference=f"{letters[:4]}-{letters[4:]}")
            return queryset.filter(is_theirs | Q(user__in=people_told(letters))), False
        return super().get_search_results(request, queryset, search_term)
