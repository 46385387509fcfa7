"""Who may sign in."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac


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
    wants_email_code = models.BooleanField(
        "code par e-mail",
        default=False,
        editable=False,
        help_text="Un code envoyé par e-mail est demandé après le mot de passe.",
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        verbose_name = "utilisateur"
        verbose_name_plural = "utilisateurs"
        permissions = [("recover_agent", "Peut rétablir l’accès d’un agent")]
        # What retention looks for: nobody has come for long.
        indexes = [models.Index(fields=["last_login"], name="accounts_user_by_last_login")]
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
        for row in self.usersession_set.all():
            row.end()
        type(self).objects.filter(pk=self.pk).update(session_epoch=models.F("session_epoch") + 1)
        self.refresh_from_db(fields=["session_epoch"])

    @property
    def agent_reference(self) -> str:
        """What a citizen reads of the agent who opened their file: always the same, and no name."""
        return f"A{self.pk:03d}" if self.pk else ""

    @property
    def has_password_door(self) -> bool:
        """Whether an e-mail and a password open this space (`email` is verified by definition)."""
        return bool(self.email) and self.has_usable_password()
