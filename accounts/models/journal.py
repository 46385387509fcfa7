"""The security journal of a personal space."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.user import User


class JournalKind(models.TextChoices):
    """What the security journal remembers."""

    SPACE_CREATED = "space_created", "Espace personnel créé"
    SIGNED_IN = "signed_in", "Connexion"
    SIGNED_OUT = "signed_out", "Déconnexion"
    SIGN_IN_REFUSED = "sign_in_refused", "Connexion refusée"
    PROVEN_AGAIN = "proven_again", "Identité confirmée pendant la session"
    SESSIONS_ENDED = "sessions_ended", "Sessions fermées"
    PROFILE_CHANGED = "profile_changed", "Profil modifié"
    CONTACT_VERIFIED = "contact_verified", "Adresse e-mail de contact vérifiée"
    IDENTITY_REFRESHED = "identity_refreshed", "Identité mise à jour par FranceConnect"
    IDENTITY_CHECKED = "identity_checked", "Identité vérifiée en mairie"
    LINKED = "linked", "Espace certifié avec FranceConnect"
    UNLINKED = "unlinked", "Espace dissocié de FranceConnect"
    PASSWORD_CHANGED = "password_changed", "Mot de passe modifié"  # noqa: S105 a label, no password
    EMAIL_CHANGED = "email_changed", "Adresse e-mail de connexion modifiée"
    PASSKEY_ADDED = "passkey_added", "Clé d’accès ajoutée"
    PASSKEY_REMOVED = "passkey_removed", "Clé d’accès retirée"
    SECOND_FACTOR_ON = "second_factor_on", "Double authentification activée"
    SECOND_FACTOR_OFF = "second_factor_off", "Double authentification désactivée"
    RECOVERY_CODES_MADE = "recovery_codes_made", "Codes de secours créés"
    RECOVERY_CODE_USED = "recovery_code_used", "Code de secours utilisé"
    MAIL_SENT = "mail_sent", "Courriel envoyé"
    MAIL_FAILED = "mail_failed", "Courriel non distribué"
    SEARCHED = "searched", "Recherche de personnes en mairie"
    FILE_FOUND = "file_found", "Dossier trouvé par une recherche en mairie"
    FILE_OPENED = "file_opened", "Dossier consulté en mairie"
    FILE_CHANGED = "file_changed", "Dossier modifié en mairie"
    BLOCKED = "blocked", "Accès bloqué en mairie"
    UNBLOCKED = "unblocked", "Accès rétabli en mairie"
    MAIL_RESENT = "mail_resent", "Courriel renvoyé par la mairie"
    COUNTER_CODE_ASKED = "counter_code_asked", "Code d’accès préparé en mairie"
    COUNTER_CODE_GIVEN = "counter_code_given", "Code d’accès remis en mairie"
    COUNTER_CODE_USED = "counter_code_used", "Code remis en mairie utilisé"
    DUPLICATE_DISMISSED = "duplicate_dismissed", "Doublon écarté en mairie"
    SPACES_MERGED = "spaces_merged", "Espaces réunis en mairie"
    MERGE_UNDONE = "merge_undone", "Réunion d’espaces annulée en mairie"
    LIST_EXPORTED = "list_exported", "Liste de personnes exportée"
    DATA_FETCHED = "data_fetched", "Donnée demandée à une administration"
    AGENT_CHANGED = "agent_changed", "Compte d’agent modifié"
    AGENT_RECOVERED = "agent_recovered", "Accès d’un agent rétabli"
    SETTINGS_CHANGED = "settings_changed", "Réglages du portail modifiés"
    DATA_EXPORTED = "data_exported", "Copie des données téléchargée"
    DELETION_ASKED = "deletion_asked", "Suppression de l’espace demandée"
    DELETION_CANCELLED = "deletion_cancelled", "Suppression de l’espace annulée"
    UNUSED_WARNED = "unused_warned", "Avertissement avant effacement d’un espace inutilisé"
    SPACE_DELETED = "space_deleted", "Espace personnel supprimé"


class JournalEntryQuerySet(models.QuerySet):
    def update(self, **kwargs):
        raise TypeError("The journal is append-only.")


class JournalEntry(models.Model):
    """One line of the security journal: append-only, seen by its citizen and by agents.

    Never a token, code, secret, `sub` or claim: `means` says how (password, FranceConnect…),
    `code` says why a refusal, `reference` is what the citizen was shown with it. `actor` is the
    agent who did it, `capacity` in which role; without one, the citizen did it, or the portal.
    `reason` is what the agent typed to justify it: its citizen reads it too. A line with an actor
    and no citizen is about the agent: their own sign-ins, a search, a setting.
    `device` and `network` say from where, as a citizen recognises it (`accounts.devices`).
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
        # The index by citizen and date serves it.
        db_index=False,
    )
    # An agent who leaves is blocked, not erased: the line must go on naming who acted.
    actor = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="agent",
    )
    capacity = models.CharField("qualité de l’agent", max_length=60, blank=True)
    reason = models.CharField("motif", max_length=200, blank=True)
    kind = models.CharField("événement", max_length=30, choices=JournalKind.choices)
    means = models.CharField("moyen", max_length=30, blank=True)
    code = models.CharField("cause", max_length=40, blank=True)
    reference = models.CharField("référence", max_length=12, blank=True)
    device = models.CharField("appareil", max_length=100, blank=True)
    network = models.CharField("réseau", max_length=60, blank=True)

    objects = JournalEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "ligne du journal"
        verbose_name_plural = "journal"
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["citizen", "-at"], name="accounts_journal_by_citizen"),
            # What retention erases.
            models.Index(fields=["at"], name="accounts_journal_by_age"),
            # What somebody reads out at the counter.
            models.Index(
                fields=["reference"],
                condition=~Q(reference=""),
                name="accounts_journal_by_reference",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=JournalKind.values), name="accounts_journal_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(actor__isnull=False) | Q(capacity=""),
                name="accounts_journal_capacity_is_somebodys",
            ),
            models.CheckConstraint(
                condition=Q(actor__isnull=False) | Q(reason=""),
                name="accounts_journal_reason_is_somebodys",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} ({self.pk})"

    def save(self, *args, **kwargs):
        if self.pk:
            raise TypeError("The journal is append-only.")
        super().save(*args, **kwargs)
