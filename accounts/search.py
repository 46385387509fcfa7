"""Finding a person at the counter: what an agent types, understood, then looked up by an index.

Nothing is listed: too short or too vague a search is refused, and 50 people at most are found.
"""

import re
from dataclasses import dataclass, field
from functools import reduce
from operator import and_, or_

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import BooleanField, Func, Q, QuerySet, Value
from django.db.models.functions import Lower

from accounts.fields import MONTHS_BY_NAME, PLAIN_EMAIL, parse_date
from accounts.journal import people_told
from accounts.models import REFERENCE_ALPHABET, PersonalSpace
from accounts.names import SHORTEST_BEGINNING, folded, sound_of, words_of
from accounts.phones import normalised

MOST_PEOPLE = 50
MOST_WORDS = 8
FEWEST_LETTERS = 3

# What stands around a name on a form: "Mme DUPONT née MARTIN, née le 24/08/1962".
AROUND_NAMES = re.compile(
    r"(?<!\w)(?:née?(?:\(e\))?(?:\s+le)?|m\.|mme|mlle|monsieur|madame)(?!\w)", re.IGNORECASE
)
EMAIL = re.compile(r"\S*@\S*")
YEAR = r"((?:18|19|20)[0-9]{2})"
# 24/08/1962, 24 8 1962, 24081962; 1962-08-24; 24 août 1962. 00 is a day or a month unknown.
DATE = re.compile(rf"(?<![0-9+])([0-9]{{1,2}})[\s/.-]+([0-9]{{1,2}})[\s/.-]+{YEAR}(?![0-9])")
DATE_IN_ONE = re.compile(rf"(?<![0-9+])([0-9]{{2}})([0-9]{{2}}){YEAR}(?![0-9])")
ISO_DATE = re.compile(rf"(?<![0-9]){YEAR}-([0-9]{{2}})-([0-9]{{2}})(?![0-9])")
DATE_IN_WORDS = re.compile(
    rf"(?<![0-9])([0-9]{{1,2}}|1er)\s+([^\W\d_]+)\s+{YEAR}(?![0-9])", re.IGNORECASE
)
PHONE = re.compile(r"\+?\(?[0-9][0-9\s().\-\u2013/]{6,}[0-9]")
FOUR = rf"([{REFERENCE_ALPHABET}]{{4}})"
REFERENCE = re.compile(rf"(?<![\w+]){FOUR}[\s-]?{FOUR}(?!\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Criteria:
    """What is looked for; a person has all of it. Dates as `birthdate_text`, phones as E.164."""

    words: tuple[str, ...] = field(default=(), repr=False)
    birthdate: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    reference: str = field(default="", repr=False)

    @property
    def kinds(self) -> str:
        """Which kinds of criterion, for the journal, which never holds the words: `name+date`."""
        kinds = {
            "name": self.words,
            "date": self.birthdate,
            "email": self.email,
            "phone": self.phone,
            "reference": self.reference,
        }
        return "+".join(kind for kind, value in kinds.items() if value)


@dataclass(frozen=True)
class Found:
    """People found, those who have the very words first; whether there are more of them."""

    spaces: list[PersonalSpace]
    has_more: bool


def understood(typed: str) -> Criteria:
    """The criteria in what an agent typed, in any order. Raises ValidationError."""
    email, rest = _taken_email(" ".join(AROUND_NAMES.split(typed)))
    birthdate, rest = _taken_date(rest)
    reference, rest = _taken_reference(rest)
    phone, rest = _taken_phone(rest)
    criteria = Criteria(
        words=tuple(dict.fromkeys(words_of(rest))),
        birthdate=birthdate,
        email=email,
        phone=phone,
        reference=reference,
    )
    _refuse_vague(criteria)
    return criteria


def _taken_email(text: str) -> tuple[str, str]:
    match = EMAIL.search(text)
    if match is None:
        return "", text
    email = match.group().strip(",;<>").lower()
    if not PLAIN_EMAIL.fullmatch(email) or "." not in email.partition("@")[2]:
        raise ValidationError(
            "Cette adresse e-mail n’est pas complète. Écrivez-la en entier, comme nom@exemple.fr."
        )
    return email, _without(match, text)


def _taken_date(text: str) -> tuple[str, str]:
    for pattern in (DATE, DATE_IN_ONE, ISO_DATE, DATE_IN_WORDS):
        for match in pattern.finditer(text):
            day, month, year = match.groups() if pattern is not ISO_DATE else match.groups()[::-1]
            if pattern is DATE_IN_WORDS:
                if folded(month) not in MONTHS_BY_NAME:
                    continue
                day, month = day.lower().removesuffix("er"), MONTHS_BY_NAME[folded(month)]
            return _date_text(int(day), int(month), year), _without(match, text)
    return "", text


def _date_text(day: int, month: int, year: str) -> str:
    """As `birthdate_text`; a day that no calendar has is refused, an unknown one (00) is not."""
    try:
        parse_date(f"{day or 1}/{month or 1}/{year}")
    except ValueError:
        raise ValidationError(
            "Cette date n’existe pas. Écrivez-la comme 24/08/1962, ou retirez-la."
        ) from None
    return f"{year}-{month:02}-{day:02}"


def _taken_reference(text: str) -> tuple[str, str]:
    """Read aloud, so with or without its dash. No name is without a vowel; eight digits are a
    reference alone, and a part of a telephone beside others."""
    for match in REFERENCE.finditer(text):
        is_alone = match.group() == text.strip()
        if is_alone or not "".join(match.groups()).isdigit():
            return "-".join(match.groups()).upper(), _without(match, text)
    return "", text


def _taken_phone(text: str) -> tuple[str, str]:
    match = PHONE.search(text)
    if match is None:
        return "", text
    try:
        return normalised(match.group()), _without(match, text)
    except ValueError:
        raise ValidationError(
            "Ce numéro de téléphone n’est pas lisible. Écrivez-le comme 06 12 34 56 78, ou avec "
            "l’indicatif du pays, comme +32 470 12 34 56."
        ) from None


def _without(match: re.Match, text: str) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"


def _refuse_vague(criteria: Criteria) -> None:
    if not criteria.kinds:
        raise ValidationError(
            "La recherche est vide. Écrivez un nom, une date de naissance, une adresse e-mail, un "
            "numéro de téléphone ou une référence."
        )
    if any(character.isdigit() for word in criteria.words for character in word):
        raise ValidationError(
            "Un nombre de cette recherche n’est ni une date entière, ni un numéro de téléphone, ni "
            "une référence. Complétez-le, ou retirez-le."
        )
    if len(criteria.words) > MOST_WORDS:
        raise ValidationError(
            f"La recherche a trop de mots. Gardez-en {MOST_WORDS} au plus\u00a0: le nom et un "
            "prénom suffisent souvent."
        )
    if criteria.kinds == "name" and len("".join(criteria.words)) < FEWEST_LETTERS:
        raise ValidationError(
            f"La recherche est trop courte. Écrivez au moins {FEWEST_LETTERS} lettres du nom, ou "
            "ajoutez la date de naissance."
        )


def find(criteria: Criteria) -> Found:
    """The people who answer: those of the very words, then of near ones (beginning, sound).

    The database looks by index and stops at 51; which of too many are shown is its own choice.
    """
    spaces, most = _with_all_but_names(criteria), MOST_PEOPLE + 1
    if criteria.words:
        exact = sorted(spaces.filter(named(criteria.words))[:most], key=_order)
        others = spaces.exclude(pk__in=[space.pk for space in exact])
        near = others.filter(named(criteria.words, nearly=True))[: most - len(exact)]
        found = exact + sorted(near, key=_order)
    else:
        found = sorted(spaces[:most], key=_order)
    return Found(spaces=found[:MOST_PEOPLE], has_more=len(found) > MOST_PEOPLE)


def _order(space: PersonalSpace) -> tuple[str, str, str]:
    return folded(space.birth_family_name), folded(space.first_given_name), space.birthdate_text


def _with_all_but_names(criteria: Criteria) -> QuerySet[PersonalSpace]:
    spaces = PersonalSpace.objects.select_related("user")
    if criteria.reference:
        spaces = _with_reference(spaces, criteria.reference)
    if criteria.birthdate:
        spaces = spaces.filter(birthdate_text=criteria.birthdate)
    if criteria.phone:
        spaces = spaces.filter(phone=criteria.phone)
    if criteria.email:
        spaces = spaces.filter(pk__in=_with_email(criteria.email))
    return spaces


def _with_reference(spaces: QuerySet, reference: str) -> QuerySet:
    """The space of this reference; of none, whoever a page of refusal showed it to."""
    own = spaces.filter(reference=reference)
    return own if own.exists() else spaces.filter(user__in=people_told(reference.replace("-", "")))


def _with_email(email: str) -> QuerySet:
    """Their keys: login or contact. A union, as an OR of two tables is served by no index."""
    by_contact = PersonalSpace.objects.alias(lower_contact=Lower("contact_email"))
    by_contact = by_contact.filter(lower_contact=email).values("pk")
    return by_contact.union(PersonalSpace.objects.filter(user__email=email).values("pk"))


def named(words: tuple[str, ...], *, nearly: bool = False) -> Q | Func:
    """Whoever has all these words in their names; two that follow each other may be one there.

    Nearly: also names where a word goes on, or sounds the same.
    """
    spellings = [[_texts(word, nearly=nearly) for word in words]]
    for at in range(len(words) - 1):
        joined = (*words[:at], words[at] + words[at + 1], *words[at + 2 :])
        spellings.append([[f"{word} "] for word in joined])
    is_postgresql = connection.vendor == "postgresql"
    return _text_search(spellings) if is_postgresql else _text_contains(spellings)


def _texts(word: str, *, nearly: bool) -> list[str]:
    """What a person's words may contain of this one; a space ends what has to be whole."""
    if not nearly or len(word) < SHORTEST_BEGINNING:
        return [f"{word} "]
    return [word, f"{sound_of(word)} "]


def _text_contains(spellings: list[list[list[str]]]) -> Q:
    """One of the spellings, each all of its words, each one of its texts: by reading every row."""

    def any_of(texts: list[str]) -> Q:
        return reduce(or_, [Q(search_words__contains=f" {text}") for text in texts])

    return reduce(or_, [reduce(and_, map(any_of, spelling)) for spelling in spellings])


def _text_search(spellings: list[list[list[str]]]) -> Func:
    """The same for PostgreSQL, which its index by words serves; folded words need no escape."""

    def lexeme(text: str) -> str:
        return f"'{text[:-1]}'" if text.endswith(" ") else f"'{text}':*"

    def any_of(texts: list[str]) -> str:
        return f"({' | '.join(map(lexeme, texts))})"

    query = " | ".join(f"({' & '.join(map(any_of, spelling))})" for spelling in spellings)
    return Func(
        "search_words",
        Value(query),
        template="(array_to_tsvector(string_to_array(btrim(%(expressions)s::tsquery)",
        arg_joiner="), ' ')) @@ ",
        output_field=BooleanField(),
    )
