"""The accounts of agents: who has one, what they may do, and how they come in."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse

from accounts import agent_accounts
from accounts.agent_accounts import has_no_more_rights
from accounts.agent_forms import ReasonForm
from accounts.models import AgentInvitation, User

# By their roles, and by nothing else that a page of roles would not show.
RIGHTS = ["is_superuser", "groups"]


class AgentForm(forms.ModelForm):
    """Nobody has an account without an address: that is where their invitation goes."""

    class Meta:
        model = User
        fields = ["email", "groups"]
        labels = {"groups": "Qualités", "is_superuser": "Tous les droits"}
        help_texts = {
            "groups": "Ce que chacune permet est expliqué à la page « Qualités des agents ».",
            "is_superuser": "Peut tout, et choisit les qualités des autres.",
        }
        widgets = {"groups": forms.CheckboxSelectMultiple}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "email" in self.fields:
            self.fields["email"].required = True

    def clean_email(self):
        return self.cleaned_data["email"].lower()


@admin.register(User)
class AgentAdmin(admin.ModelAdmin):
    """Agents only: a citizen is found by their space, never turned into an agent here.

    There is no password in it: each agent chooses their own (`accounts.agent_accounts`).
    """

    form = AgentForm
    ordering = ["email"]
    list_display = ["email", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active"]
    search_fields = ["email"]
    readonly_fields = ["reference", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "reference"]}),
        ("Droits", {"fields": ["is_active", *RIGHTS]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]

    @admin.display(description="référence donnée aux habitants")
    def reference(self, agent):
        return agent.agent_reference

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/retablir/", view(self.recover), name="accounts_user_recover"),
            path("<int:pk>/inviter/", view(self.invite), name="accounts_user_invite"),
            *super().get_urls(),
        ]

    def get_queryset(self, request):
        return super().get_queryset(request).filter(is_staff=True)

    def get_fieldsets(self, request, obj=None):
        if obj is not None:
            return super().get_fieldsets(request, obj)
        groups = ["groups"] if request.user.is_superuser else []
        return [(None, {"fields": ["email", *groups]})]

    def get_readonly_fields(self, request, obj=None):
        """Only somebody with every right gives rights, or moves where invitations go."""
        is_new = obj is None
        kept = [] if request.user.is_superuser else [*RIGHTS, *([] if is_new else ["email"])]
        return [*super().get_readonly_fields(request, obj), *kept]

    def has_change_permission(self, request, obj=None):
        """Who may change an account could let themselves in by it: never one with more rights."""
        may_change = super().has_change_permission(request, obj)
        return may_change and (obj is None or has_no_more_rights(obj, than=request.user))

    def has_delete_permission(self, request, obj=None):
        may_delete = super().has_delete_permission(request, obj)
        return may_delete and (obj is None or has_no_more_rights(obj, than=request.user))

    def render_change_form(self, request, context, obj=None, **kwargs):
        if obj is not None:
            context["may_recover"] = agent_accounts.may_recover(request.user, obj)
            context["may_invite"] = self._may_invite(request, obj)
        return super().render_change_form(request, context, obj=obj, **kwargs)

    def save_model(self, request, obj, form, change):
        with transaction.atomic():
            if change:
                self._save_changes(request, obj, form)
                return
            obj.is_staff = True
            obj.set_unusable_password()
            super().save_model(request, obj, form, change)
            agent_accounts.invite(obj, by=request.user)
        text = "Une invitation part à l’adresse de cet agent : elle vaut trois jours."
        messages.info(request, text)

    def _save_changes(self, request, obj, form):
        old = User.objects.get(pk=obj.pk)
        super().save_model(request, obj, form, change=True)
        if "email" in form.changed_data:
            agent_accounts.email_was_changed(obj, old=old.email, by=request.user)
        if "is_active" in form.changed_data:
            obj.end_sessions()
            AgentInvitation.objects.filter(agent=obj).delete()
            what = agent_accounts.UNBLOCKED if obj.is_active else agent_accounts.BLOCKED
            agent_accounts.record_change(obj, by=request.user, what=what)
        if {*RIGHTS} & {*form.changed_data}:
            what = agent_accounts.RIGHTS_CHANGED
            agent_accounts.record_change(obj, by=request.user, what=what)

    def invite(self, request, pk):
        """Sends another invitation to an agent who has not chosen a password yet."""
        agent = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self._may_invite(request, agent):
            raise PermissionDenied
        if request.method == "POST":
            agent_accounts.invite(agent, by=request.user)
            messages.success(request, "Une nouvelle invitation part. L’ancien code ne vaut plus.")
        return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[pk]))

    def _may_invite(self, request, agent) -> bool:
        is_waiting = agent.is_active and not agent.has_usable_password()
        return is_waiting and self.has_change_permission(request, agent)

    def recover(self, request, pk):
        """Asks why, then lets in again an agent who lost what opens their access."""
        agent = get_object_or_404(self.get_queryset(request), pk=pk)
        if not agent_accounts.may_recover(request.user, agent):
            raise PermissionDenied
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            agent_accounts.recover(agent, by=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, "L’accès est rétabli. Une invitation part à cet agent.")
            return HttpResponseRedirect(reverse("admin:accounts_user_changelist"))
        context = self.admin_site.each_context(request) | {
            "title": "Rétablir l’accès d’un agent",
            "trail": [(reverse("admin:accounts_user_changelist"), "Agents")],
            "agent": agent,
            "form": form,
        }
        return TemplateResponse(request, "admin/accounts/user/recover.html", context)
