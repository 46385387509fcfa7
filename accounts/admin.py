"""What agents see of citizens: nothing to browse, search first, certified data read-only."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm, UserCreationForm

from accounts import files
from accounts.models import REFERENCE_ALPHABET, JournalEntry, PersonalSpace, User


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
    """The list is empty until something is searched for: people are not there to be browsed."""

    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False

    def get_search_results(self, request, queryset, search_term):
        # Quotes would make an empty term that equals every empty field.
        search_term = search_term.replace('"', " ").replace("'", " ").strip()
        if len(search_term) < 3:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)


class AgentCreationForm(UserCreationForm):
    class Meta:
        model = User
        fields = ["email"]

    def clean_email(self):
        return self.cleaned_data["email"].lower()


class AgentChangeForm(UserChangeForm):
    def clean_email(self):
        return (self.cleaned_data["email"] or "").lower() or None


@admin.register(User)
class AgentAdmin(DjangoUserAdmin):
    """Agents only: a citizen is found by their space, never turned into an agent here."""

    add_form = AgentCreationForm
    form = AgentChangeForm
    ordering = ["email"]
    list_display = ["email", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active"]
    search_fields = ["email"]
    readonly_fields = ["reference", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "password", "reference"]}),
        ("Droits", {"fields": ["is_active", "is_superuser", "groups", "user_permissions"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "password1", "password2"]})]

    @admin.display(description="référence donnée aux habitants")
    def reference(self, agent):
        return agent.agent_reference

    def get_queryset(self, request):
        return super().get_queryset(request).filter(is_staff=True)

    def get_readonly_fields(self, request, obj=None):
        """Only somebody with every right gives rights."""
        rights = [] if request.user.is_superuser else ["is_superuser", "groups", "user_permissions"]
        return [*super().get_readonly_fields(request, obj), *rights]

    def save_model(self, request, obj, form, change):
        obj.is_staff = True
        super().save_model(request, obj, form, change)


@admin.register(PersonalSpace)
class PersonalSpaceAdmin(SearchFirstAdmin):
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


@admin.register(JournalEntry)
class JournalEntryAdmin(SearchFirstAdmin):
    list_display = ["at", "kind", "means", "code", "reference"]
    search_fields = ["=reference", "=citizen__space__reference"]
    search_help_text = (
        "Référence de l’espace, ou référence lue par la personne sur une page d’erreur."
    )
    exclude = ["citizen"]
