"""Two spaces that may be one person's, and what became of the question."""

import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.space import PersonalSpace

LOCK_LIFETIME = datetime.timedelta(minutes=15)
UNDO_LIFETIME = datetime.timedelta(days=7)


class DuplicateKind(models.TextChoices):
    """Why two spaces may be one person's."""

    CERTIFIED = "certified", "identité reconnue par FranceConnect à la première connexion"
    SAME = "same", "même identité, même naissance"
    NEAR = "near", "noms proches, même naissance"


class DuplicateState(models.TextChoices):
    """What became of a pair; the two first wait for an agent."""

    TO_SEE = "to_see", "à voir"
    UNDONE = "undone", "réunion annulée, à revoir"
    DISMISSED = "dismissed", "pas un doublon"
    MERGED = "merged", "espaces réunis"


WAITING = (DuplicateState.TO_SEE, DuplicateState.UNDONE)


class DuplicateQuerySet(models.QuerySet):
    def waiting(self):
        """Those that an agent has still to decide, the surest first, then the oldest.

        Not those of a space that was made part of another: they wait for that to be final.
        """
        rank = models.Case(
            *[models.When(kind=kind, then=rank) for rank, kind in enumerate(DuplicateKind.values)]
        )
        whole = self.filter(first__merged_into=None, second__merged_into=None)
        return whole.filter(state__in=WAITING).order_by(rank, "found_at", "pk")


class Duplicate(models.Model):
    """A pair of spaces, in the order of their keys: there is one row a pair, for ever.

    A dismissed pair is never found again, since it is here. The row goes with either space.
    The lock tells other agents that one of them is at work on it: it opens nothing by itself.
    """

    first = models.ForeignKey(PersonalSpace, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(PersonalSpace, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField("raison", max_length=10, choices=DuplicateKind.choices)
    state = models.CharField(
        "état", max_length=10, choices=DuplicateState.choices, default=DuplicateState.TO_SEE
    )
    found_at = models.DateTimeField("trouvé le", default=timezone.now)
    locked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    locked_at = models.DateTimeField(null=True)
    locked_until = models.DateTimeField(null=True)

    objects = DuplicateQuerySet.as_manager()

    class Meta:
        verbose_name = "doublon possible"
        verbose_name_plural = "doublons possibles"
        default_permissions = ("view",)
        permissions = [("merge_spaces", "Peut écarter un doublon et réunir deux espaces")]
        constraints = [
            models.CheckConstraint(
                condition=Q(first__lt=F("second")), name="accounts_duplicate_is_ordered"
            ),
            models.UniqueConstraint(
                fields=["first", "second"], name="accounts_duplicate_one_row_a_pair"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=DuplicateKind.values),
                name="accounts_duplicate_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=DuplicateState.values),
                name="accounts_duplicate_state_is_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["found_at"],
                condition=Q(state__in=WAITING),
                name="accounts_duplicate_to_see",
            )
        ]

    def __str__(self):
        return f"doublon {self.pk}"

    @property
    def spaces(self) -> tuple[PersonalSpace, PersonalSpace]:
        return self.first, self.second

    @property
    def is_waiting(self) -> bool:
        return self.state in WAITING

    @property
    def holder(self):
        """The agent who is at work on it now, or None."""
        is_live = self.locked_until is not None and self.locked_until > timezone.now()
        return self.locked_by if is_live else None


class Merge(models.Model):
    """Two spaces made one, for as long as it can be undone: then the row goes with `absorbed`.

    `absorbed` is set aside, whole, and its owner signs in to it no more. `before` is what
    `survivor` was, sealed (`accounts.sealed`). Who did it and why is in both journals, under
    `reference`.
    """

    duplicate = models.OneToOneField(Duplicate, on_delete=models.CASCADE, related_name="merge")
    survivor = models.ForeignKey(PersonalSpace, on_delete=models.CASCADE, related_name="merges")
    # One space is set aside once: it cannot be part of two persons.
    absorbed = models.OneToOneField(
        PersonalSpace, on_delete=models.CASCADE, related_name="merged_into"
    )
    merged_at = models.DateTimeField("réunis le", default=timezone.now, db_index=True)
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    reference = models.CharField("référence", max_length=12)
    before = models.TextField()

    class Meta:
        verbose_name = "réunion d’espaces"
        verbose_name_plural = "réunions d’espaces"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=~Q(survivor=F("absorbed")), name="accounts_merge_joins_two_spaces"
            ),
        ]

    def __str__(self):
        return f"réunion {self.pk}"

    @property
    def undo_until(self) -> datetime.datetime:
        return self.merged_at + UNDO_LIFETIME
