from allauth.account.models import EmailAddress
from django.contrib import admin
from post_office.models import Attachment, Email, EmailTemplate, Log

from espace_citoyens.models import Town

# Lists of every citizen's address, and queued mails whose one-time codes would let an agent enter
# somebody's space: not for agents.
admin.site.unregister([EmailAddress, Attachment, Email, EmailTemplate, Log])


@admin.register(Town)
class TownAdmin(admin.ModelAdmin):
    def has_add_permission(self, request):
        return super().has_add_permission(request) and not Town.objects.exists()

    def has_delete_permission(self, request, obj=None):
        return False
