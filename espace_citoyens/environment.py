"""What the environment may say, and what it may not: used by `settings` only."""

import ipaddress
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import FileAwareEnv

# From the shortest delay that leaves people time to the longest that the grounds of
# docs/conservation.md bear.
RETENTION_BOUNDS = {
    "unused_months": (6, 60),
    "first_warning_days": (15, 120),
    "last_warning_days": (7, 60),
    "unverified_days": (1, 30),
    "deletion_days": (1, 30),
    "link_months": (1, 36),
    "journal_months": (6, 36),
    "mail_days": (1, 90),
    "export_days": (1, 30),
}


# What names of variables hold a secret, or an address with a password in it.
SECRET_WORDS = ("SECRET", "_KEY", "PASSWORD", "DATABASE_URL", "CACHE_URL", "EMAIL_URL")


class Environment(FileAwareEnv):
    """Settings from variables, or from the file named by `NAME_FILE` (Docker secrets).

    `chosen` keeps what was read, less what is secret: a backup tells how the portal was set.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.chosen: dict[str, str] = {}

    def get_value(self, var, *args, **kwargs):
        """The value of `var`; a secret read from a file loses the newline editors add to it."""
        value = super().get_value(var, *args, **kwargs)
        if not any(word in var for word in SECRET_WORDS):
            self.chosen[var] = str(value)
        return value.strip() if isinstance(value, str) else value


def is_loopback(url: str) -> bool:
    """Whether `url` names this very machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3)."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def franceconnect_settings(env: Environment, prefix: str, *, base_url: str, level: str) -> dict:
    """What the variables of one platform say; `level` is the one asked by default."""
    issuer = env.str(f"{prefix}_ISSUER", default="")
    return {
        "issuer": checked_issuer(issuer, base_url=base_url, name=f"{prefix}_ISSUER"),
        "client_id": env.str(f"{prefix}_CLIENT_ID", default=""),
        "client_secret": env.str(f"{prefix}_CLIENT_SECRET", default=""),
        "acr_values": env.str(f"{prefix}_ACR_VALUES", default=level),
        "scopes": env.str(
            f"{prefix}_SCOPES", default="openid identite_pivot preferred_username email"
        ),
        "signing_alg": env.str(f"{prefix}_SIGNING_ALG", default="ES256"),
        "timeout": env.float(f"{prefix}_TIMEOUT", default=5.0),
    }


def data_settings(env: Environment, *, base_url: str) -> dict[str, str]:
    """Where data of other administrations are asked for; all empty when none is.

    Raises ImproperlyConfigured for an address that is not https beside a portal that is: the
    citizen's token goes there.
    """
    values = {
        "scopes": env.str("FRANCECONNECT_DATA_SCOPES", default=""),
        "api_particulier_url": env.str("API_PARTICULIER_URL", default=""),
        "recipient": env.str("API_PARTICULIER_RECIPIENT", default="").replace(" ", ""),
        "france_travail_url": env.str("FRANCE_TRAVAIL_URL", default=""),
        "dgfip_url": env.str("DGFIP_URL", default=""),
        "dgfip_token_url": env.str("DGFIP_TOKEN_URL", default=""),
        "dgfip_client_id": env.str("DGFIP_CLIENT_ID", default=""),
        "dgfip_client_secret": env.str("DGFIP_CLIENT_SECRET", default=""),
        "dgfip_teleservice": env.str("DGFIP_TELESERVICE", default=""),
    }
    addresses = {name: url for name, url in values.items() if name.endswith("_url")}
    return values | {
        name: checked_provider_url(url, base_url=base_url, name=name.upper())
        for name, url in addresses.items()
    }


def retention_settings(env: Environment) -> dict[str, int]:
    """How long each kind of data is kept, in days or months (docs/conservation.md).

    Raises ImproperlyConfigured for a delay that no legal ground allows, or that warns too late.
    """
    delays = {
        "unused_months": env.int("RETENTION_UNUSED_MONTHS", default=24),
        "first_warning_days": env.int("RETENTION_FIRST_WARNING_DAYS", default=60),
        "last_warning_days": env.int("RETENTION_LAST_WARNING_DAYS", default=15),
        "unverified_days": env.int("RETENTION_UNVERIFIED_DAYS", default=7),
        "deletion_days": env.int("RETENTION_DELETION_DAYS", default=14),
        "link_months": env.int("RETENTION_LINK_MONTHS", default=12),
        "journal_months": env.int("RETENTION_JOURNAL_MONTHS", default=12),
        "mail_days": env.int("RETENTION_MAIL_DAYS", default=30),
        "export_days": env.int("RETENTION_EXPORT_DAYS", default=7),
    }
    for name, value in delays.items():
        low, high = RETENTION_BOUNDS[name]
        if not low <= value <= high:
            raise ImproperlyConfigured(
                f"RETENTION_{name.upper()} vaut {value} : donnez un nombre de {low} à {high} (voir "
                "docs/conservation.md)."
            )
    if delays["last_warning_days"] >= delays["first_warning_days"]:
        raise ImproperlyConfigured(
            "RETENTION_LAST_WARNING_DAYS doit être plus petit que RETENTION_FIRST_WARNING_DAYS : "
            "le dernier avertissement part après le premier."
        )
    return delays


def checked_base_url(url: str) -> str:
    """`url` without its final slash.

    Raises ImproperlyConfigured unless it is an https origin, or a plain http one on loopback.
    """
    parts = urlsplit(url)
    is_origin = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_origin:
        raise ImproperlyConfigured(
            f"BASE_URL « {url} » n’est pas une adresse de portail : donnez le protocole et le nom "
            "d’hôte seuls, par exemple https://espace-citoyens.example.fr."
        )
    if parts.scheme == "http" and not is_loopback(url):
        raise ImproperlyConfigured(
            f"BASE_URL « {url} » n’est pas chiffrée : hors de cette machine, le portail ne démarre "
            "qu’avec une adresse en https."
        )
    return url.rstrip("/")


def checked_issuer(issuer: str, *, base_url: str, name: str = "FRANCECONNECT_ISSUER") -> str:
    """`issuer` without its final slash; empty when FranceConnect is not configured.

    Raises ImproperlyConfigured for an issuer that is not https beside a portal that is
    (OpenID Connect Core §2: the issuer identifier uses the https scheme).
    """
    return checked_provider_url(
        issuer, base_url=base_url, name=name, what="un fournisseur d’identité"
    )


def checked_provider_url(
    url: str, *, base_url: str, name: str, what: str = "un fournisseur de données"
) -> str:
    """`url` without its final slash; empty when there is none.

    Raises ImproperlyConfigured unless it is https, or on this machine beside a portal that is too.
    """
    if not url:
        return ""
    if urlsplit(url).scheme == "https" or (is_loopback(base_url) and is_loopback(url)):
        return url.rstrip("/")
    raise ImproperlyConfigured(
        f"{name} « {url} » n’est pas en https : {what} non chiffré n’est accepté que pour un essai "
        "sur cette machine."
    )
