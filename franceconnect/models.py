"""The tie between a `sub` of FranceConnect and a citizen."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class EndCause(models.TextChoices):
    """Why a link ended."""

    CITIZEN = "citizen", "dissocié par le citoyen"
    AGENT = "agent", "la personne est devenue agent"
    COUNTER = "counter", "dissocié en mairie"


class LinkQuerySet(models.QuerySet):
    def active(self):
        return self.filter(ended_at__isnull=True)

    def ended(self):
        return self.filter(ended_at__isnull=False)

    def of_sub(self, issuer: str, sub: str):
        """Links, active or ended, of this person at FranceConnect: (issuer, sub) is the key.

        OpenID Connect Core §2: a `sub` is unique within its issuer only.
        """
        return self.filter(issuer=issuer, sub=sub)


class Link(models.Model):
    """Active until `ended_at`; kept twelve months after, with its cause."""

    issuer = models.CharField("fournisseur", max_length=255)
    sub = models.CharField(max_length=255)
    citizen = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="franceconnect_links",
        verbose_name="citoyen",
    )
    level = models.CharField("niveau de garantie", max_length=6)
    has_strong_mismatch = models.BooleanField(
        "identités très différentes",
        default=False,
        help_text="La personne a confirmé le lien malgré un nom ou une naissance différents.",
    )
    created_at = models.DateTimeField("créé le", default=timezone.now)
    last_used_at = models.DateTimeField("dernière connexion", default=timezone.now)
    ended_at = models.DateTimeField("terminé le", null=True, blank=True)
    end_cause = models.CharField("cause", max_length=10, blank=True, choices=EndCause.choices)

    objects = LinkQuerySet.as_manager()

    class Meta:
        verbose_name = "lien FranceConnect"
        verbose_name_plural = "liens FranceConnect"
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "sub"],
                condition=Q(ended_at__isnull=True),
                name="franceconnect_link_one_space_per_sub",
            ),
            models.UniqueConstraint(
                fields=["citizen", "issuer"],
                condition=Q(ended_at__isnull=True),
                name="franceconnect_link_one_sub_per_space",
            ),
            models.CheckConstraint(
                condition=(Q(ended_at__isnull=True) & Q(end_cause=""))
                | (Q(ended_at__isnull=False) & Q(end_cause__in=EndCause.values)),
                name="franceconnect_link_end_has_a_cause",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("created_at")),
                name="franceconnect_link_ends_after_start",
            ),
            models.CheckConstraint(
                condition=~Q(sub="") & ~Q(issuer=""), name="franceconnect_link_names_a_person"
            ),
        ]
        indexes = [
            models.Index(fields=["issuer", "sub", "-ended_at"], name="franceconnect_link_history"),
            # What retention erases.
            models.Index(
                fields=["ended_at"],
                condition=Q(ended_at__isnull=False),
                name="franceconnect_link_by_end",
            ),
        ]

    def __str__(self):
        return f"lien {self.pk}"
