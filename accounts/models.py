"""The citizen, their personal space and its journal."""

import secrets

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

# Read aloud at a counter and typed by an agent: no vowel (no word), no look-alike.
REFERENCE_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"


def new_reference() -> str:
    """A public reference such as `7K3M-92QX`: names a space at the counter, opens nothing."""
    letters = [secrets.choice(REFERENCE_ALPHABET) for _ in range(8)]
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"


class UserManager(BaseUserManager):
    def create_user(self, email: str | None = None, password: str | None = None, **fields):
        """A saved user; without a password, one that no password opens."""
        user = self.model(email=email.lower() if email else None, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields):
        """An agent with every right."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username):
        return self.get(email=username.lower())


class User(AbstractBaseUser, PermissionsMixin):
    """Who may sign in: a citizen, who has a personal space, or an agent, who has none.

    `email` is the login e-mail, and only once it is verified: an address that nobody has proven
    to own must not stand in the way of its owner. It is null for a person who only uses
    FranceConnect.
    """

    email = models.EmailField("adresse e-mail de connexion", unique=True, null=True, blank=True)
    is_active = models.BooleanField(
        "actif", default=True, help_text="Décochez pour bloquer l’accès sans rien effacer."
    )
    is_staff = models.BooleanField(
        "agent",
        default=False,
        help_text="Un agent entre par /admin/ et n’a pas d’espace personnel.",
    )
    date_joined = models.DateTimeField("inscription", default=timezone.now, editable=False)
    session_epoch = models.PositiveIntegerField(default=0, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        verbose_name = "utilisateur"
        verbose_name_plural = "utilisateurs"
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower("email")), name="accounts_user_email_is_lower_case"
            ),
            models.CheckConstraint(
                condition=Q(is_staff=True) | Q(is_superuser=False),
                name="accounts_user_superuser_is_agent",
            ),
        ]

    def __str__(self):
        return f"{'agent' if self.is_staff else 'citoyen'} {self.pk}"

    def get_session_auth_hash(self) -> str:
        """What each session must match: a new password or a new epoch ends them all."""
        return salted_hmac(
            "accounts.User.session", f"{self.password}:{self.session_epoch}", algorithm="sha256"
        ).hexdigest()

    def end_sessions(self) -> None:
        """End every session of this user; the caller's own is kept by update_session_auth_hash."""
        type(self).objects.filter(pk=self.pk).update(session_epoch=models.F("session_epoch") + 1)
        self.refresh_from_db(fields=["session_epoch"])

    @property
    def has_password_door(self) -> bool:
        """Whether an e-mail and a password open this space (`email` is verified by definition)."""
        return bool(self.email) and self.has_usable_password()


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

    contact_email = models.EmailField("adresse e-mail de contact", blank=True)
    phone = models.CharField("téléphone", max_length=20, blank=True)
    contact_provenance = provenance_field("provenance des coordonnées")
    contact_provenance_at = models.DateTimeField("coordonnées au", default=timezone.now)

    street = models.CharField("numéro et voie", max_length=255, blank=True)
    street_extra = models.CharField("complément d’adresse", max_length=255, blank=True)
    postcode = models.CharField("code postal", max_length=10, blank=True)
    city = models.CharField("commune", max_length=255, blank=True)
    country = models.CharField("pays", max_length=100, blank=True, default="France")
    address_provenance = provenance_field("provenance de l’adresse")
    address_provenance_at = models.DateTimeField("adresse au", default=timezone.now)

    created_at = models.DateTimeField("créé le", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "espace personnel"
        verbose_name_plural = "espaces personnels"
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
        """The lines of a postal address, empty ones left out; France is not written."""
        lines = [self.street_extra, self.street, f"{self.postcode} {self.city}".strip()]
        if self.country.casefold() != "france":
            lines.append(self.country)
        return [line for line in lines if line]


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
