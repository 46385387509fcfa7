"""The town's own identity."""

from django.core.cache import cache
from django.db import models, transaction

CACHE_KEY = "espace_citoyens.town"
# Without a cache shared by every process, a change is seen everywhere within this time.
CACHE_SECONDS = 30


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
    """Name and contacts of the town, in one row that agents edit."""

    name = models.CharField("nom de la ville", max_length=100, default="Votre ville")
    service_name = models.CharField(
        "nom du service",
        max_length=100,
        default="Espace Citoyens",
        help_text="Tel qu’il est déclaré à FranceConnect : c’est lui que les habitants y lisent.",
    )
    email = models.EmailField("adresse e-mail de contact", blank=True)
    phone = models.CharField("téléphone", max_length=20, blank=True)
    address = models.TextField("adresse de la mairie", blank=True)
    opening_hours = models.TextField("horaires d’ouverture", blank=True)

    objects = TownManager()

    class Meta:
        verbose_name = "ville"
        verbose_name_plural = "ville"
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="espace_citoyens_town_is_alone")
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.pk = 1
        super().save(*args, **kwargs)
        transaction.on_commit(lambda: cache.delete(CACHE_KEY))
