"""Sign-ins that a password did not open, until their owner has been told."""

from django.db import models
from django.utils import timezone


class FailedSignIn(models.Model):
    """One refused password, whoever the address is: the page must not take longer for somebody's.

    The worker reads it within seconds, tells whom it concerns, and erases it. `mailed_at` keeps
    one for a day, so that no address is written to more often (`accounts.failed_sign_ins`).
    """

    email = models.EmailField("adresse e-mail saisie")
    device = models.CharField("appareil", max_length=100, blank=True)
    network = models.CharField("réseau", max_length=60, blank=True)
    at = models.DateTimeField("date", default=timezone.now)
    mailed_at = models.DateTimeField("courriel envoyé le", null=True)

    class Meta:
        verbose_name = "connexion échouée"
        verbose_name_plural = "connexions échouées"
        indexes = [models.Index(fields=["mailed_at", "email"], name="accounts_failed_by_mail")]

    def __str__(self):
        return f"connexion échouée {self.pk}"
