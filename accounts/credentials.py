"""The ways into a personal space, what protects them, and the rule that one always stays."""

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.module_loading import import_string

from accounts.models import User


class LastWayIn(Exception):
    """What was asked would leave this citizen no way into their space."""


@dataclass(frozen=True)
class Credentials:
    """What opens a space: `providers` are names that citizens read, the rest is the portal's."""

    providers: tuple[str, ...]
    passkeys: tuple[Authenticator, ...]
    has_password: bool
    app: Authenticator | None
    wants_email_code: bool

    @property
    def has_second_factor(self) -> bool:
        return self.app is not None or self.wants_email_code

    def summary(self) -> str:
        """One sentence: what this space opens with, and what follows the password."""
        ways = [f"avec {name}" for name in self.providers]
        if self.passkeys:
            ways.append("avec une clé d’accès")
        if self.has_password:
            ways.append(f"avec {self._password_words()}")
        if not ways:
            return "Rien n’ouvre votre espace en ce moment. Contactez la mairie."
        *first, last = ways
        words = f"{', '.join(first)} ou {last}" if first else f"seulement {last}"
        return f"Votre espace s’ouvre {words}."

    def _password_words(self) -> str:
        if self.app:
            return "un mot de passe suivi d’un code de votre application"
        if self.wants_email_code:
            return "un mot de passe suivi d’un code reçu par e-mail"
        return "un mot de passe"


def read_credentials(user: User) -> Credentials:
    """The credentials of this citizen, in one query of ours and the provider's own."""
    authenticators = list(Authenticator.objects.filter(user=user).order_by("created_at", "pk"))
    apps = [item for item in authenticators if item.type == Authenticator.Type.TOTP]
    passkeys = [item for item in authenticators if item.type == Authenticator.Type.WEBAUTHN]
    return Credentials(
        providers=tuple(provider_ways_in(User.objects.filter(pk=user.pk))),
        passkeys=tuple(passkeys),
        has_password=user.has_password_door,
        app=apps[0] if apps else None,
        wants_email_code=user.wants_email_code,
    )


def provider_ways_in(citizens: QuerySet[User], *, even_off: bool = False) -> list[str]:
    """The identity providers that open a space of at least one of these citizens.

    As citizens name them, in one query (PROVIDER_WAYS_IN). With `even_off`, those that the town has
    switched off too, last: they open nothing now.
    """
    return import_string(settings.PROVIDER_WAYS_IN)(citizens, even_off=even_off)


def has_local_way_in(user: User) -> bool:
    """Whether this space opens without any identity provider: by a password, or by a passkey."""
    return user.has_password_door or passkeys_of(user).exists()


def passkeys_of(user: User):
    """The passkeys of this citizen, oldest first."""
    passkeys = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    return passkeys.order_by("created_at", "pk")


def strongly_protected() -> QuerySet[User]:
    """The citizens who chose more than a password: an app, a code by e-mail, or a passkey.

    The one definition of a space that a single agent must not open (`accounts.counter`).
    """
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    chosen = Authenticator.objects.filter(user=OuterRef("pk"), type__in=kinds)
    return User.objects.filter(Q(wants_email_code=True) | Exists(chosen))


def locked(user: User) -> User:
    """The same user, whose credentials no other transaction changes before this one ends.

    Whoever takes a way in away locks this row first, here or at a provider: two of them at once
    would each see the other's, and both would go. PostgreSQL's FOR NO KEY UPDATE: one stops
    another, and lines that only name this user, such as the journal's, wait for neither.
    """
    rows = User.objects.select_for_update(of=("self",), no_key=True).select_related("space")
    return rows.get(pk=user.pk)
