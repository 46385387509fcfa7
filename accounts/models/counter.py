"""Codes handed over at the town hall's counter."""

import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.space import PersonalSpace

COUNTER_CODE_LIFETIME = datetime.timedelta(days=7)
# Until the next day: a small town hall may have one agent at its counter today. Whoever asked is
# seen again then, and the owner of the space has had time to read that somebody asked.
COUNTER_REQUEST_LIFETIME = datetime.timedelta(hours=24)


def end_of_life() -> datetime.datetime:
    """When a code given now stops opening anything."""
    return timezone.now() + COUNTER_CODE_LIFETIME


def end_of_wait() -> datetime.datetime:
    """When a request made now no longer waits for a second agent."""
    return timezone.now() + COUNTER_REQUEST_LIFETIME


class IdentityDocument(models.TextChoices):
    """What an agent was shown by somebody standing at the counter."""

    IDENTITY_CARD = "identity_card", "carte nationale d’identité"
    PASSPORT = "passport", "passeport"
    RESIDENCE_PERMIT = "residence_permit", "titre de séjour"


class CounterCodeRequest(models.Model):
    """A first agent has seen the owner of a strongly protected space; a second one has yet to.

    A space has one at most. The code that it becomes is made for the second agent alone.
    """

    space = models.OneToOneField(
        PersonalSpace, on_delete=models.CASCADE, related_name="+", verbose_name="espace personnel"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="demandé par",
    )
    document = models.CharField("pièce vue", max_length=20, choices=IdentityDocument.choices)
    asked_at = models.DateTimeField("demandé le", default=timezone.now)
    expires_at = models.DateTimeField("valable jusqu’au", default=end_of_wait)

    class Meta:
        verbose_name = "demande de code d’accès"
        verbose_name_plural = "codes d’accès à confirmer"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(document__in=IdentityDocument.values),
                name="accounts_counter_request_document_is_known",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("asked_at")),
                name="accounts_counter_request_has_an_end",
            ),
        ]

    def __str__(self):
        return f"demande de code d’accès {self.pk}"


class CounterCode(models.Model):
    """A code that opens one personal space, once, to whoever an agent has seen.

    Only its keyed digest is here. A space has one at most: a newer code takes the place of the
    older, and use deletes the row. Who gave it, and when it was used, is in the journal.
    `asked_by` is the first of two agents; without one, it opens no strongly protected space.
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
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="demandé par",
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
            models.CheckConstraint(
                condition=~Q(asked_by=F("given_by")), name="accounts_counter_code_takes_two_agents"
            ),
        ]

    def __str__(self):
        return f"code d’accès {self.pk}"
