"""The security journal of a personal space."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.user import User


class JournalKind(models.TextChoices):
    """What the security journal remembers."""

    SPACE_CREATED = "space_created", "Espace personnel créé"
    SIGNED_IN = "signed_in", "Connexion"
    SIGN_IN_REFUSED = "sign_in_refused", "Connexion refusée"
    PROFILE_CHANGED = "profile_changed", "Profil modifié"
    IDENTITY_REFRESHED = "identity_refreshed", "Identité mise à jour par FranceConnect"
    LINKED = "linked", "Espace certifié avec FranceConnect"
    UNLINKED = "unlinked", "Espace dissocié de FranceConnect"
    PASSWORD_CHANGED = "password_changed", "Mot de passe modifié"  # noqa: S105 a label, no password
    EMAIL_CHANGED = "email_changed", "Adresse e-mail de connexion modifiée"
    SPACE_DELETED = "space_deleted", "Espace personnel supprimé"


class JournalEntryQuerySet(models.QuerySet):
    def update(self, **kwargs):
        raise TypeError("The journal is append-only.")


class JournalEntry(models.Model):
    """One line of the security journal: append-only, seen by its citizen and by agents.

    Never a token, code, secret, `sub` or claim: `means` says how (password, FranceConnect…),
    `code` says why a refusal, `reference` is what the citizen was shown with it.
    A database trigger refuses updates.
    """

    at = models.DateTimeField("date", default=timezone.now, editable=False)
    citizen = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="journal",
        verbose_name="citoyen",
    )
    kind = models.CharField("événement", max_length=20, choices=JournalKind.choices)
    means = models.CharField("moyen", max_length=30, blank=True)
    code = models.CharField("cause", max_length=40, blank=True)
    reference = models.CharField("référence", max_length=12, blank=True)

    objects = JournalEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "ligne du journal"
        verbose_name_plural = "journal"
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["citizen", "-at"], name="accounts_journal_by_citizen")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=JournalKind.values), name="accounts_journal_kind_is_known"
            )
        ]

    def __str__(self):
        return f"{self.get_kind_display()} ({self.pk})"

    def save(self, *args, **kwargs):
        if self.pk:
            raise TypeError("The journal is append-only.")
        super().save(*args, **kwargs)
