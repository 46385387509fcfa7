"""One-time codes that somebody has been sent and has yet to type."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.user import User


class CodePurpose(models.TextChoices):
    """What a code proves; one made for a purpose serves no other."""

    EXISTING_SPACE = "existing_space", "espace existant"
    PREPARED_SPACE = "prepared_space", "espace préparé en mairie"
    CONTACT_EMAIL = "contact_email", "adresse e-mail de contact"
    COUNTER_EMAIL = "counter_email", "adresse e-mail d’un espace rouvert en mairie"


class OneTimeCode(models.Model):
    """A code mailed to somebody, typed in the browser that asked for it.

    Neither the code nor the key that the browser's session holds is here, only their digests.
    Without a citizen, the address that was typed opens no space: the page must not tell.
    """

    purpose = models.CharField("objet", max_length=20, choices=CodePurpose.choices)
    citizen = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, related_name="+", verbose_name="citoyen"
    )
    key_digest = models.CharField(max_length=64, unique=True)
    code_digest = models.CharField(max_length=64)
    # An unlink, or any other end of the citizen's sessions, kills the code too.
    session_epoch = models.PositiveIntegerField()
    tries = models.PositiveSmallIntegerField("essais", default=0)
    created_at = models.DateTimeField("créé le", default=timezone.now)

    class Meta:
        verbose_name = "code à usage unique"
        verbose_name_plural = "codes à usage unique"
        indexes = [models.Index(fields=["created_at"], name="accounts_code_by_age")]
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose__in=CodePurpose.values), name="accounts_code_purpose_is_known"
            )
        ]

    def __str__(self):
        return f"code {self.pk}"
