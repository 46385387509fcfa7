"""Mon activité: the journal of a citizen, in words that they read."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from django.db import models
from django.db.models import QuerySet
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.blocked import BLOCKED
from accounts.models import JournalEntry, JournalKind, User
from accounts.open_sessions import SessionEnd
from accounts.parts import join_in_french, labels_of

Kind = JournalKind


class Family(models.TextChoices):
    """What citizens filter by; every kind of line is of one family."""

    SIGN_INS = "connexions", "Connexions"
    CHANGES = "changements", "Changements"
    TOWN_HALL = "mairie", "Mairie"
    MAIL = "courriels", "Courriels"


class Period(models.TextChoices):
    """How far back; the journal itself goes back twelve months."""

    WEEK = "7-jours", "7 derniers jours"
    MONTH = "30-jours", "30 derniers jours"
    QUARTER = "3-mois", "3 derniers mois"
    ALL = "12-mois", "12 derniers mois"


DAYS = {Period.WEEK: 7, Period.MONTH: 30, Period.QUARTER: 92}
TITLES = {
    Family.SIGN_INS: {
        Kind.SIGNED_IN: "Connexion à votre espace",
        Kind.SIGNED_OUT: "Déconnexion de votre espace",
        Kind.SIGN_IN_REFUSED: "Connexion refusée",
        Kind.PROVEN_AGAIN: "Identité confirmée pendant une session",
        Kind.SESSIONS_ENDED: "Sessions fermées",
        Kind.RECOVERY_CODE_USED: "Code de secours utilisé",
    },
    Family.CHANGES: {
        Kind.SPACE_CREATED: "Création de votre espace",
        Kind.PROFILE_CHANGED: "Modification de votre profil",
        Kind.CONTACT_VERIFIED: "Adresse e-mail de contact vérifiée",
        Kind.IDENTITY_REFRESHED: "Identité mise à jour",
        Kind.LINKED: "Espace certifié",
        Kind.UNLINKED: "Espace dissocié",
        Kind.PASSWORD_CHANGED: "Nouveau mot de passe",
        Kind.EMAIL_CHANGED: "Nouvelle adresse e-mail de connexion",
        Kind.PASSKEY_ADDED: "Clé d’accès ajoutée",
        Kind.PASSKEY_REMOVED: "Clé d’accès retirée",
        Kind.SECOND_FACTOR_ON: "Double authentification activée",
        Kind.SECOND_FACTOR_OFF: "Double authentification désactivée",
        Kind.RECOVERY_CODES_MADE: "Nouveaux codes de secours",
        Kind.DATA_FETCHED: "Donnée demandée à une administration",
        Kind.DATA_EXPORTED: "Copie de vos données téléchargée",
        Kind.DELETION_ASKED: "Suppression de votre espace demandée",
        Kind.DELETION_CANCELLED: "Suppression de votre espace annulée",
        Kind.UNUSED_WARNED: "Avertissement : votre espace inutilisé va être effacé",
        Kind.SPACE_DELETED: "Suppression de votre espace",
    },
    Family.TOWN_HALL: {
        Kind.SEARCHED: "Recherche",
        Kind.FILE_FOUND: "Dossier trouvé par une recherche",
        Kind.FILE_OPENED: "Dossier consulté",
        Kind.FILE_CHANGED: "Dossier modifié",
        Kind.IDENTITY_CHECKED: "Identité vérifiée en mairie",
        Kind.BLOCKED: "Accès à votre espace bloqué",
        Kind.UNBLOCKED: "Accès à votre espace rétabli",
        Kind.MAIL_RESENT: "Courriel renvoyé",
        Kind.DUPLICATE_DISMISSED: "Comparaison avec un autre espace",
        Kind.SPACES_MERGED: "Deux espaces réunis en un seul",
        Kind.MERGE_UNDONE: "Réunion de deux espaces annulée",
        Kind.LIST_EXPORTED: "Dossier compris dans une liste exportée",
        Kind.AGENT_CHANGED: "Compte d’agent modifié",
        Kind.AGENT_RECOVERED: "Accès d’un agent rétabli",
        Kind.SETTINGS_CHANGED: "Réglages modifiés",
        Kind.COUNTER_CODE_ASKED: "Code d’accès préparé en mairie",
        Kind.COUNTER_CODE_GIVEN: "Code d’accès remis en mairie",
        Kind.COUNTER_CODE_USED: "Code remis en mairie utilisé",
    },
    Family.MAIL: {
        Kind.MAIL_SENT: "Courriel envoyé",
        Kind.MAIL_FAILED: "Courriel non distribué",
    },
}
FAMILY_OF = {kind: family for family, titles in TITLES.items() for kind in titles}
ICONS = {
    Family.SIGN_INS: "key",
    Family.CHANGES: "pencil",
    Family.TOWN_HALL: "home",
    Family.MAIL: "mail",
}
WORRYING = (Kind.SIGN_IN_REFUSED, Kind.MAIL_FAILED)
# Other causes are those of a provider: their words were on the page that refused.
CAUSES = {
    "wrong_password": "Le mot de passe était incorrect.",
    "counter_cancelled": "Ce code a été annulé : il n’ouvre plus rien.",
    "wrong_door": "Aucun mot de passe n’ouvre votre espace.",
    BLOCKED: "La mairie avait bloqué l’accès à votre espace.",
    "data_received": "La donnée a été reçue, et montrée à vous seul.",
    "data_no_file": "Cette administration n’a pas de dossier à votre nom.",
    "data_doubtful": "La réponse était vide ou nulle : rien n’en a été gardé.",
    "data_not_granted": "Cette donnée n’a pas été transmise à la mairie.",
    "data_token_expired": "Votre accord était trop ancien : rien n’a été reçu.",
    "data_busy": "Trop de demandes à la fois : rien n’a été reçu.",
    "data_unavailable": "Cette administration n’a pas répondu : rien n’a été reçu.",
    **dict(SessionEnd.choices),
}
# About a message, whose subject goes with the line.
ABOUT_MAIL = (Kind.MAIL_SENT, Kind.MAIL_FAILED, Kind.MAIL_RESENT)
UNDELIVERED = "Vérifiez vos adresses e-mail dans votre profil et vos identifiants."
UNKNOWN_MESSAGE = "message de votre espace"


@dataclass(frozen=True)
class Line:
    """One line of the journal, as a citizen reads it; an empty text has nothing to say."""

    at: datetime.datetime
    family: str
    title: str
    cause: str
    means: str
    device: str
    network: str
    reference: str
    agent: str
    agent_reference: str
    reason: str
    icon: str
    is_worrying: bool

    @property
    def origin(self) -> str:
        """From where, in one phrase."""
        return ", ".join(part for part in (self.device, self.network) if part)


def entries_of(citizen: User, *, family: str = "", period: str = "") -> QuerySet[JournalEntry]:
    """The journal of this citizen, newest first, of one `Family` and one `Period` if given."""
    entries = JournalEntry.objects.filter(citizen=citizen).select_related("actor")
    if family:
        entries = entries.filter(kind__in=TITLES[family])
    if days := DAYS.get(period):
        entries = entries.filter(at__gte=timezone.now() - datetime.timedelta(days=days))
    return entries


def by_day(entries: Iterable[JournalEntry]) -> list[tuple[datetime.date, list[Line]]]:
    """These entries, in their order, under the day of each in the town's time."""
    lines = map(line_of, entries)
    days = groupby(lines, key=lambda line: timezone.localdate(line.at))
    return [(day, list(lines)) for day, lines in days]


def line_of(entry: JournalEntry) -> Line:
    """What a citizen reads of an entry: of an agent the capacity and a reference, never a name."""
    family = FAMILY_OF[entry.kind]
    agent = f"un agent de la mairie ({entry.capacity})" if entry.actor else ""
    return Line(
        at=entry.at,
        family=family.label,
        title=_title(entry),
        cause=_cause(entry),
        means="" if entry.kind in ABOUT_MAIL else entry.means,
        device=entry.device,
        network=entry.network,
        reference=entry.reference,
        agent=agent,
        agent_reference=entry.actor.agent_reference if entry.actor else "",
        reason=entry.reason,
        icon="alert" if entry.kind in WORRYING else ICONS[family],
        is_worrying=entry.kind in WORRYING,
    )


def _title(entry: JournalEntry) -> str:
    title = TITLES[FAMILY_OF[entry.kind]][entry.kind]
    return titled_mail(title, entry) if entry.kind in ABOUT_MAIL else title


def _cause(entry: JournalEntry) -> str:
    if entry.kind == Kind.MAIL_FAILED:
        return UNDELIVERED
    if entry.kind == Kind.FILE_CHANGED and (parts := labels_of(entry.code.split())):
        return f"Ce qui a changé : {join_in_french(parts)}."
    return CAUSES.get(entry.code, "")


def titled_mail(title: str, entry: JournalEntry) -> str:
    """This title, and the subject of the mail that the line is about."""
    return f"{title} : « {_subject(entry)} »"


def _subject(entry: JournalEntry) -> str:
    """The subject of a mail, from its template: no subject holds a code or a personal datum.

    The journal keeps which message it was; one whose template is gone is named in general.
    """
    try:
        subject = render_to_string(f"{entry.code}_subject.txt", {"means": entry.means})
    except TemplateDoesNotExist:
        return UNKNOWN_MESSAGE
    return " ".join(subject.split()) or UNKNOWN_MESSAGE


COLUMNS = (
    "Date",
    "Heure",
    "Type",
    "Événement",
    "Précision",
    "Moyen",
    "Appareil",
    "Réseau",
    "Référence",
    "Agent",
    "Référence de l’agent",
    "Motif",
)


def table_of(entries: Iterable[JournalEntry]) -> Iterator[list[str]]:
    """The rows of a spreadsheet, its header first."""
    yield list(COLUMNS)
    for line in map(line_of, entries):
        at = timezone.localtime(line.at)
        cells = [f"{at:%d/%m/%Y}", f"{at:%H:%M:%S}", line.family, line.title, line.cause]
        cells += [line.means, line.device, line.network, line.reference]
        cells += [line.agent, line.agent_reference, line.reason]
        yield cells
