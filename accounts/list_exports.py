"""A list of people that leaves the portal: limited, told to each of them, and marked.

Nobody but the data protection officer may take one (`accounts.export_spaces`).
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.formats import number_format

from accounts import journal
from accounts.files import capacity_of
from accounts.models import JournalEntry, JournalKind, PersonalSpace, Provenance, User
from accounts.phones import written

MOST_LINES = 5000
FILES_A_DAY = 3
CERTIFIED, NOT_CERTIFIED = "certified", "not_certified"
COLUMNS = [
    "Référence",
    "Nom de naissance",
    "Nom d’usage",
    "Prénoms",
    "Date de naissance",
    "Adresse e-mail de contact",
    "Téléphone",
    "Code postal",
    "Commune",
    "Identité",
    "Créé le",
    "Dernière connexion",
]


@dataclass(frozen=True)
class Criteria:
    """Which people; what is None or empty leaves nobody out. Both days are in."""

    created_from: datetime.date | None = None
    created_to: datetime.date | None = None
    identity: str = ""
    unused_since: datetime.date | None = None

    def spaces(self) -> QuerySet[PersonalSpace]:
        """The spaces of these people; one that nobody ever opened is unused since it was made."""
        spaces = PersonalSpace.objects.filter(user__is_staff=False)
        if self.created_from:
            spaces = spaces.filter(created_at__gte=_midnight(self.created_from))
        if self.created_to:
            next_day = self.created_to + datetime.timedelta(days=1)
            spaces = spaces.filter(created_at__lt=_midnight(next_day))
        if self.identity:
            certified = Q(identity_provenance=Provenance.FRANCECONNECT)
            spaces = spaces.filter(certified if self.identity == CERTIFIED else ~certified)
        if self.unused_since:
            day = _midnight(self.unused_since)
            never = Q(user__last_login=None, created_at__lt=day)
            spaces = spaces.filter(Q(user__last_login__lt=day) | never)
        return spaces.select_related("user").order_by("birth_family_name", "pk")


@dataclass(frozen=True)
class ListExport:
    """A list that was taken: its mark, and the people in it."""

    reference: str
    agent_reference: str
    at: datetime.datetime
    spaces: list[PersonalSpace]

    @property
    def file_name(self) -> str:
        day = timezone.localdate(self.at)
        return f"liste-{self.reference}-{self.agent_reference}-{day:%Y-%m-%d}.csv"

    def table(self) -> Iterator[list[str]]:
        """The rows of the file; whoever finds it knows whose it is by its first or last one."""
        yield [self._mark]
        yield COLUMNS
        yield from map(_row, self.spaces)
        yield [self._mark]

    @property
    def _mark(self) -> str:
        at = timezone.localtime(self.at)
        return (
            f"Liste {self.reference} exportée le {at:%d/%m/%Y} à {at:%H:%M} par l’agent "
            f"{self.agent_reference}. Personnes\u00a0: {len(self.spaces)}. Données personnelles, "
            "à ne pas diffuser et à effacer après usage."
        )


@transaction.atomic
def export(agent: User, criteria: Criteria, *, reason: str) -> ListExport:
    """Take the list: a line for the agent, one for each of its people. Raises ValidationError.

    The agent's row is locked first: two clicks at once are two files, and the fourth is none.
    """
    User.objects.select_for_update(no_key=True).get(pk=agent.pk)
    _refuse_a_file_too_many(agent)
    spaces = list(criteria.spaces()[: MOST_LINES + 1])
    if not spaces:
        raise ValidationError("Personne ne répond à ces critères. Changez-les.")
    if len(spaces) > MOST_LINES:
        most = number_format(MOST_LINES, force_grouping=True)
        raise ValidationError(
            f"Plus de {most} personnes répondent à ces critères, le maximum d’un fichier. "
            "Resserrez les dates."
        )
    taken = ListExport(
        reference=journal.new_incident_reference(),
        agent_reference=agent.agent_reference,
        at=timezone.now(),
        spaces=spaces,
    )
    words = {"capacity": capacity_of(agent), "reference": taken.reference, "reason": reason}
    journal.record(JournalKind.LIST_EXPORTED, citizen=None, actor=agent, **words)
    citizens = [space.user for space in spaces]
    journal.record_for_each(JournalKind.LIST_EXPORTED, citizens, actor=agent, **words)
    return taken


def _refuse_a_file_too_many(agent: User) -> None:
    today = JournalEntry.objects.filter(
        kind=JournalKind.LIST_EXPORTED,
        actor=agent,
        citizen=None,
        at__gte=_midnight(timezone.localdate()),
    )
    if today.count() >= FILES_A_DAY:
        raise ValidationError(
            f"Vous avez déjà exporté {FILES_A_DAY} listes aujourd’hui, le maximum d’une journée. "
            "Recommencez demain."
        )


def _row(space: PersonalSpace) -> list[str]:
    return [
        space.reference,
        space.birth_family_name,
        space.usual_name,
        space.given_names_display,
        "/".join(reversed(space.birthdate_text.split("-"))),
        space.contact_email,
        written(space.phone),
        space.postcode,
        space.city,
        space.get_identity_provenance_display(),
        _day(space.created_at),
        _day(space.user.last_login),
    ]


def _day(at: datetime.datetime | None) -> str:
    return f"{timezone.localtime(at):%d/%m/%Y}" if at else ""


def _midnight(day: datetime.date) -> datetime.datetime:
    """When this day begins in the town."""
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
