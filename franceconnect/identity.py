"""The civil status that FranceConnect certifies, from claims to what the portal keeps."""

import datetime
import re
import unicodedata
from dataclasses import asdict, dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.models import Gender
from accounts.names import folded
from accounts.services import Identity
from franceconnect.exceptions import IdentityRefused

MAX_CHARACTERS = 255
MAX_GIVEN_NAMES = 30
BIRTHDATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
MAX_COUNTRY_CHARACTERS = 5
FRANCE = "99100"  # INSEE's code
# Controls, lone surrogates, separators of lines, and what reverses or hides the text around it:
# none belongs in a civil status. The two joiners do, in some scripts.
DECEPTIVE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
JOINERS = frozenset("\u200c\u200d")


@dataclass(frozen=True)
class PivotIdentity:
    """The identity claims of one sign-in. repr shows none of them."""

    family_name: str = field(repr=False)
    given_names: tuple[str, ...] = field(repr=False)
    usual_name: str = field(repr=False)
    gender: str = field(repr=False)
    birthdate_text: str = field(repr=False)
    birthplace: str = field(repr=False)
    birthcountry: str = field(repr=False)
    email: str = field(repr=False)

    @classmethod
    def from_claims(cls, claims: dict) -> "PivotIdentity":
        """The identity in the claims of a verified userinfo.

        Raises IdentityRefused when a claim is missing, of a wrong type, or deceptive.
        """
        return cls(
            family_name=_text(claims, "family_name", required=True),
            given_names=_given_names(claims),
            usual_name=_text(claims, "preferred_username"),
            gender=_gender(claims),
            birthdate_text=_birthdate_text(claims),
            birthplace=_text(claims, "birthplace"),
            birthcountry=_text(claims, "birthcountry", most=MAX_COUNTRY_CHARACTERS),
            email=_email(claims),
        )

    @property
    def birthdate(self) -> datetime.date:
        """The date of birth; an unknown day or month (00) counts as the first."""
        return _date(self.birthdate_text)

    def as_identity(self) -> Identity:
        """The same, in the words of `accounts`."""
        return Identity(
            birth_family_name=self.family_name,
            given_names=self.given_names,
            usual_name=self.usual_name,
            gender=self.gender,
            birthdate_text=self.birthdate_text,
            birthdate=self.birthdate,
            birthplace=self.birthplace,
            birthcountry=self.birthcountry,
        )

    def differs_strongly(self, space) -> bool:
        """Whether birth name, first given name or birth date is another one than in `space`.

        Accents, case, hyphens and apostrophes do not count: people leave them out.
        """
        return (
            folded(self.family_name) != folded(space.birth_family_name)
            or folded(self.given_names[0]) != folded(space.first_given_name)
            or (space.birthdate is not None and self.birthdate != space.birthdate)
        )

    def equals(self, space) -> bool:
        """Whether this is the civil status of `space`, datum by datum.

        Names without what people leave out, and given names as one text: only FranceConnect's
        list knows where one ends. Born abroad, the place is no part of it: nobody codes it alike.
        """
        return (
            folded(self.family_name) == folded(space.birth_family_name)
            and folded("".join(self.given_names)) == folded("".join(space.given_names))
            and self.birthdate_text == space.birthdate_text
            and self.gender == space.gender
            and self.birthcountry == space.birthcountry
            and (self.birthcountry != FRANCE or self.birthplace == space.birthplace)
        )

    def to_session(self) -> dict:
        """A JSON form for the server-side session."""
        return asdict(self)

    @classmethod
    def from_session(cls, values: dict) -> "PivotIdentity":
        """The inverse of to_session."""
        return cls(**values | {"given_names": tuple(values["given_names"])})


def _text(claims: dict, name: str, *, required: bool = False, most: int = MAX_CHARACTERS) -> str:
    """A claim of one line, exactly as received; absent and null count as empty."""
    value = claims.get(name)
    if value is None:
        value = ""
    is_text = isinstance(value, str) and len(value) <= most and _is_plain(value)
    if not is_text or (required and not value.strip()):
        raise IdentityRefused(f"{name}_refused")
    return value


def _is_plain(value: str) -> bool:
    return not any(
        unicodedata.category(character) in DECEPTIVE_CATEGORIES and character not in JOINERS
        for character in value
    )


def _given_names(claims: dict) -> tuple[str, ...]:
    """The true list when FranceConnect sends it; else the whole text, which is never split.

    "Jean Philippe" can be one given name: only `given_name_array` knows.
    """
    names = claims.get("given_name_array")
    if names is None:
        return (_text(claims, "given_name", required=True),)
    if not isinstance(names, list) or not 0 < len(names) <= MAX_GIVEN_NAMES:
        raise IdentityRefused("given_names_refused")
    return tuple(_text({"given_name": name}, "given_name", required=True) for name in names)


def _gender(claims: dict) -> str:
    value = _text(claims, "gender")
    return value if value in Gender.values else Gender.UNSPECIFIED.value


def _birthdate_text(claims: dict) -> str:
    value = _text(claims, "birthdate", required=True)
    try:
        date = _date(value)
    except ValueError:
        raise IdentityRefused("birthdate_refused") from None
    if date > datetime.datetime.now(tz=datetime.UTC).date() + datetime.timedelta(days=1):
        raise IdentityRefused("birthdate_refused")
    return value


def _date(value: str) -> datetime.date:
    """Raises ValueError unless `YYYY-MM-DD`, where 00 stands for what is unknown.

    A known day of an unknown month is no date: FranceConnect refuses it too.
    """
    match = BIRTHDATE.fullmatch(value)
    if not match:
        raise ValueError
    year, month, day = (int(part) for part in match.groups())
    if month == 0 and day != 0:
        raise ValueError
    return datetime.date(year, month or 1, day or 1)


def _email(claims: dict) -> str:
    """The e-mail, or nothing when it is absent or malformed: contact is asked later then."""
    value = claims.get("email")
    if not isinstance(value, str) or len(value) >= MAX_CHARACTERS or not _is_plain(value):
        return ""
    try:
        validate_email(value)
    except ValidationError:
        return ""
    return value
