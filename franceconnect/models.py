"""The tie between a `sub` of FranceConnect and a citizen; what agents decide of each platform."""

from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from franceconnect import conf

ACTIVATION_CACHE_KEY = "franceconnect.activation"
# Also without a cache shared by every process, a change is followed everywhere within this time.
ACTIVATION_CACHE_SECONDS = 5
# How long before a maintenance the citizens are told.
ANNOUNCED_BEFORE = timedelta(hours=24)


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


class ActivationManager(models.Manager):
    def current(self, platform_name: str) -> "Activation":
        """What is decided of this platform; as it was born (on) until an agent decides.

        At most a few seconds old, and without its artwork: every page asks.
        """
        rows = cache.get(ACTIVATION_CACHE_KEY)
        if rows is None:
            rows = {row.platform: row for row in self.defer("artwork")}
            cache.set(ACTIVATION_CACHE_KEY, rows, ACTIVATION_CACHE_SECONDS)
        return rows.get(platform_name) or Activation(platform=platform_name)


class Activation(models.Model):
    """One platform as the agents offer it to citizens: on or off, maintenance, drawing.

    Whether it is *possible* is the environment's to say (`franceconnect.conf`). `version` grows
    with each change: whoever decides on an older page is told.
    """

    platform = models.CharField("plateforme", max_length=20, choices=conf.LABELS.items())
    is_on = models.BooleanField("proposé aux habitants", default=True)
    maintenance_from = models.DateTimeField("début de la maintenance", null=True, blank=True)
    maintenance_until = models.DateTimeField("fin de la maintenance", null=True, blank=True)
    maintenance_words = models.CharField("message aux habitants", max_length=300, blank=True)
    artwork = models.BinaryField("dessin officiel", blank=True, default=b"")
    artwork_type = models.CharField("format du dessin", max_length=20, blank=True)
    artwork_digest = models.CharField("empreinte du dessin", max_length=16, blank=True)
    version = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField("modifié le", null=True, blank=True)
    # The journal goes on naming who acted.
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="modifié par",
    )

    objects = ActivationManager()

    class Meta:
        verbose_name = "activation de FranceConnect"
        verbose_name_plural = "FranceConnect : paramétrage et activation"
        default_permissions = ["view", "change"]
        constraints = [
            models.UniqueConstraint(
                fields=["platform"], name="franceconnect_activation_one_per_platform"
            ),
            models.CheckConstraint(
                condition=Q(platform__in=list(conf.LABELS)),
                name="franceconnect_activation_platform_is_known",
            ),
            models.CheckConstraint(
                condition=Q(maintenance_from__isnull=True, maintenance_until__isnull=True)
                | Q(
                    maintenance_from__isnull=False,
                    maintenance_until__isnull=False,
                    maintenance_until__gt=F("maintenance_from"),
                ),
                name="franceconnect_activation_maintenance_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(artwork_type="", artwork_digest="")
                | (~Q(artwork_type="") & ~Q(artwork_digest="")),
                name="franceconnect_activation_artwork_has_a_type",
            ),
        ]

    def __str__(self):
        return self.get_platform_display()

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        transaction.on_commit(lambda: cache.delete(ACTIVATION_CACHE_KEY))

    @property
    def is_in_maintenance(self) -> bool:
        """Whether a planned maintenance is under way."""
        return self._has_maintenance and (
            self.maintenance_from <= timezone.now() < self.maintenance_until
        )

    @property
    def is_maintenance_near(self) -> bool:
        """Whether citizens are told of a maintenance to come."""
        return self._has_maintenance and (
            self.maintenance_from - ANNOUNCED_BEFORE <= timezone.now() < self.maintenance_from
        )

    @property
    def is_maintenance_over(self) -> bool:
        """Whether the maintenance that the row still names belongs to the past."""
        return self._has_maintenance and self.maintenance_until <= timezone.now()

    @property
    def _has_maintenance(self) -> bool:
        return self.maintenance_from is not None and self.maintenance_until is not None
