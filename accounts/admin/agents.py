"""The accounts of agents, and the rights that nobody gives themselves."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm, UserCreationForm
from django.contrib.auth.models import Permission
from django.db.models import Q

from accounts.models import User


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
