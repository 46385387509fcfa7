"""Everything that can be wrong before a portal opens, in an integrator's words.

Nothing is changed, but for one mail when an address is given. No secret, no datum of a person is
ever part of a finding.
"""

import shutil
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.mail import EmailMessage, get_connection
from django.db import connection
from django.utils import timezone

from accounts.models import User
from espace_citoyens import health
from espace_citoyens.models import Town
from franceconnect import conf, diagnosis
from franceconnect.diagnosis import Finding, Status

OLDEST_POSTGRESQL = 14
CERTIFICATE_DAYS = 14
MAIL_QUEUE_SECONDS = 600
CLOCK_SECONDS = 10
GIBIBYTE = 2**30


def groups(mail_to: str = "") -> list[tuple[str, Callable[[], Iterator[Finding]]]]:
    """What is looked at, in the order to mend it; `mail_to` receives a mail if it is given."""
    return [
        ("Réglages", settings_findings),
        ("Adresse publique", address_findings),
        ("Base de données", database_findings),
        ("Cache", cache_findings),
        ("Courriels", lambda: mail_findings(mail_to)),
        ("FranceConnect", franceconnect_findings),
        ("Disque", disk_findings),
        ("Ville et agents", town_findings),
    ]


def settings_findings() -> Iterator[Finding]:
    """Django's own checks for a deployment; those of FranceConnect come with it."""
    found = [
        Finding(
            Status.WRONG if message.is_serious() else Status.DOUBTFUL,
            f"Django signale : {message.msg}",
            message.hint or "",
        )
        for message in checks.run_checks(include_deployment_checks=True)
        if not str(message.id).startswith("franceconnect.")
    ]
    yield from found or [Finding(Status.RIGHT, "Aucune contradiction.")]


def address_findings() -> Iterator[Finding]:
    """Whether the public address answers with a certificate that browsers accept, and for long."""
    if settings.IS_LOCAL:
        title = f"{settings.BASE_URL} : un essai sur cette machine."
        yield Finding(
            Status.DOUBTFUL, title, "Avant d’ouvrir, donnez à BASE_URL l’adresse publique."
        )
        return
    parts = urlsplit(settings.BASE_URL)
    try:
        expires = certificate_end(parts.hostname, parts.port or 443)
    except ssl.SSLError:
        remedy = "Vérifiez le certificat du serveur mandataire, sa chaîne et son nom d’hôte."
        yield Finding(Status.WRONG, f"{settings.BASE_URL} : certificat refusé.", remedy)
    except OSError:
        remedy = "Vérifiez le DNS, le port 443 et le serveur mandataire."
        yield Finding(Status.WRONG, f"{settings.BASE_URL} : injoignable d’ici.", remedy)
    else:
        days = (expires - timezone.now()).days
        title = f"{settings.BASE_URL} : certificat valable encore {days} jours."
        is_short = days < CERTIFICATE_DAYS
        remedy = "Vérifiez que le serveur mandataire le renouvelle seul." if is_short else ""
        yield Finding(Status.DOUBTFUL if is_short else Status.RIGHT, title, remedy)


def certificate_end(host: str, port: int) -> datetime:
    """When the certificate that `host` presents ends; raises SSLError or OSError."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        ends = ssl.cert_time_to_seconds(secured.getpeercert()["notAfter"])
    return datetime.fromtimestamp(ends, tz=UTC)


def database_findings() -> Iterator[Finding]:
    """Its version, its rights, its tables, its clock."""
    try:
        if connection.vendor != "postgresql":
            remedy = "Donnez à DATABASE_URL l’adresse d’une base PostgreSQL."
            yield Finding(Status.DOUBTFUL, "SQLite : pour un essai seulement.", remedy)
        else:
            yield from _postgresql_findings()
        if health.has_migrated():
            yield Finding(Status.RIGHT, "Tables à jour.")
        else:
            yield Finding(
                Status.WRONG, "Tables en retard sur le code.", "Lancez manage.py migrate."
            )
    except health.AWAY:
        remedy = "Vérifiez DATABASE_URL, et que la base répond depuis cette machine."
        yield Finding(Status.WRONG, "Base injoignable, ou accès refusé.", remedy)


def _postgresql_findings() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int / 10000, now(), rolsuper,"
            " has_schema_privilege(current_schema(), 'CREATE')"
            " FROM pg_roles WHERE rolname = current_user"
        )
        version, now, is_superuser, may_create = cursor.fetchone()
    if version < OLDEST_POSTGRESQL:
        remedy = f"Passez à PostgreSQL {OLDEST_POSTGRESQL} ou plus récent."
        yield Finding(Status.WRONG, f"PostgreSQL {version} : trop ancien.", remedy)
    else:
        yield Finding(Status.RIGHT, f"PostgreSQL {version}.")
    if is_superuser:
        remedy = "Donnez au portail un compte qui ne possède que sa base."
        yield Finding(Status.DOUBTFUL, "Son compte a tous les droits sur le serveur.", remedy)
    if not may_create:
        remedy = (
            "Accordez CREATE sur le schéma au compte du portail : les mises à jour en ont besoin."
        )
        yield Finding(Status.WRONG, "Son compte ne peut pas créer de table.", remedy)
    if abs((timezone.now() - now).total_seconds()) > CLOCK_SECONDS:
        remedy = "Réglez les deux horloges par NTP."
        yield Finding(Status.WRONG, "L’horloge de la base n’est pas celle du portail.", remedy)


def cache_findings() -> Iterator[Finding]:
    """Whether it is shared by every process, and answers."""
    if not settings.CACHE_IS_SHARED:
        remedy = "Avec plusieurs processus, donnez à CACHE_URL un Valkey ou un Redis."
        yield Finding(Status.DOUBTFUL, "Propre à chaque processus.", remedy)
        return
    try:
        answers = health.has_cache()
    except health.AWAY:
        answers = False
    if answers:
        yield Finding(Status.RIGHT, "Commun à tous les processus, et il répond.")
    else:
        remedy = "Vérifiez CACHE_URL, et que le serveur répond depuis cette machine."
        yield Finding(Status.WRONG, "Le cache ne répond pas.", remedy)


def mail_findings(mail_to: str) -> Iterator[Finding]:
    """Whether a mail leaves now, if an address is given; whether the worker sends the others."""
    backend = settings.POST_OFFICE["BACKENDS"]["default"]
    if "smtp" not in backend:
        remedy = "Donnez à EMAIL_URL un serveur d’envoi."
        yield Finding(Status.DOUBTFUL, "Les courriels ne partent pas : c’est un essai.", remedy)
    if mail_to:
        yield _sent_mail(backend, mail_to)
    else:
        remedy = "Relancez avec --courriel et votre adresse."
        yield Finding(Status.DOUBTFUL, "Aucun envoi n’a été essayé.", remedy)
    if not settings.ALERT_EMAIL:
        remedy = "Donnez à ALERT_EMAIL l’adresse de l’exploitant."
        yield Finding(Status.DOUBTFUL, "Personne n’est prévenu d’un réglage refusé.", remedy)
    try:
        waiting = health.mail_queue_seconds()
    except health.AWAY:
        return
    if waiting > MAIL_QUEUE_SECONDS:
        title = f"Un courriel attend depuis {waiting // 60} minutes."
        yield Finding(Status.WRONG, title, "Vérifiez que manage.py worker tourne.")


def _sent_mail(backend: str, mail_to: str) -> Finding:
    message = EmailMessage(
        subject="Essai d’envoi du portail",
        body=f"Ce courriel montre que le portail {settings.BASE_URL} sait en envoyer.\n",
        to=[mail_to],
        connection=get_connection(backend=backend),
    )
    try:
        message.send()
    except (OSError, SMTPException) as error:
        title = f"Envoi refusé ({type(error).__name__})."
        return Finding(Status.WRONG, title, "Vérifiez EMAIL_URL et DEFAULT_FROM_EMAIL.")
    return Finding(Status.RIGHT, "Courriel accepté par le serveur : vérifiez qu’il arrive.")


def franceconnect_findings() -> Iterator[Finding]:
    """All that `franceconnect_check` says of each platform."""
    platforms = conf.platforms()
    if not platforms:
        remedy = "Voir docs/integration-franceconnect.md."
        yield Finding(Status.DOUBTFUL, "Non configuré : le bouton n’existe pas.", remedy)
        return
    yield from diagnosis.settings_findings()
    for platform in platforms:
        yield from diagnosis.platform_findings(platform)


def disk_findings() -> Iterator[Finding]:
    """The room left where the portal writes."""
    for folder in dict.fromkeys([settings.BASE_DIR, Path(tempfile.gettempdir())]):
        usage = shutil.disk_usage(folder)
        title = f"{folder} : {usage.free / GIBIBYTE:.1f} Gio libres."
        if usage.free < 0.05 * usage.total:
            yield Finding(Status.WRONG, title, "Libérez de la place : moins de 5 % restent.")
        else:
            yield Finding(Status.RIGHT, title)


def town_findings() -> Iterator[Finding]:
    """What citizens read of the town, and whether an agent can come in."""
    try:
        town, has_agent = Town.objects.first(), _has_administrator()
    except health.AWAY:
        return
    if town is None or town.name == Town._meta.get_field("name").default:
        yield Finding(Status.WRONG, "La ville n’a pas de nom.", "Donnez-le dans /admin/.")
    elif not (town.email or town.phone):
        remedy = "Donnez dans /admin/ un téléphone ou une adresse e-mail de la mairie."
        yield Finding(Status.WRONG, "Un habitant en difficulté n’a personne à joindre.", remedy)
    else:
        yield Finding(Status.RIGHT, "La ville a un nom et un contact.")
    if not has_agent:
        remedy = "Créez-en un : manage.py createsuperuser."
        yield Finding(Status.WRONG, "Aucun agent ne peut administrer le portail.", remedy)


def _has_administrator() -> bool:
    return User.objects.filter(is_staff=True, is_superuser=True, is_active=True).exists()
