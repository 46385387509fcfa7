"""Two spaces side by side, in words: what agents read before they decide."""

from dataclasses import dataclass
from enum import Enum

from django.db.models import Count

from accounts.credentials import provider_ways_in, read_credentials
from accounts.merge_plan import GROUPS, LABELS, Plan
from accounts.merge_rules import is_protected, providers
from accounts.models import JournalEntry, PersonalSpace, Provenance, User
from accounts.names import folded
from accounts.phones import written
from accounts.templatetags.accounts import birthdate, country_label, day, gender_label, place_label


class Verdict(Enum):
    """What two values are to each other: a sign and a word, so that no colour has to tell."""

    SAME = ("=", "identique")
    SPELLING = ("≈", "écrit autrement")
    ALONE = ("+", "d’un seul côté")
    DIFFERENT = ("≠", "différent")
    EMPTY = ("", "")

    @property
    def sign(self) -> str:
        return self.value[0]

    @property
    def words(self) -> str:
        return self.value[1]


@dataclass(frozen=True)
class Row:
    """One datum of both spaces."""

    label: str
    first: str
    second: str

    @property
    def verdict(self) -> Verdict:
        if not (self.first or self.second):
            return Verdict.EMPTY
        if self.first == self.second:
            return Verdict.SAME
        if not (self.first and self.second):
            return Verdict.ALONE
        is_spelling = folded(self.first) == folded(self.second)
        return Verdict.SPELLING if is_spelling else Verdict.DIFFERENT


def rows_of_data(first: PersonalSpace, second: PersonalSpace) -> list[Row]:
    """Civil status, contact details and address, each with its provenance."""
    pairs = zip(_data(first), _data(second), strict=True)
    return [Row(label, one, other) for (label, one), (_, other) in pairs]


def rows_of_use(first: PersonalSpace, second: PersonalSpace) -> list[tuple[str, str, str]]:
    """What opens each space, and what was done in it; never an identifier."""
    users = (first.user, second.user)
    ties = providers().ties(users)
    counts = JournalEntry.objects.filter(citizen__in=users).values_list("citizen")
    lines = dict(counts.annotate(Count("pk")).order_by())
    columns = [_use(space, ties, lines) for space in (first, second)]
    return [(label, one, other) for (label, one), (_, other) in zip(*columns, strict=True)]


def rows_of_result(plan: Plan) -> list[tuple[str, list[str], PersonalSpace]]:
    """What the space would hold: for each group its label, its lines, and where they come from."""
    return [
        (LABELS[group], _lines_of(plan.sources[group], group), plan.sources[group])
        for group in GROUPS
    ]


def words_of(space: PersonalSpace, group: str) -> str:
    """The data of one group, on one line, for whoever chooses between two."""
    return ", ".join(_lines_of(space, group)) or "rien"


def doors_of(user: User, *tied: User) -> str:
    """What opens this space, with the ties of these others too."""
    doors = read_credentials(user)
    pks = [person.pk for person in (user, *tied)]
    ties = provider_ways_in(User.objects.filter(pk__in=pks)) if tied else doors.providers
    local = ["mot de passe"] if doors.has_password else []
    if count := len(doors.passkeys):
        local.append(f"{count} clé{'s' if count > 1 else ''} d’accès")
    return ", ".join([*ties, *local]) or "rien"


def _lines_of(space: PersonalSpace, group: str) -> list[str]:
    labels = {
        "identity": ("Nom de naissance", "Prénoms", "Sexe", "Naissance", "Lieu de naissance"),
        "usual_name": ("Nom d’usage",),
        "email": ("E-mail de contact",),
        "phone": ("Téléphone",),
        "address": ("Adresse",),
    }
    return [words for label, words in _data(space) if label in labels[group] and words]


def _data(space: PersonalSpace) -> list[tuple[str, str]]:
    checked = space.contact_email_verified_at
    place = ", ".join(filter(None, [place_label(space.birthplace), _country(space)]))
    return [
        ("Nom de naissance", space.birth_family_name),
        ("Prénoms", space.given_names_display),
        ("Sexe", gender_label(space.gender)),
        ("Naissance", birthdate(space.birthdate_text)),
        ("Lieu de naissance", place),
        ("Provenance de l’identité", _provenance(space, "identity")),
        ("Nom d’usage", space.usual_name),
        ("E-mail de contact", space.contact_email),
        ("E-mail vérifié", f"le {day(checked)}" if checked else ""),
        ("Téléphone", written(space.phone)),
        ("Provenance des coordonnées", _provenance(space, "contact")),
        ("Adresse", ", ".join(space.address_lines)),
        ("Provenance de l’adresse", _provenance(space, "address")),
    ]


def _country(space: PersonalSpace) -> str:
    return country_label(space.birthcountry)


def _provenance(space: PersonalSpace, group: str) -> str:
    label = Provenance(getattr(space, f"{group}_provenance")).label
    words = f"{label} le {day(getattr(space, f'{group}_provenance_at'))}"
    if group == "identity" and space.is_certified and space.identity_checked_at:
        words += f", vérifiée en mairie le {day(space.identity_checked_at)}"
    return words


def _use(space: PersonalSpace, ties: dict, lines: dict) -> list[tuple[str, str]]:
    user = space.user
    return [
        ("Créé", f"le {day(space.created_at)}"),
        ("Dernière connexion", f"le {day(user.last_login)}" if user.last_login else "jamais"),
        ("Adresse de connexion", user.email or "aucune"),
        ("S’ouvre par", doors_of(user)),
        ("Double authentification", "oui" if is_protected(user) else "non"),
        ("Liens d’identité", ", ".join(ties.get(user.pk, [])) or "aucun"),
        ("Lignes du journal", str(lines.get(user.pk, 0))),
    ]
