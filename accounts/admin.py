"""What agents see of citizens: nothing to browse, search first, certified data read-only."""

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm, UserCreationForm
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path

from accounts import counter, files
from accounts.models import (
    REFERENCE_ALPHABET,
    IdentityDocument,
    JournalEntry,
    PersonalSpace,
    User,
)


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
    # A list of people is how one is found; a list of what one did is their file already.
    lists_files = True

    def changelist_view(self, request, extra_context=None):
        page = super().changelist_view(request, extra_context)
        found = getattr(page, "context_data", None) if self.lists_files else None
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


class AgentCreationForm(UserCreationForm):
    class Meta:
        model = User
        fields = ["email"]

    def clean_email(self):
        return self.cleaned_data["email"].lower()


class AgentChangeForm(UserChangeForm):
    def clean_email(self):
        return (self.cleaned_data["email"] or "").lower() or None


class CounterCodeGiveForm(forms.Form):
    """What the agent was shown; without it, no code."""

    document = forms.ChoiceField(
        label="Pièce d’identité vue",
        choices=IdentityDocument.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Dites quelle pièce d’identité vous avez vue."},
    )

    def give(self, space, *, agent) -> str | None:
        """The code; None, with an error on the form, for a space that no code may open."""
        try:
            return counter.give_code(space, agent=agent, document=self.cleaned_data["document"])
        except counter.SpaceCannotBeOpened:
            self.add_error(
                None,
                "L’accès à cet espace est bloqué, ou la personne est devenue agent : aucun code ne "
                "l’ouvrirait. Rien n’a été créé.",
            )
            return None


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

    def has_change_permission(self, request, obj=None):
        """Whoever sets a password enters by it: that of a colleague without more rights, then."""
        may_change = super().has_change_permission(request, obj)
        return may_change and (obj is None or self._has_no_more_rights(obj, than=request.user))

    def has_delete_permission(self, request, obj=None):
        may_delete = super().has_delete_permission(request, obj)
        return may_delete and (obj is None or self._has_no_more_rights(obj, than=request.user))

    @staticmethod
    def _has_no_more_rights(agent, *, than) -> bool:
        """Also those that an agent who is blocked would have again."""
        if than.is_superuser or agent.is_superuser:
            return than.is_superuser
        given = Permission.objects.filter(Q(user=agent) | Q(group__user=agent)).order_by()
        names = given.values_list("content_type__app_label", "codename")
        return than.has_perms([f"{app}.{name}" for app, name in names])

    def save_model(self, request, obj, form, change):
        obj.is_staff = True
        super().save_model(request, obj, form, change)


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

    def get_urls(self):
        give_code = self.admin_site.admin_view(self.give_code)
        return [
            path("<int:pk>/code-acces/", give_code, name="accounts_personalspace_give_code"),
            *super().get_urls(),
        ]

    def give_code(self, request, pk):
        """Asks which document was seen, then shows the new code, once, on a page to print."""
        may_give = request.user.has_perm("accounts.give_counter_code")
        if not (may_give and self.has_view_permission(request)):
            raise PermissionDenied
        space = get_object_or_404(self.get_queryset(request), pk=pk)
        files.record_opening(request.user, space.user)
        form = CounterCodeGiveForm(request.POST if request.method == "POST" else None)
        context = self.admin_site.each_context(request) | {
            "title": "Remettre un code d’accès",
            "opts": self.opts,
            "space": space,
            "form": form,
        }
        if request.method == "POST" and form.is_valid():
            context["code"] = form.give(space, agent=request.user)
        return TemplateResponse(request, "admin/accounts/personalspace/give_code.html", context)

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
    list_select_related = ["citizen"]
    list_display = ["at", "kind", "means", "code", "reference"]
    search_fields = ["=reference", "=citizen__space__reference"]
    search_help_text = (
        "Référence de l’espace, ou référence lue par la personne sur une page d’erreur."
    )
    exclude = ["citizen"]
