"""Names of the codes of INSEE's Code officiel géographique, filled by `manage.py import_insee`."""

from django.db import models


class Place(models.Model):
    """A code and its latest name; codes that are no longer in use stay: people were born there."""

    code = models.CharField("code INSEE", max_length=5, primary_key=True)
    name = models.CharField("nom", max_length=255)

    class Meta:
        abstract = True
        ordering = ["code"]

    def __str__(self):
        return f"{self.name} ({self.code})"


class Commune(Place):
    """A commune, a municipal arrondissement, or a commune that has merged since."""

    class Meta(Place.Meta):
        verbose_name = "commune"


class Country(Place):
    """A country or territory, of today or of the past; 99100 is France."""

    class Meta(Place.Meta):
        verbose_name = "pays"
        verbose_name_plural = "pays"
