from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from post_office.models import Attachment, Email, EmailTemplate, Log

from espace_citoyens.models import Town

# Lists of every citizen's address, queued mails whose one-time codes would let an agent enter
# somebody's space, keys of sessions and of second factors: not for agents.
admin.site.unregister(
    [EmailAddress, Authenticator, UserSession, Attachment, Email, EmailTemplate, Log, Group]
)


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    """Only somebody with every right changes what a group may do: an agent is in one themselves."""

    def has_add_permission(self, request):
        return request.user.is_superuser

    def has_change_permission(self, request, obj=None):
        return request.user.is_superuser

    def has_delete_permission(self, request, obj=None):
        return request.user.is_superuser


@admin.register(Town)
class TownAdmin(admin.ModelAdmin):
    def has_add_permission(self, request):
        return super().has_add_permission(request) and not Town.objects.exists()

    def has_delete_permission(self, request, obj=None):
        return False
