"""Codes handed over at the town hall's counter."""

import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.space import PersonalSpace

COUNTER_CODE_LIFETIME = datetime.timedelta(days=7)


def end_of_life() -> datetime.datetime:
    """When a code given now stops opening anything."""
    return timezone.now() + COUNTER_CODE_LIFETIME


class IdentityDocument(models.TextChoices):
    """What an agent was shown by somebody standing at the counter."""

    IDENTITY_CARD = "identity_card", "carte nationale d’identité"
    PASSPORT = "passport", "passeport"
    RESIDENCE_PERMIT = "residence_permit", "titre de séjour"


class CounterCode(models.Model):
    """A code that opens one personal space to whoever FranceConnect identifies, once.

    Only its keyed digest is here. A space has one at most: a newer code takes the place of the
    older, and use deletes the row. Who gave it, and when it was used, is in the journal.
    """

    space = models.OneToOneField(
        PersonalSpace, on_delete=models.CASCADE, related_name="+", verbose_name="espace personnel"
    )
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="remis par",
    )
    document = models.CharField("pièce vue", max_length=20, choices=IdentityDocument.choices)
    code_digest = models.CharField(max_length=64, unique=True)
    given_at = models.DateTimeField("remis le", default=timezone.now)
    expires_at = models.DateTimeField("valable jusqu’au", default=end_of_life)

    class Meta:
        verbose_name = "code d’accès"
        verbose_name_plural = "codes d’accès"
        default_permissions = ()
        permissions = [("give_counter_code", "Peut remettre un code d’accès")]
        constraints = [
            models.CheckConstraint(
                condition=Q(document__in=IdentityDocument.values),
                name="accounts_counter_code_document_is_known",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("given_at")), name="accounts_counter_code_has_an_end"
            ),
        ]

    def __str__(self):
        return f"code d’accès {self.pk}"
