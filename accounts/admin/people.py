"""People, found by a search and never listed."""

from django.contrib import admin

from accounts.admin.base import SearchFirstAdmin
from accounts.models import REFERENCE_ALPHABET, PersonalSpace


@admin.register(PersonalSpace)
class PersonalSpaceAdmin(SearchFirstAdmin):
    lists_files = False
    list_display = ["reference", "name", "birthdate", "identity_provenance"]
    search_fields = ["=reference", "=birth_family_name", "=usual_name", "=contact_email"]
    search_help_text = "Référence, nom de naissance ou d’usage, adresse e-mail : en entier."
    exclude = ["user", "given_names", "usual_name_is_certified"]
    readonly_fields = ["given_names_display"]

    def citizen_of(self, row):
        return row.user

    @admin.display(description="prénoms")
    def given_names_display(self, space):
        return space.given_names_display

    @admin.display(description="nom")
    def name(self, space):
        return space.display_name

    def get_search_results(self, request, queryset, search_term):
        """A reference is read aloud: its dash may be missing."""
        letters = search_term.strip().replace("-", "").upper()
        if len(letters) == 8 and set(letters) <= set(REFERENCE_ALPHABET):
            search_term = f"{letters[:4]}-{letters[4:]}"
        return super().get_search_results(request, queryset, search_term)
