"""Whether two civil statuses may be one person's, however each was typed."""

import re

from accounts.models import DuplicateKind, PersonalSpace
from accounts.names import folded

WORDS = re.compile(r"[^\W_]+")
UNKNOWN = "00"


def likeness(first: PersonalSpace, second: PersonalSpace) -> DuplicateKind | None:
    """Why these two may be one person's: SAME or NEAR; None when they are not alike.

    Both were born on days that may be one. Accents, case, hyphens and the order of names do not
    count. Near is a family name in common, or a slip of the keyboard away, with a given name that
    is too.
    """
    if _words(first) == _words(second):
        same_day = first.birthdate_text == second.birthdate_text
        return DuplicateKind.SAME if same_day else DuplicateKind.NEAR
    families = _any_near(_families(first), _families(second))
    given = _any_near(_given(first), _given(second))
    return DuplicateKind.NEAR if families and given else None


def may_be_one_day(first: str, second: str) -> bool:
    """Whether two dates of birth (`YYYY-MM-DD`, 00 for what is unknown) may be the same day."""
    parts = zip(first.split("-"), second.split("-"), strict=True)
    return all(one == other or UNKNOWN in (one, other) for one, other in parts)


def _words(space: PersonalSpace) -> list[str]:
    """Each word of the names of the civil register, in no order."""
    return sorted(_given_words(space) + _split(space.birth_family_name))


def _given_words(space: PersonalSpace) -> list[str]:
    return [word for name in space.given_names for word in _split(name)]


def _split(name: str) -> list[str]:
    return [folded(word) for word in WORDS.findall(name)]


def _families(space: PersonalSpace) -> set[str]:
    return {folded(space.birth_family_name), folded(space.usual_name)} - {""}


def _given(space: PersonalSpace) -> set[str]:
    """Each given name, and its words: "Jean-Philippe" is called Jean by some."""
    return {folded(name) for name in space.given_names} | set(_given_words(space))


def _any_near(ours: set[str], theirs: set[str]) -> bool:
    return any(is_near(one, other) for one in ours for other in theirs)


def is_near(one: str, other: str) -> bool:
    """Whether one name is the other, or a slip of the keyboard away: two when it is long.

    Of a short name any letter counts: Léo is not Léa.
    """
    shortest = min(len(one), len(other))
    allowed = 0 if shortest < 4 else 1 if shortest < 8 else 2
    return one == other or (
        abs(len(one) - len(other)) <= allowed and _distance(one, other) <= allowed
    )


def _distance(one: str, other: str) -> int:
    """How many letters to add, to remove or to replace (Levenshtein)."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, start=1):
        before, row = row, [index]
        for column, theirs in enumerate(other):
            replaced = before[column] + (letter != theirs)
            row.append(min(replaced, before[column + 1] + 1, row[column] + 1))
    return row[-1]
