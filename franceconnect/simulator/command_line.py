"""Options of ``python -m franceconnect.simulator``, each also an environment variable.

The variable of ``--mail-folder`` is ``FRANCECONNECT_SIMULATOR_MAIL_FOLDER``, and so on; lists
are separated by spaces there. Give the client secret by its variable, never as an option,
which anybody on the machine can read.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from franceconnect.simulator import runtime, server
from franceconnect.simulator.configuration import (
    Client,
    Configuration,
    ConfigurationError,
    is_local_http,
    read_clients,
)
from franceconnect.simulator.platforms import LOW, PLATFORMS, Platform

PREFIX = "FRANCECONNECT_SIMULATOR_"
DEMO_CLIENT = "espace-citoyens-demo"
PORTAL = "http://127.0.0.1:8000"
TRUE = ("1", "true", "oui", "yes", "on")


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; 1 when the simulator cannot or must not start."""
    try:
        refuse_production(os.environ)
        options = options_parser(os.environ).parse_args(arguments)
        configuration, generated_secret = read_configuration(options)
        runtime.start(configuration)
        listener = server.listen(configuration.host, configuration.port)
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    announce(configuration, generated_secret)
    server.serve(listener)
    return 0


def refuse_production(environment: Mapping[str, str]) -> None:
    """Raise ``ConfigurationError`` beside a portal that is not plain http on loopback."""
    base_url = environment.get("BASE_URL", "")
    if base_url and not is_local_http(base_url):
        raise ConfigurationError(
            f"Le simulateur ne démarre pas à côté d’un portail de production ({base_url}). "
            "Utilisez-le sur votre poste, avec BASE_URL en http sur 127.0.0.1."
        )


def options_parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """The options, whose defaults come from the environment."""

    def default(name: str, otherwise: str = "") -> str:
        return environment.get(f"{PREFIX}{name}") or otherwise

    parser = argparse.ArgumentParser(
        add_help=False,
        prog="python -m franceconnect.simulator",
        description="Simulateur de FranceConnect : identités fictives, aucun lien avec l’État.",
        epilog="Chaque option a sa variable d’environnement, FRANCECONNECT_SIMULATOR_ suivi de "
        "son nom en capitales (FRANCECONNECT_SIMULATOR_MAIL_FOLDER, par exemple).",
    )
    add = parser.add_argument
    add("-h", "--help", action="help", help="montre cette aide")
    add("--host", default=default("HOST", "127.0.0.1"), help="adresse d’écoute (%(default)s)")
    add("--port", type=int, default=default("PORT", "8100"), help="port d’écoute (%(default)s)")
    add(
        "--platform",
        choices=PLATFORMS,
        default=default("PLATFORM", LOW.name),
        help="low : FranceConnect ; high : FranceConnect+, dont les jetons sont chiffrés "
        "(%(default)s)",
    )
    add("--issuer", default=default("ISSUER"), help="autre adresse publique, avec /api/v2")
    add("--people", default=default("PEOPLE"), help="fichier JSON de personnes à ajouter")
    add("--mail-folder", default=default("MAIL_FOLDER"), help="dossier des courriels d’alerte")
    add(
        "--control",
        action="store_true",
        default=default("CONTROL").lower() in TRUE,
        help="ouvre /_control/, par où les tests font mal se conduire le simulateur",
    )
    _add_service_options(parser, default)
    return parser


def _add_service_options(parser: argparse.ArgumentParser, default: Callable[..., str]) -> None:
    """A file of services, or the few values of a single one."""
    group = parser.add_argument_group("services", "un fichier, ou un seul service décrit ici")
    add = group.add_argument
    add("--clients", default=default("CLIENTS"), help="fichier JSON des services connus")
    add("--client-id", default=default("CLIENT_ID", DEMO_CLIENT), help="(%(default)s)")
    add("--client-secret", default=default("CLIENT_SECRET"), help="préférez la variable")
    add("--service-name", default=default("SERVICE_NAME", "Espace Citoyens"), help="(%(default)s)")
    add("--redirect-uri", action="append", help="adresse de retour (répétable)")
    add("--post-logout-redirect-uri", action="append", help="retour de déconnexion (répétable)")
    add("--signing-alg", choices=LOW.algorithms, default=default("SIGNING_ALG", "ES256"))
    add("--jwks-uri", default=default("JWKS_URI"), help="clés de chiffrement (FranceConnect+)")
    add("--scopes", default=default("SCOPES"), help="portées accordées, séparées par des espaces")
    parser.set_defaults(
        redirect_uri=default("REDIRECT_URI").split(),
        post_logout_redirect_uri=default("POST_LOGOUT_REDIRECT_URI").split(),
    )


def read_configuration(options: argparse.Namespace) -> tuple[Configuration, str]:
    """The configuration, and the client secret if one had to be made up."""
    platform, generated_secret = _platform(options.platform), ""
    if options.clients:
        clients = read_clients(Path(options.clients))
    else:
        generated_secret = "" if options.client_secret else secrets.token_urlsafe(48)
        secret = options.client_secret or generated_secret
        clients = (_default_client(options, platform, secret),)
    configuration = Configuration(
        clients=clients,
        platform=platform,
        host=options.host,
        port=options.port,
        issuer=options.issuer.rstrip("/"),
        people_file=Path(options.people) if options.people else None,
        mail_folder=Path(options.mail_folder) if options.mail_folder else None,
        control=options.control,
    )
    return configuration, generated_secret


def _platform(name: str) -> Platform:
    """``choices`` does not look at a value that comes from the environment."""
    if name not in PLATFORMS:
        raise ConfigurationError(
            f"La plateforme « {name} » n’existe pas. Choisissez parmi : {', '.join(PLATFORMS)}."
        )
    return PLATFORMS[name]


def _default_client(options: argparse.Namespace, platform: Platform, client_secret: str) -> Client:
    folder = f"{PORTAL}/{platform.portal_folder}"
    jwks_uri = f"{folder}/jwks/" if platform.is_encrypted else ""
    return Client(
        client_id=options.client_id,
        client_secret=client_secret,
        service_name=options.service_name,
        redirect_uris=tuple(options.redirect_uri) or (f"{folder}/callback/",),
        post_logout_redirect_uris=(
            tuple(options.post_logout_redirect_uri) or (f"{folder}/logout-callback/",)
        ),
        signing_alg=options.signing_alg,
        scopes=tuple(options.scopes.split()),
        jwks_uri=options.jwks_uri or jwks_uri,
    )


def announce(configuration: Configuration, generated_secret: str) -> None:
    """Say on the standard output where the simulator answers, and a secret it made up."""
    lines = [
        f"Simulateur de {configuration.platform.label} : {configuration.base_url}/",
        f"Émetteur : {configuration.issuer}",
    ]
    if generated_secret:
        client_id = configuration.clients[0].client_id
        lines.append(f"Secret généré pour {client_id} : {generated_secret}")
    print("\n".join(lines), flush=True)  # noqa: T201
