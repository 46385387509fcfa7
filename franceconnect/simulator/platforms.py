"""What tells FranceConnect (“low”) from FranceConnect+ (“high”); all the rest is shared.

Source: FranceConnect documentation, “Différences entre FranceConnect et FranceConnect+”, and the
configuration of both platforms in the repository ``france-connect/sources``.
"""

from dataclasses import dataclass

from franceconnect.simulator import providers, scopes
from franceconnect.simulator.providers import Provider
from franceconnect.simulator.scopes import Scopes

MINUTE = 60
# From the weakest to the strongest (eIDAS: faible, substantiel, élevé), whoever serves them.
LEVELS = ("eidas1", "eidas2", "eidas3")


@dataclass(frozen=True)
class Platform:
    """One platform, as services and citizens see it.

    ``default_level`` answers a request without any known level; ``sso_level`` is the only one
    that single sign-on serves. ``is_encrypted``: tokens are nested in a JWE for the service.
    ``corrects_identities``: values come from the civil register, not from the provider.
    """

    name: str
    label: str
    levels: tuple[str, ...]
    default_level: str
    sso_level: str
    algorithms: tuple[str, ...]
    announced_algorithms: tuple[str, ...]
    key_name: str
    scopes: Scopes
    providers: tuple[Provider, ...]
    aidants_connect: Provider | None
    session_minutes: int
    session_slides: bool
    is_encrypted: bool
    corrects_identities: bool
    sub_secret: str
    portal_folder: str
    cookie_prefix: str

    @property
    def session_seconds(self) -> int:
        return self.session_minutes * MINUTE

    @property
    def cookie_seconds(self) -> int | None:
        """How long the browser keeps the session's cookie; None: until it is closed."""
        return self.session_seconds if self.session_slides else None

    def find_provider(self, uid: str) -> Provider | None:
        known = (*self.providers, *filter(None, [self.aidants_connect]))
        return next((provider for provider in known if provider.uid == uid), None)

    def cookie(self, name: str) -> str:
        """The name of a cookie here: both platforms may run on one host, which shares them."""
        return f"{self.cookie_prefix}{name}"


LOW = Platform(
    name="low",
    label="FranceConnect",
    levels=("eidas1",),
    default_level="eidas1",
    sso_level="eidas1",
    algorithms=("ES256", "RS256"),
    announced_algorithms=("ES256", "RS256", "HS256"),
    key_name="pkcs11:{algorithm}:hsm",
    scopes=scopes.LOW,
    providers=providers.LOW,
    aidants_connect=providers.AIDANTS_CONNECT,
    session_minutes=30,
    session_slides=True,
    is_encrypted=False,
    corrects_identities=True,
    # Stable across restarts, so that a demonstration's accounts stay linked. Protects nobody.
    sub_secret="espace-citoyens-simulateur",  # noqa: S106
    portal_folder="franceconnect",
    cookie_prefix="",
)
HIGH = Platform(
    name="high",
    label="FranceConnect+",
    levels=("eidas2", "eidas3"),
    default_level="eidas3",
    sso_level="eidas2",
    algorithms=("ES256",),
    announced_algorithms=("ES256",),
    key_name="pkcs11:hsm",
    scopes=scopes.HIGH,
    providers=providers.HIGH,
    aidants_connect=None,
    session_minutes=10,
    session_slides=False,
    is_encrypted=True,
    corrects_identities=False,
    sub_secret="espace-citoyens-simulateur-plus",  # noqa: S106
    portal_folder="franceconnect-plus",
    cookie_prefix="plus_",
)
PLATFORMS = {platform.name: platform for platform in (LOW, HIGH)}
