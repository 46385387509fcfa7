"""How an agent gets a password: they choose it themselves, with a code that was mailed to them."""

import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

INVITATION_LIFETIME = datetime.timedelta(days=3)


def end_of_invitation() -> datetime.datetime:
    """When a code mailed now stops being good."""
    return timezone.now() + INVITATION_LIFETIME


class AgentInvitation(models.Model):
    """A code that lets one agent choose their password, once.

    Only its keyed digest is here. An agent has one at most: a newer one takes its place, and use
    deletes the row.
    """

    agent = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name="agent invité",
    )
    code_digest = models.CharField(max_length=64, unique=True)
    sent_at = models.DateTimeField("envoyée le", default=timezone.now)
    expires_at = models.DateTimeField("valable jusqu’au", default=end_of_invitation)

    class Meta:
        verbose_name = "invitation d’agent"
        verbose_name_plural = "invitations d’agents"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("sent_at")), name="accounts_invitation_has_an_end"
            ),
        ]

    def __str__(self):
        return f"invitation {self.pk}"
