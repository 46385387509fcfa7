"""The citizen's record in this town."""

import secrets

from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models.user import User
from accounts.names import searched_words

# Read aloud at a counter and typed by an agent: no vowel (no word), no look-alike.
REFERENCE_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"


def new_reference() -> str:
    """A public reference such as `7K3M-92QX`: names a space at the counter, opens nothing."""
    letters = [secrets.choice(REFERENCE_ALPHABET) for _ in range(8)]
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"


class Provenance(models.TextChoices):
    """Where a group of data comes from."""

    DECLARED = "declared", "déclarée"
    FRANCECONNECT = "franceconnect", "certifiée par FranceConnect"
    COUNTER = "counter", "vérifiée en mairie"


def provenance_field(label: str) -> models.CharField:
    """Where a group of data of a space comes from."""
    return models.CharField(
        label, max_length=13, choices=Provenance.choices, default=Provenance.DECLARED
    )


class Gender(models.TextChoices):
    """The `gender` values of FranceConnect."""

    FEMALE = "female", "femme"
    MALE = "male", "homme"
    UNSPECIFIED = "unspecified", "non précisé"


# Created, or of another identity, since it was compared to others.
TO_COMPARE = (
    Q(compared_at__isnull=True)
    | Q(compared_at__lt=F("identity_provenance_at"))
    | Q(compared_at__lt=F("usual_name_at"))
)

# What `PersonalSpace.search_words` is made of.
NAME_FIELDS = frozenset({"birth_family_name", "given_names", "usual_name"})


class PersonalSpaceQuerySet(models.QuerySet):
    """Writes that go round `save()` keep the searched words too."""

    def bulk_create(self, objs, *args, **kwargs):
        spaces = list(objs)
        for space in spaces:
            space.search_words = space.words_of_names()
        return super().bulk_create(spaces, *args, **kwargs)

    def update(self, **kwargs):
        """Also what `bulk_update` calls."""
        if NAME_FIELDS.isdisjoint(kwargs):
            return super().update(**kwargs)
        with transaction.atomic():
            keys = list(self.order_by().values_list("pk", flat=True))
            changed = super().update(**kwargs)
            for space in self.model.objects.filter(pk__in=keys).only(*NAME_FIELDS):
                space.save(update_fields=["search_words"])
        return changed


class PersonalSpace(models.Model):
    """The citizen's record in this town: identity, contact details, address, with provenance."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, related_name="space", verbose_name="utilisateur"
    )
    reference = models.CharField(
        "référence", max_length=9, unique=True, default=new_reference, editable=False
    )

    birth_family_name = models.CharField("nom de naissance", max_length=255)
    given_names = models.JSONField("prénoms")
    usual_name = models.CharField("nom d’usage", max_length=255, blank=True)
    # The usual name comes from the identity provider, not from the civil register: often absent,
    # it is certified only when FranceConnect gave one.
    usual_name_is_certified = models.BooleanField(default=False, editable=False)
    usual_name_at = models.DateTimeField("nom d’usage au", null=True, blank=True, editable=False)
    gender = models.CharField(
        "sexe", max_length=11, choices=Gender.choices, default=Gender.UNSPECIFIED
    )
    birthdate_text = models.CharField(
        "date de naissance telle que reçue",
        max_length=10,
        blank=True,
        validators=[RegexValidator(r"^\d{4}-\d{2}-\d{2}$")],
        help_text="AAAA-MM-JJ ; 00 pour un jour ou un mois inconnu.",
    )
    birthdate = models.DateField("date de naissance", null=True, blank=True)
    birthplace = models.CharField("commune de naissance", max_length=255, blank=True)
    birthcountry = models.CharField("pays de naissance", max_length=5, blank=True)
    identity_provenance = provenance_field("provenance de l’identité")
    identity_provenance_at = models.DateTimeField("identité au", default=timezone.now)
    identity_checked_at = models.DateTimeField(
        "identité vérifiée en mairie le", null=True, blank=True
    )
    identity_certified_until = models.DateTimeField(
        "certifiée par FranceConnect jusqu’au", null=True, blank=True
    )
    # Parts of a certified identity that changed by themselves, until the citizen has seen it.
    refreshed_parts = models.JSONField(default=list, blank=True, editable=False)
    refreshed_at = models.DateTimeField(null=True, blank=True, editable=False)

    contact_email = models.EmailField("adresse e-mail de contact", blank=True)
    contact_email_verified_at = models.DateTimeField(
        "adresse de contact vérifiée le", null=True, blank=True, editable=False
    )
    phone = models.CharField("téléphone", max_length=20, blank=True)
    contact_provenance = provenance_field("provenance des coordonnées")
    contact_provenance_at = models.DateTimeField("coordonnées au", default=timezone.now)

    street = models.CharField("numéro et voie", max_length=255, blank=True)
    street_extra = models.CharField("appartement, étage", max_length=255, blank=True)
    building = models.CharField("résidence, bâtiment", max_length=255, blank=True)
    locality = models.CharField("lieu-dit ou boîte postale", max_length=255, blank=True)
    postcode = models.CharField("code postal", max_length=10, blank=True)
    city = models.CharField("commune", max_length=255, blank=True)
    country = models.CharField("pays", max_length=100, blank=True, default="France")
    address_provenance = provenance_field("provenance de l’adresse")
    address_provenance_at = models.DateTimeField("adresse au", default=timezone.now)

    created_at = models.DateTimeField("créé le", default=timezone.now, editable=False)
    deletion_asked_at = models.DateTimeField(
        "suppression demandée le", null=True, blank=True, editable=False
    )
    # The latest warning before an unused space is erased, and how many were sent.
    unused_warned_at = models.DateTimeField(null=True, blank=True, editable=False)
    unused_warnings = models.PositiveSmallIntegerField(default=0, editable=False)
    # When this identity was last compared to those born on the same day (`accounts.duplicates`).
    compared_at = models.DateTimeField(null=True, blank=True, editable=False)
    # What a name is found by (`accounts.search`): whoever writes a name writes it, see `save`.
    search_words = models.TextField(default="", blank=True, editable=False)

    objects = PersonalSpaceQuerySet.as_manager()

    class Meta:
        verbose_name = "espace personnel"
        verbose_name_plural = "espaces personnels"
        permissions = [
            ("check_identity", "Peut vérifier une identité au guichet"),
            ("correct_space", "Peut corriger un espace personnel"),
            ("block_space", "Peut bloquer et rétablir l’accès à un espace personnel"),
            ("end_sessions", "Peut fermer les sessions d’un espace personnel"),
            ("resend_mail", "Peut renvoyer un courriel à une personne"),
            ("erase_space", "Peut commencer et annuler l’effacement d’un espace personnel"),
            ("export_spaces", "Peut exporter une liste de personnes"),
        ]
        indexes = [
            # Finds the few people born on a day, whose names are then compared.
            models.Index(fields=["birthdate_text"], name="accounts_space_by_birthdate"),
            models.Index(Lower("contact_email"), name="accounts_space_by_contact"),
            models.Index(fields=["phone"], name="accounts_space_by_phone"),
            models.Index(
                fields=["deletion_asked_at"],
                condition=Q(deletion_asked_at__isnull=False),
                name="accounts_space_to_be_erased",
            ),
            models.Index(
                fields=["identity_provenance_at"],
                condition=TO_COMPARE,
                name="accounts_space_to_be_compared",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(gender__in=Gender.values), name="accounts_space_gender_is_known"
            ),
            models.CheckConstraint(
                condition=Q(identity_provenance__in=Provenance.values)
                & Q(contact_provenance__in=[Provenance.DECLARED, Provenance.COUNTER])
                & Q(address_provenance__in=[Provenance.DECLARED, Provenance.COUNTER]),
                name="accounts_space_provenance_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(birth_family_name=""), name="accounts_space_has_a_birth_name"
            ),
            # A certified identity is certified today: it cannot also have stopped being so.
            models.CheckConstraint(
                condition=~Q(identity_provenance=Provenance.FRANCECONNECT)
                | Q(identity_certified_until__isnull=True),
                name="accounts_space_certified_has_no_end",
            ),
        ]

    def __str__(self):
        return f"espace {self.reference}"

    def save(self, *args, update_fields=None, **kwargs):
        """The searched words follow the names, whichever fields are saved.

        An agent has no space (PostgreSQL refuses it by itself).
        """
        if self._state.adding and self.user.is_staff:
            raise ValueError("an agent has no personal space")
        written = None if update_fields is None else {*update_fields}
        if written is None or written & {*NAME_FIELDS, "search_words"}:
            self.search_words = self.words_of_names()
            update_fields = None if written is None else [*written, "search_words"]
        super().save(*args, update_fields=update_fields, **kwargs)

    def words_of_names(self) -> str:
        """What this person is found by, of every name they have."""
        return searched_words([self.birth_family_name, self.usual_name, *self.given_names])

    @property
    def is_certified(self) -> bool:
        return self.identity_provenance == Provenance.FRANCECONNECT

    @property
    def first_given_name(self) -> str:
        return self.given_names[0] if self.given_names else ""

    @property
    def given_names_display(self) -> str:
        """All given names, in the order of the civil status."""
        return ", ".join(self.given_names)

    @property
    def display_name(self) -> str:
        """First given name and usual name, birth name without one: how letters address people."""
        return f"{self.first_given_name} {self.usual_name or self.birth_family_name}".strip()

    @property
    def address_lines(self) -> list[str]:
        """The lines of a postal address under the name, empty ones left out (AFNOR NF Z10-011).

        France is not written; another country is, last.
        """
        lines = [self.street_extra, self.building, self.street, self.locality]
        lines.append(f"{self.postcode} {self.city}".strip())
        if self.country.casefold() != "france":
            lines.append(self.country)
        return [line for line in lines if line]
