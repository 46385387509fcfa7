"""What the processes of the demonstration are told: every setting, and its own secrets."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from environ import Env

from espace_citoyens.environment import is_loopback

CLIENT_ID = "espace-citoyens-demo"
PLUS_CLIENT_ID = "espace-citoyens-demo-plus"
SERVICE_NAME = "Espace Citoyens de Rivemont"
SECRETS = ("secret_key", "client_secret", "plus_client_secret")
# The SIRET of no town: no département has this number.
RECIPIENT = "21999000100014"
DATA_SCOPES = (
    "cnaf_quotient_familial cnaf_enfants "
    "revenu_solidarite_active revenu_solidarite_active_majoration "
    "prime_activite prime_activite_majoration allocation_adulte_handicape "
    "complementaire_sante_solidaire mesri_admissions mesri_admission_inscrit "
    "mesri_admission_etablissement_etude cnous_statut_boursier cnous_echelon_bourse "
    "api_fc-statutaugmentev1 dgfip_rfr dgfip_annee_n_moins_1 "
    "dgfip_annee_n_moins_2_si_indispo_n_moins_1"
)
# What tells a real portal from a trial on this machine.
ADDRESSES = ("BASE_URL", "FRANCECONNECT_ISSUER", "FRANCECONNECT_PLUS_ISSUER")

# As in production: the demo shows what citizens are told.
RETENTION = {
    "RETENTION_UNUSED_MONTHS": "24",
    "RETENTION_FIRST_WARNING_DAYS": "60",
    "RETENTION_LAST_WARNING_DAYS": "15",
    "RETENTION_UNVERIFIED_DAYS": "7",
    "RETENTION_DELETION_DAYS": "14",
    "RETENTION_LINK_MONTHS": "12",
    "RETENTION_JOURNAL_MONTHS": "12",
    "RETENTION_MAIL_DAYS": "30",
    "RETENTION_EXPORT_DAYS": "7",
}


class DemoError(Exception):
    """The demonstration cannot or must not start; the message is in French, for whoever tried."""


@dataclass(frozen=True)
class Demo:
    """Where the demonstration lives and answers."""

    folder: Path
    port: int
    simulator_port: int
    simulator_plus_port: int
    mailbox_port: int

    @property
    def portal_url(self) -> str:
        """By name: browsers make no passkey for an address in digits (WebAuthn §5.1.2)."""
        return f"http://localhost:{self.port}"

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"

    @property
    def simulator_plus_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_plus_port}"

    @property
    def mailbox_url(self) -> str:
        return f"http://127.0.0.1:{self.mailbox_port}"

    @property
    def issuer(self) -> str:
        return f"{self.simulator_url}/api/v2"

    @property
    def plus_issuer(self) -> str:
        return f"{self.simulator_plus_url}/api/v2"

    @property
    def mails(self) -> Path:
        return self.folder / "mails"

    @property
    def simulator_people(self) -> Path:
        return self.folder / "people.json"

    @property
    def simulator_plus_people(self) -> Path:
        return self.folder / "people-plus.json"


def refuse_real_portal(environment: Mapping[str, str], env_file: Path) -> None:
    """Raise DemoError beside the settings of a real portal, in the environment or in `.env`."""
    declared = dict(environment)
    if env_file.exists():
        declared = read_env_file(env_file) | declared
    for name in ADDRESSES:
        if declared.get(name) and not is_loopback(declared[name]):
            raise DemoError(
                f"{name} désigne un vrai portail ({declared[name]}). La démonstration a des mots "
                "de passe connus de tous : lancez-la depuis un autre dossier ou un autre compte, "
                "sans ces réglages."
            )


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a `.env` file, read as the settings would, without setting them."""

    class EnvFile(Env):
        ENVIRON = {}

    EnvFile.read_env(path)
    return EnvFile.ENVIRON


def portal_environment(demo: Demo, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of the portal and of its worker: nothing of the portal's is inherited."""
    kept = read_secrets(demo.folder / "secrets.json")
    settings = {
        "SECRET_KEY": kept["secret_key"],
        "SECRET_KEY_FALLBACKS": "",
        "DEBUG": "false",
        "BASE_URL": demo.portal_url,
        "DATABASE_URL": f"sqlite:///{quote(str(demo.folder / 'db.sqlite3'))}",
        "CACHE_URL": "locmemcache://",
        "EMAIL_URL": f"filemail:///{quote(str(demo.mails))}",
        "DEFAULT_FROM_EMAIL": "Ville de Rivemont <ne-pas-repondre@rivemont.example>",
        "TRUSTED_PROXY_COUNT": "0",
        "FRANCECONNECT_ISSUER": demo.issuer,
        "FRANCECONNECT_CLIENT_ID": CLIENT_ID,
        "FRANCECONNECT_CLIENT_SECRET": kept["client_secret"],
        "FRANCECONNECT_ACR_VALUES": "eidas1",
        "FRANCECONNECT_SCOPES": "openid identite_pivot preferred_username email",
        "FRANCECONNECT_SIGNING_ALG": "ES256",
        "FRANCECONNECT_TIMEOUT": "5",
        "FRANCECONNECT_RATE_LIMIT": "300/m",
        "FRANCECONNECT_SESSION_RATE_LIMIT": "30/m",
        "FRANCECONNECT_MAX_EXCHANGES": "4",
        "FRANCECONNECT_BUTTON_ARTWORK": "",
        "OTHER_BASE_URLS": "",
        "ALERT_EMAIL": "",
        "LOG_FORMAT": "text",
        "COMMENTED_STATEMENTS": "false",
        "SENTRY_DSN": "",
        "BACKUP_FOLDER": "",
        "BACKUP_RECIPIENT": "",
        **RETENTION,
        **plus_settings(demo, kept),
        **data_settings(demo, kept),
    }
    # NAME_FILE wins over NAME (a Docker secret): it must not come from elsewhere either.
    files = {f"{name}_FILE" for name in settings}
    return {
        **{name: value for name, value in inherited.items() if name not in files},
        **settings,
        "DEMO_FOLDER": str(demo.folder),
        "TMPDIR": str(demo.folder),
        "DJANGO_SETTINGS_MODULE": "espace_citoyens.demo.settings",
    }


def plus_settings(demo: Demo, kept: Mapping[str, str]) -> dict[str, str]:
    """What the portal is told of FranceConnect+."""
    return {
        "FRANCECONNECT_PLUS_ISSUER": demo.plus_issuer,
        "FRANCECONNECT_PLUS_CLIENT_ID": PLUS_CLIENT_ID,
        "FRANCECONNECT_PLUS_CLIENT_SECRET": kept["plus_client_secret"],
        "FRANCECONNECT_PLUS_ENCRYPTION_KEY": read_key(demo.folder / "franceconnect-plus.pem"),
        "FRANCECONNECT_PLUS_ACR_VALUES": "eidas2",
        "FRANCECONNECT_PLUS_SCOPES": "openid identite_pivot preferred_username email",
        "FRANCECONNECT_PLUS_SIGNING_ALG": "ES256",
        "FRANCECONNECT_PLUS_TIMEOUT": "5",
    }


def data_settings(demo: Demo, kept: Mapping[str, str]) -> dict[str, str]:
    """Where the portal asks for data: the administrations that the simulator also stands for."""
    providers = f"{demo.simulator_url}/donnees"
    return {
        "FRANCECONNECT_DATA_SCOPES": DATA_SCOPES,
        "API_PARTICULIER_URL": f"{providers}/api-particulier",
        "API_PARTICULIER_RECIPIENT": RECIPIENT,
        "FRANCE_TRAVAIL_URL": f"{providers}/france-travail",
        "DGFIP_URL": f"{providers}/dgfip",
        "DGFIP_TOKEN_URL": f"{providers}/dgfip/token",
        # The simulated gateway knows the services of the simulated FranceConnect.
        "DGFIP_CLIENT_ID": CLIENT_ID,
        "DGFIP_CLIENT_SECRET": kept["client_secret"],
        "DGFIP_TELESERVICE": "demonstration",
    }


def simulator_environment(demo: Demo, portal: Mapping[str, str]) -> dict[str, str]:
    """The environment of the simulator, which knows the portal as FranceConnect would."""
    options = {
        "PLATFORM": "low",
        "PORT": str(demo.simulator_port),
        "CLIENT_ID": CLIENT_ID,
        "CLIENT_SECRET": portal["FRANCECONNECT_CLIENT_SECRET"],
        "PEOPLE": str(demo.simulator_people),
        "SCOPES": f"{portal['FRANCECONNECT_SCOPES']} {portal['FRANCECONNECT_DATA_SCOPES']}",
    }
    return _simulator_environment(demo, portal, "franceconnect", options)


def simulator_plus_environment(demo: Demo, portal: Mapping[str, str]) -> dict[str, str]:
    """The same for the one that stands for FranceConnect+, which also fetches our key set."""
    options = {
        "PLATFORM": "high",
        "PORT": str(demo.simulator_plus_port),
        "CLIENT_ID": PLUS_CLIENT_ID,
        "CLIENT_SECRET": portal["FRANCECONNECT_PLUS_CLIENT_SECRET"],
        "PEOPLE": str(demo.simulator_plus_people),
        "JWKS_URI": f"{demo.portal_url}/franceconnect-plus/jwks/",
    }
    return _simulator_environment(demo, portal, "franceconnect-plus", options)


def _simulator_environment(
    demo: Demo, portal: Mapping[str, str], folder: str, options: dict[str, str]
) -> dict[str, str]:
    """`folder` is the portal's own for this platform; nothing it knows of FranceConnect is left."""
    inherited = {
        name: value
        for name, value in portal.items()
        if not name.startswith(("FRANCECONNECT_", "DGFIP_"))
        and name not in ("SECRET_KEY", "DJANGO_SETTINGS_MODULE")
    }
    options = options | {
        "HOST": "127.0.0.1",
        "SERVICE_NAME": SERVICE_NAME,
        "REDIRECT_URI": f"{demo.portal_url}/{folder}/callback/",
        "POST_LOGOUT_REDIRECT_URI": f"{demo.portal_url}/{folder}/logout-callback/",
        "MAIL_FOLDER": str(demo.mails),
    }
    return inherited | {f"FRANCECONNECT_SIMULATOR_{name}": value for name, value in options.items()}


def read_secrets(path: Path) -> dict[str, str]:
    """The demo's own secrets, made at the first start and kept, for nobody else to read."""
    made = {name: secrets.token_urlsafe(48) for name in SECRETS}
    kept = json.loads(kept_text(path, json.dumps(made)))
    if set(SECRETS) <= set(kept):
        return kept
    # Made by an earlier version: what it lacks is added, what it has stays.
    path.write_text(json.dumps(made | kept), encoding="utf-8")
    return made | kept


def read_key(path: Path) -> str:
    """The portal's own private key (P-256, PEM), which opens what FranceConnect+ encrypts."""
    made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return kept_text(path, made.decode())


def kept_text(path: Path, made: str) -> str:
    """What this file holds; `made` is written there, for nobody else to read, if it is new."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("utf-8")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(made)
    return made
