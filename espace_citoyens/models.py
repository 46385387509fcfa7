"""The town's own identity, and what its dashboard counts."""

import datetime
from dataclasses import dataclass
from hashlib import sha256

from django.core.cache import cache
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from espace_citoyens import colours
from espace_citoyens.logo import PNG, SVG, CleanLogo

# Named by version: a process that runs the code of before must not read what it does not know.
CACHE_KEY = "espace_citoyens.town.2"
# Without a cache shared by every process, a change is seen everywhere within this time.
CACHE_SECONDS = 30
MAX_MESSAGES = 3

validate_one_line = RegexValidator(
    r"\A[^\x00-\x1f\x7f<>]*\Z", "Retirez les chevrons et les retours à la ligne."
)
validate_colour = RegexValidator(
    colours.WRITTEN, "Une couleur s’écrit # et six chiffres ou lettres de a à f, comme #0b5a57."
)


class MessageKind(models.TextChoices):
    """How a message of the home page looks."""

    INFO = "info", "Information"
    ALERT = "alert", "Alerte"


@dataclass(frozen=True)
class HomeMessage:
    """What the town says on its home page, between two days that both count; None: without end."""

    title: str
    text: str
    kind: str
    first_day: datetime.date | None
    last_day: datetime.date | None

    @classmethod
    def from_json(cls, values: dict) -> "HomeMessage":
        days = {
            name: values[name] and datetime.date.fromisoformat(values[name])
            for name in ("first_day", "last_day")
        }
        return cls(**values | days)

    def is_shown_on(self, day: datetime.date) -> bool:
        has_begun = self.first_day is None or self.first_day <= day
        return has_begun and (self.last_day is None or day <= self.last_day)


class Logo(models.Model):
    """A cleaned picture, named by what it holds: an address that has been given never changes.

    One row is the town's; the others are those that agents try, or that were shown a day ago.
    """

    digest = models.CharField(max_length=32, primary_key=True)
    media_type = models.CharField(max_length=20, choices=[(PNG, "PNG"), (SVG, "SVG")])
    content = models.BinaryField()
    kept_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "logo"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(media_type__in=[PNG, SVG]), name="espace_citoyens_logo_is_an_image"
            )
        ]

    def __str__(self):
        return self.digest

    @classmethod
    def keep(cls, logo: CleanLogo) -> "Logo":
        """The row of this picture, there from now on."""
        digest = sha256(logo.media_type.encode() + logo.content).hexdigest()[:32]
        row, _ = cls.objects.update_or_create(
            digest=digest,
            defaults={"kept_at": timezone.now()},
            create_defaults={"media_type": logo.media_type, "content": logo.content},
        )
        return row


class TownManager(models.Manager):
    def current(self) -> "Town":
        """The town of this portal; one without a name until an agent fills it in."""
        town = cache.get(CACHE_KEY)
        if town is None:
            town = self.first() or Town()
            cache.set(CACHE_KEY, town, CACHE_SECONDS)
        return town


def service_name() -> str:
    """The name of the service, as the town chose it."""
    return Town.objects.current().service_name


class Town(models.Model):
    """What the town says of itself, in one row that agents edit: every page shows some of it."""

    name = models.CharField(
        "nom de la ville", max_length=100, default="Votre ville", validators=[validate_one_line]
    )
    service_name = models.CharField(
        "nom du service",
        max_length=100,
        default="Espace Citoyens",
        validators=[validate_one_line],
        help_text="Tel qu’il est déclaré à FranceConnect : c’est lui que les habitants y lisent.",
    )
    logo = models.ForeignKey(
        Logo, on_delete=models.PROTECT, null=True, blank=True, verbose_name="logo"
    )
    main_colour = models.CharField(
        "couleur principale",
        max_length=7,
        default=colours.DEFAULT.main,
        validators=[validate_colour],
        help_text="Les boutons, les liens, le bandeau de l’accueil. Comme #0b5a57.",
    )
    accent_colour = models.CharField(
        "couleur d’accent",
        max_length=7,
        default=colours.DEFAULT.accent,
        validators=[validate_colour],
        help_text="Le trait sous les titres, les puces des listes. Comme #bf7416.",
    )
    email = models.EmailField("adresse e-mail de contact", blank=True)
    phone = models.CharField("téléphone", max_length=20, blank=True)
    address = models.TextField("adresse de la mairie", max_length=500, blank=True)
    opening_hours = models.TextField("horaires d’ouverture", max_length=1000, blank=True)
    # A list of HomeMessage in JSON: in this row, so that the home page costs no query more.
    messages = models.JSONField("messages de la page d’accueil", default=list, blank=True)
    publication_director = models.CharField(
        "directeur ou directrice de la publication",
        max_length=200,
        blank=True,
        validators=[validate_one_line],
        help_text="Nom et fonction. Pour une commune, c’est en général le maire.",
    )
    host = models.TextField(
        "hébergeur du site",
        max_length=1000,
        blank=True,
        help_text="Nom ou raison sociale, adresse, téléphone.",
    )
    legal_notice = models.TextField(
        "autres mentions légales",
        max_length=10_000,
        blank=True,
        help_text="Droits sur les images et les textes, crédits… Une ligne vide sépare deux "
        "paragraphes.",
    )
    data_protection_contact = models.TextField(
        "joindre la personne déléguée à la protection des données (DPO)",
        max_length=1000,
        blank=True,
        help_text="Adresse e-mail ou postale, téléphone : les habitants lui écrivent.",
    )
    privacy_notice = models.TextField(
        "compléments sur les données personnelles",
        max_length=10_000,
        blank=True,
        help_text="Ce que la ville ajoute : sous-traitants, bases légales de ses services… Une "
        "ligne vide sépare deux paragraphes.",
    )
    accessibility_contact = models.TextField(
        "signaler un problème d’accessibilité",
        max_length=1000,
        blank=True,
        help_text="À qui écrire ou téléphoner quand une page ne peut pas être lue ou utilisée.",
    )
    # Two agents may have the page open: the second to publish must see what the first did.
    version = models.PositiveIntegerField(default=0, editable=False)

    objects = TownManager()

    class Meta:
        verbose_name = "ville"
        verbose_name_plural = "ville"
        permissions = [("view_dashboard", "Lire le tableau de bord")]
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="espace_citoyens_town_is_alone")
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.pk = 1
        super().save(*args, **kwargs)
        transaction.on_commit(lambda: cache.delete(CACHE_KEY))

    @property
    def logo_url(self) -> str:
        """The address of the logo; empty without one. Costs no query."""
        return reverse("town_logo", args=[self.logo_id]) if self.logo_id else ""

    @property
    def colours_url(self) -> str:
        """The address of the town's colours; empty for those that portal.css has already."""
        pair = (self.main_colour, self.accent_colour)
        if pair == (colours.DEFAULT.main, colours.DEFAULT.accent):
            return ""
        return reverse("town_colours", args=[value.removeprefix("#") for value in pair])

    @property
    def messages_today(self) -> list[HomeMessage]:
        """What the home page says today, in the agents' order."""
        today = timezone.localdate()
        messages = map(HomeMessage.from_json, self.messages)
        return [message for message in messages if message.is_shown_on(today)]


class DailyCount(models.Model):
    """How many lines of the journal a day has of one kind: numbers, nobody's name.

    `means` and `code` are those of the lines. The journal goes after its time; these stay.
    """

    day = models.DateField()
    kind = models.CharField(max_length=30)
    means = models.CharField(max_length=30, blank=True)
    code = models.CharField(max_length=40, blank=True)
    count = models.PositiveIntegerField()

    class Meta:
        verbose_name = "nombre du jour"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["day", "kind", "means", "code"], name="espace_citoyens_one_count_a_day"
            )
        ]

    def __str__(self):
        return f"{self.day} {self.kind}: {self.count}"
