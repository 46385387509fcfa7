"""The FranceConnect platform as this portal is configured for it, read lazily."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

# From the weakest to the strongest (eIDAS: faible, substantiel, élevé).
LEVELS = ("eidas1", "eidas2", "eidas3")


@dataclass(frozen=True)
class Platform:
    """One platform: where it is, who we are there, what we ask."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str
    acr_values: str
    signing_alg: str
    timeout: float

    @property
    def origin(self) -> str:
        """Scheme, host and port of the issuer: every endpoint lives there."""
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.issuer))

    @property
    def redirect_uri(self) -> str:
        """Callback address, as declared to FranceConnect."""
        return settings.BASE_URL + reverse("franceconnect:callback")

    @property
    def post_logout_redirect_uri(self) -> str:
        """Sign-out return address, as declared to FranceConnect."""
        return settings.BASE_URL + reverse("franceconnect:logout_callback")

    def accepts_level(self, acr: object) -> bool:
        """Whether `acr` is at least the weakest level asked (the provider may exceed it)."""
        asked = [LEVELS.index(value) for value in self.acr_values.split() if value in LEVELS]
        return acr in LEVELS and bool(asked) and LEVELS.index(acr) >= min(asked)


def platform() -> Platform | None:
    """The configured platform; None when there is none (no button, no journey)."""
    values = settings.FRANCECONNECT
    if not (values["issuer"] and values["client_id"] and values["client_secret"]):
        return None
    return Platform(
        issuer=values["issuer"],
        client_id=values["client_id"],
        client_secret=values["client_secret"],
        scopes=values["scopes"],
        acr_values=values["acr_values"],
        signing_alg=values["signing_alg"],
        timeout=values["timeout"],
    )
