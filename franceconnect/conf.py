"""The two platforms as this portal is configured for them, read lazily.

FranceConnect answers at the weak level; FranceConnect+ at the substantial and high ones. They are
two providers: each has its issuer, its client, its addresses here and its own `sub`s.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

# From the weakest to the strongest (eIDAS: faible, substantiel, élevé).
LEVELS = ("eidas1", "eidas2", "eidas3")

FRANCECONNECT = "franceconnect"
FRANCECONNECT_PLUS = "franceconnect_plus"
LABELS = {FRANCECONNECT: "FranceConnect", FRANCECONNECT_PLUS: "FranceConnect+"}
# What each asks of its settings: all of them, or the button does not exist.
REQUIRED = {
    FRANCECONNECT: ("issuer", "client_id", "client_secret"),
    FRANCECONNECT_PLUS: ("issuer", "client_id", "client_secret", "encryption_key"),
}


@dataclass(frozen=True)
class Platform:
    """One platform: where it is, who we are there, what we ask."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str
    acr_values: str
    signing_alg: str
    timeout: float
    # Private keys in PEM, the newest first; empty when the platform encrypts nothing.
    encryption_key: str = field(default="", repr=False)

    @property
    def label(self) -> str:
        """The name citizens know."""
        return LABELS[self.name]

    @property
    def is_encrypted(self) -> bool:
        """Whether tokens come encrypted, and are refused when they do not."""
        return bool(self.encryption_key)

    @property
    def origin(self) -> str:
        """Scheme, host and port of the issuer: every endpoint lives there."""
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.issuer))

    @property
    def every_scope(self) -> list[str]:
        """Those of a sign-in, then those that an authorisation of data adds to them."""
        is_plus = self.name == FRANCECONNECT_PLUS
        of_data = "" if is_plus else settings.FRANCECONNECT["data"]["scopes"]
        return [*self.scopes.split(), *of_data.split()]

    @property
    def redirect_uri(self) -> str:
        """Callback address, as declared to FranceConnect."""
        return settings.BASE_URL + self.path("callback")

    @property
    def redirect_uris(self) -> list[str]:
        """The same on every address that shares this client (`OTHER_BASE_URLS`)."""
        urls = [settings.BASE_URL, *settings.FRANCECONNECT["other_base_urls"]]
        return [url + self.path("callback") for url in urls]

    @property
    def post_logout_redirect_uri(self) -> str:
        """Sign-out return address, as declared to FranceConnect."""
        return settings.BASE_URL + self.path("logout_callback")

    def path(self, page: str) -> str:
        """The path of this platform's own `page` (start, callback, logout_callback, unlink…)."""
        return reverse(self.url_name(page))

    def url_name(self, page: str) -> str:
        """The URL name of this platform's own `page`."""
        return f"franceconnect:{'plus_' * (self.name == FRANCECONNECT_PLUS)}{page}"

    def accepts_only(self, level: str) -> bool:
        """Whether every level that this platform may answer with is at least `level`."""
        return self.accepts_level(level) and not any(
            self.accepts_level(lower) for lower in LEVELS[: LEVELS.index(level)]
        )

    def accepts_level(self, acr: object) -> bool:
        """Whether `acr` is at least the weakest level asked (the provider may exceed it)."""
        asked = [LEVELS.index(value) for value in self.acr_values.split() if value in LEVELS]
        return acr in LEVELS and bool(asked) and LEVELS.index(acr) >= min(asked)


def values_of(name: str) -> dict:
    """The settings of the platform of this name."""
    return settings.FRANCECONNECT_PLUS if name == FRANCECONNECT_PLUS else settings.FRANCECONNECT


def platform(name: str = FRANCECONNECT) -> Platform | None:
    """The platform of this name; None when it is not configured (no button, no journey)."""
    values = values_of(name)
    if not all(values[required] for required in REQUIRED[name]):
        return None
    return Platform(
        name=name,
        issuer=values["issuer"],
        client_id=values["client_id"],
        client_secret=values["client_secret"],
        scopes=values["scopes"],
        acr_values=values["acr_values"],
        signing_alg=values["signing_alg"],
        timeout=values["timeout"],
        encryption_key=values.get("encryption_key", ""),
    )


def platforms() -> list[Platform]:
    """Those that are configured, FranceConnect first."""
    return [found for found in map(platform, LABELS) if found]


def platform_of(issuer: str) -> Platform | None:
    """The configured platform of this issuer, if there is one."""
    return next((known for known in platforms() if known.issuer == issuer), None)


def sign_in_platform() -> Platform | None:
    """The one whose button opens the portal: FranceConnect+ only when it is alone."""
    return next(iter(platforms()), None)
