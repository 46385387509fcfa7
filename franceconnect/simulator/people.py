"""The fictitious people who can sign in: what their provider holds, what services receive.

A people file is a JSON list. Each entry has ``login``, ``given_name_array``, ``family_name``,
``gender``, ``birthdate`` (unknown parts are ``00``) and ``birthcountry``; it may have
``birthplace``, ``email``, ``preferred_username``, ``idp_birthdate``, ``note`` (shown in the
lists), ``failure`` (the error code that ends the sign-in), ``sub`` (used at every service
instead of the computed one) and ``idp`` (the members that the provider holds otherwise than the
civil register: FranceConnect corrects them, FranceConnect+ delivers them) and ``data`` (what other
administrations hold or answer about them: see ``data_provider``).
"""

import json
import re
import threading
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from franceconnect.simulator.configuration import ConfigurationError
from franceconnect.simulator.platforms import LOW, Platform

BUILT_IN = Path(__file__).with_name("people.json")
PASSWORD = "123"  # noqa: S105 - everybody’s, and shown on the page
FRANCE = "99100"
GENDERS = ("female", "male", "unspecified")
BIRTHDATE = re.compile(r"\d{4}-(00-00|(0[1-9]|1[0-2])-(0[0-9]|[12][0-9]|3[01]))")
MEMBERS = frozenset(
    {
        *("login", "given_name_array", "family_name", "preferred_username", "gender"),
        *("birthdate", "birthplace", "birthcountry", "email", "idp_birthdate"),
        *("sub", "failure", "note", "idp", "data"),
    }
)
HELD_OTHERWISE = frozenset({"given_name_array", "family_name", "preferred_username"})


class InvalidPerson(ValueError):
    """An entry that is not a person; the message says in French which member is wrong."""


@dataclass(frozen=True)
class CivilStatus:
    """One version of a civil status: the register's, or an identity provider's."""

    given_names: tuple[str, ...]
    family_name: str
    gender: str
    birthdate: str
    birthplace: str
    birthcountry: str

    @property
    def given_name(self) -> str:
        return " ".join(self.given_names)

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    def claims(self) -> dict[str, Any]:
        return {
            "given_name": self.given_name,
            "given_name_array": list(self.given_names),
            "family_name": self.family_name,
            "gender": self.gender,
            "birthdate": self.birthdate,
            "birthplace": self.birthplace,
            "birthcountry": self.birthcountry,
        }

    def fingerprint(self) -> str:
        """The identity hash: birthplace counts only for people born in France."""
        birthplace = self.birthplace if self.birthcountry == FRANCE else ""
        parts = (self.given_name, self.family_name, self.birthdate, self.gender, birthplace)
        return sha256("\n".join((*parts, self.birthcountry)).encode()).hexdigest()


@dataclass(frozen=True)
class Identity:
    """Somebody as one platform delivers them: ``status`` is the version that services receive."""

    status: CivilStatus
    register: CivilStatus
    email: str
    preferred_username: str | None = None
    idp_birthdate: str = ""
    stored_sub: str = ""

    @property
    def full_name(self) -> str:
        return self.status.full_name

    def claims(self) -> dict[str, Any]:
        """Every claim but ``sub``; an absent usual name is left out."""
        registered = self.register.claims()
        claims = self.status.claims() | {
            "email": self.email,
            "idp_birthdate": self.idp_birthdate,
            **{f"rnipp_{name}": value for name, value in registered.items()},
        }
        if self.preferred_username is not None:
            claims["preferred_username"] = self.preferred_username
        return claims

    def fingerprint(self) -> str:
        """Whatever a provider wrote, it is the person whom the register knows."""
        return self.register.fingerprint()

    def sub_for(self, service: str, secret: str) -> str:
        """The identifier this person has at a service (its entity id, or its client id)."""
        if self.stored_sub:
            return self.stored_sub
        return sha256(f"{service}{self.fingerprint()}{secret}".encode()).hexdigest() + "v1"


@dataclass(frozen=True)
class Person:
    """Somebody of the demonstration, with the error their sign-in ends in, if any."""

    login: str
    identity: Identity = field(repr=False)
    failure: str = ""
    note: str = ""
    data: dict[str, Any] = field(default_factory=dict, repr=False)


def identity_from(entry: dict[str, Any], platform: Platform) -> Identity:
    """The identity of an entry, as this platform delivers it."""
    held = entry | entry.get("idp", {})
    held_birthdate = entry.get("idp_birthdate", entry["birthdate"])
    register = _corrected(_status_of(entry))
    return Identity(
        status=register if platform.corrects_identities else _status_of(held, held_birthdate),
        register=register,
        email=entry.get("email", ""),
        preferred_username=held.get("preferred_username"),
        idp_birthdate=held_birthdate,
        stored_sub=entry.get("sub", ""),
    )


def _status_of(entry: dict[str, Any], birthdate: str = "") -> CivilStatus:
    return CivilStatus(
        given_names=tuple(entry["given_name_array"]),
        family_name=entry["family_name"],
        gender=entry["gender"],
        birthdate=birthdate or entry["birthdate"],
        birthplace=entry.get("birthplace", ""),
        birthcountry=entry["birthcountry"],
    )


def _corrected(status: CivilStatus) -> CivilStatus:
    """As FranceConnect writes it: an unknown day or month becomes ``01``, no place abroad."""
    return replace(
        status,
        birthdate=status.birthdate.replace("-00", "-01"),
        birthplace=status.birthplace if status.birthcountry == FRANCE else "",
    )


def person_from(entry: dict[str, Any], platform: Platform) -> Person:
    """One entry of a people file; raises ``InvalidPerson``."""
    if not isinstance(entry, dict):
        raise InvalidPerson("Une personne doit être un objet JSON.")
    if unknown := set(entry) - MEMBERS:
        raise InvalidPerson(f"Membres inconnus : {', '.join(sorted(unknown))}.")
    wrong = [name for name, value in entry.items() if not _is_valid(name, value)]
    required = ("login", "given_name_array", "family_name", "gender", "birthdate", "birthcountry")
    wrong += [name for name in required if name not in entry]
    if wrong:
        raise InvalidPerson(f"Membres absents ou invalides : {', '.join(sorted(wrong))}.")
    return Person(
        login=entry["login"],
        identity=identity_from(entry, platform),
        failure=entry.get("failure", ""),
        note=entry.get("note", ""),
        data=entry.get("data", {}),
    )


def _is_valid(name: str, value: Any) -> bool:
    if name == "idp":
        return (
            isinstance(value, dict)
            and set(value) <= HELD_OTHERWISE
            and all(_is_valid(member, held) for member, held in value.items())
        )
    if name == "data":
        return isinstance(value, dict) and all(isinstance(held, dict) for held in value.values())
    if name == "given_name_array":
        return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)
    if not isinstance(value, str):
        return False
    if name == "gender":
        return value in GENDERS
    if name in ("birthdate", "idp_birthdate"):
        return BIRTHDATE.fullmatch(value) is not None
    return bool(value) or name not in ("login", "family_name", "birthcountry")


def read_people(path: Path, platform: Platform = LOW) -> tuple[Person, ...]:
    """The people of a JSON file; raises ``ConfigurationError`` when it cannot be used."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return tuple(person_from(entry, platform) for entry in entries)
    except InvalidPerson as error:
        raise ConfigurationError(f"Le fichier des personnes {path} est refusé. {error}") from error
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"Le fichier des personnes {path} ne se lit pas ({type(error).__name__}). "
            "Vérifiez qu’il contient une liste JSON."
        ) from error


class PeopleBook:
    """The people of this process, by login; later entries replace earlier ones."""

    def __init__(self, extra: Path | None, platform: Platform):
        self._lock = threading.Lock()
        added = read_people(extra, platform) if extra else ()
        known = read_people(BUILT_IN, platform)
        # The people of the demonstration come first in the lists that visitors read.
        self._at_start = {person.login: person for person in (*added, *known)}
        self._at_start.update({person.login: person for person in added})
        self._people = dict(self._at_start)

    def find(self, login: str) -> Person | None:
        return self._people.get(login)

    def of_fingerprint(self, fingerprint: str) -> Person | None:
        """Who has this civil status: what an administration learns of a token is nothing else."""
        found = (person for person in self.all() if person.identity.fingerprint() == fingerprint)
        return next(found, None)

    def all(self) -> list[Person]:
        with self._lock:
            return list(self._people.values())

    def lists(self) -> dict[str, list[Person]]:
        """For the pages: those who can sign in, and those whose sign-in fails on purpose."""
        people = self.all()
        return {
            "people": [person for person in people if not person.failure],
            "failing_people": [person for person in people if person.failure],
        }

    def put(self, person: Person) -> None:
        with self._lock:
            self._people[person.login] = person

    def reset(self) -> None:
        with self._lock:
            self._people = dict(self._at_start)
