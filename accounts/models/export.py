"""Copies of their data that citizens asked for, when too long to be made at once."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.user import User


class DataExport(models.Model):
    """An archive asked for, then made by the worker and kept a few days for its owner alone.

    In the database, not in a folder: every web process reads it, and its erasure is part of the
    transaction that erases its owner.
    """

    citizen = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="data_exports", verbose_name="citoyen"
    )
    asked_at = models.DateTimeField("demandé le", default=timezone.now, editable=False)
    made_at = models.DateTimeField("fait le", null=True, blank=True, editable=False)
    archive = models.BinaryField(null=True, editable=False)

    class Meta:
        verbose_name = "copie des données"
        verbose_name_plural = "copies des données"
        constraints = [
            models.UniqueConstraint(fields=["citizen"], name="accounts_export_one_per_citizen"),
            models.CheckConstraint(
                condition=Q(made_at__isnull=True, archive__isnull=True)
                | Q(made_at__isnull=False, archive__isnull=False),
                name="accounts_export_is_waiting_or_made",
            ),
        ]

    def __str__(self):
        return f"copie {self.pk}"
