"""How one simulator is set up: its address, the services it knows, what it writes where."""

import dataclasses
import json
import secrets
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from joserfc.jwk import ECKey

from franceconnect.simulator.platforms import LOW, Platform

API_PATH = "/api/v2"
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - only when asked for, by --host
SHORTEST_SECRET = 32
OTHER_SERVICE_ID = "autre-service-public-demo"


class ConfigurationError(Exception):
    """Something in the setting up is wrong; the message is in French, for whoever started it."""


@dataclass(frozen=True)
class Client:
    """A service registered with FranceConnect; without ``scopes``, it has the usual ones.

    FranceConnect+ encrypts for the key set at ``jwks_uri``, or for ``jwks`` itself.
    """

    client_id: str
    client_secret: str = field(repr=False)
    service_name: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...] = ()
    signing_alg: str = "ES256"
    entity_id: str = ""
    jwks_uri: str = ""
    jwks: dict[str, Any] | None = field(default=None, repr=False, hash=False)

    def __post_init__(self):
        if not self.client_id or not self.redirect_uris:
            raise ConfigurationError(
                "Un service n’a pas d’identifiant ou pas d’adresse de retour. "
                "Renseignez « client_id » et « redirect_uris »."
            )
        if len(self.client_secret) < SHORTEST_SECRET:
            raise ConfigurationError(
                f"Le secret du service {self.client_id} est trop court. "
                f"Donnez-lui au moins {SHORTEST_SECRET} caractères."
            )

    def registered_with(self, platform: Platform) -> "Client":
        """The same service once the platform has accepted it; raises ``ConfigurationError``."""
        if self.signing_alg not in platform.algorithms:
            raise ConfigurationError(
                f"L’algorithme de signature du service {self.client_id} n’est pas reconnu. "
                f"Choisissez parmi : {', '.join(platform.algorithms)}."
            )
        if unknown := set(self.scopes) - set(platform.scopes.known):
            raise ConfigurationError(
                f"Portées inconnues pour le service {self.client_id} : "
                f"{', '.join(sorted(unknown))}. Retirez-les."
            )
        if platform.is_encrypted and not self.jwks_uri and self.jwks is None:
            raise ConfigurationError(
                f"{platform.label} ne saurait pas chiffrer pour le service {self.client_id}. "
                "Renseignez « jwks_uri », l’adresse de ses clés publiques, ou « jwks », ces clés."
            )
        return dataclasses.replace(self, scopes=self.scopes or platform.scopes.usually_granted)


@dataclass(frozen=True)
class Configuration:
    """Everything chosen at start; nothing here changes while the simulator runs."""

    clients: tuple[Client, ...]
    platform: Platform = LOW
    host: str = "127.0.0.1"
    port: int = 8100
    issuer: str = ""
    people_file: Path | None = None
    mail_folder: Path | None = None
    control: bool = False
    other_service_key: ECKey = field(init=False, repr=False)

    def __post_init__(self):
        shown_host = "127.0.0.1" if self.host == EVERY_ADDRESS else self.host
        if not self.issuer:
            object.__setattr__(self, "issuer", f"http://{shown_host}:{self.port}{API_PATH}")
        parts = urlsplit(self.issuer)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path != API_PATH:
            raise ConfigurationError(
                f"L’émetteur « {self.issuer} » n’est pas une adresse du simulateur. "
                f"Donnez une adresse http ou https qui se termine par {API_PATH}."
            )
        object.__setattr__(self, "other_service_key", ECKey.generate_key("P-256"))
        clients = (*self.clients, self._other_service())
        accepted = tuple(client.registered_with(self.platform) for client in clients)
        object.__setattr__(self, "clients", accepted)
        names = [client.client_id for client in self.clients]
        if len(set(names)) != len(names):
            raise ConfigurationError(
                "Deux services portent le même « client_id ». Donnez-leur des noms différents."
            )

    def _other_service(self) -> Client:
        return Client(
            client_id=OTHER_SERVICE_ID,
            client_secret=secrets.token_urlsafe(48),
            service_name="Un autre service public",
            redirect_uris=(f"{self.base_url}/autre-service/retour/",),
            post_logout_redirect_uris=(f"{self.base_url}/autre-service/deconnecte/",),
            jwks={"keys": [self._other_service_jwk()]},
        )

    def _other_service_jwk(self) -> dict[str, Any]:
        public = self.other_service_key.as_dict(private=False)
        return public | {"use": "enc", "alg": "ECDH-ES", "kid": "autre-service"}

    @property
    def base_url(self) -> str:
        return self.issuer.removesuffix(API_PATH)

    @property
    def internal_url(self) -> str:
        """Where this very process answers, whatever its public address."""
        host = "127.0.0.1" if self.host == EVERY_ADDRESS else self.host
        return f"http://{host}:{self.port}{API_PATH}"

    @property
    def is_https(self) -> bool:
        return self.issuer.startswith("https:")

    @property
    def allowed_hosts(self) -> list[str]:
        if self.host == EVERY_ADDRESS:
            return ["*"]
        return ["127.0.0.1", "localhost", "[::1]", self.host, urlsplit(self.issuer).hostname]

    @property
    def service_origins(self) -> tuple[str, ...]:
        """Origins that a form may end up at: browsers apply ``form-action`` to redirects."""
        uris = [uri for client in self.clients for uri in client.redirect_uris]
        return tuple(dict.fromkeys("{0.scheme}://{0.netloc}".format(urlsplit(u)) for u in uris))

    def find_client(self, client_id: str) -> Client | None:
        return next((known for known in self.clients if known.client_id == client_id), None)

    @property
    def other_service(self) -> Client:
        return self.clients[-1]


def read_clients(path: Path) -> tuple[Client, ...]:
    """The services of a JSON file: a list of objects with the fields of ``Client``.

    Raises ``ConfigurationError`` when the file is absent, broken or incomplete.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return tuple(_client_from(entry) for entry in entries)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"Le fichier des services {path} ne se lit pas ({type(error).__name__}). "
            "Vérifiez qu’il contient une liste JSON de services complets."
        ) from error


def _client_from(entry: dict) -> Client:
    lists = {"redirect_uris", "post_logout_redirect_uris", "scopes"}
    values = {name: tuple(value) if name in lists else value for name, value in entry.items()}
    return Client(**values)


def is_local_http(url: str) -> bool:
    """Whether the address is plain http on this machine's loopback."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http":
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
