from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth import admin as auth_admin  # noqa: F401 registers its own first
from django.contrib.auth.models import Group
from django.db.models import Count, Q
from django.template.response import TemplateResponse
from post_office.models import Attachment, Email, EmailTemplate, Log

from accounts.files import capacity_of
from accounts.journal import record
from accounts.models import JournalKind
from espace_citoyens import (
    roles,
    town_admin,  # noqa: F401 registers its page
)

# Lists of every citizen's address, queued mails whose one-time codes would let an agent enter
# somebody's space, keys of sessions and of second factors: not for agents.
admin.site.unregister(
    [EmailAddress, Authenticator, UserSession, Attachment, Email, EmailTemplate, Log, Group]
)


class RoleForm(forms.ModelForm):
    """A role's name and its rights: those that open something, and no other of Django's."""

    rights = forms.MultipleChoiceField(
        label="Ce que cette qualité permet",
        choices=[(family, list(rights.items())) for family, rights in roles.RIGHTS.items()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    class Meta:
        model = Group
        fields = ["name"]
        labels = {"name": "Qualité"}
        help_texts = {
            "name": "Les habitants lisent ce nom dans leur journal, à côté de ce qui a été fait."
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["rights"] = roles.names_of(self.instance)

    def _save_m2m(self):
        super()._save_m2m()
        self.instance.permissions.set(roles.permissions_named(self.cleaned_data["rights"]))


@admin.register(Group)
class RoleAdmin(admin.ModelAdmin):
    """What each role may do, for every agent to read; only somebody with every right changes it."""

    form = RoleForm
    change_list_template = "admin/auth/group/roles.html"
    actions = None

    def has_module_permission(self, request):
        return request.user.is_staff

    def has_view_permission(self, request, obj=None):
        """The list explains; what is behind a line is for whoever may change it."""
        return request.user.is_superuser or obj is None

    def has_add_permission(self, request):
        return request.user.is_superuser

    def has_change_permission(self, request, obj=None):
        return request.user.is_superuser

    def has_delete_permission(self, request, obj=None):
        return request.user.is_superuser

    def changelist_view(self, request, extra_context=None):
        groups = Group.objects.annotate(
            agents=Count("user", filter=Q(user__is_active=True), distinct=True)
        ).prefetch_related("permissions__content_type")
        context = self.admin_site.each_context(request) | {
            "title": "Qualités des agents",
            "can_change": request.user.is_superuser,
            "roles": [
                (group, roles.PURPOSES.get(group.name, ""), roles.rights_of(group))
                for group in groups.order_by("name")
            ],
        }
        return TemplateResponse(request, self.change_list_template, context)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        self._journal(request)

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        self._journal(request)

    def _journal(self, request):
        record(
            JournalKind.SETTINGS_CHANGED,
            citizen=None,
            actor=request.user,
            capacity=capacity_of(request.user),
            code="roles",
        )
