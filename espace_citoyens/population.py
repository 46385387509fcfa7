"""A fictional population: names common and rare, as in a town, and no one who exists."""

import datetime
import json
import random
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import Gender, PersonalSpace, Provenance, User, new_reference
from accounts.names import folded

# No mail is ever delivered to it (RFC 2606); it tells these people from any other.
DOMAIN = "habitants.example"
# Names common and rare: half of the people have a family name made of a start, a middle and an
# ending, thousands of which are made. Then communes of birth, as INSEE codes.
NAMES = json.loads(Path(__file__).with_name("population.json").read_text(encoding="utf-8"))
TODAY = datetime.date(2025, 1, 1)


def _by_rank(names: list[str]) -> list[float]:
    """The n-th name is borne by one person in n + 8: few very common names, a long tail."""
    return list(accumulate(1 / (rank + 8) for rank in range(len(names))))


@dataclass(frozen=True)
class Fictional:
    """One person of the population, before they are written."""

    email: str
    values: dict


class People:
    """People one after another; the same seed makes the same ones."""

    def __init__(self, seed: int):
        self.chance = random.Random(seed)  # noqa: S311 no secret depends on it
        self.weights = {kind: _by_rank(names) for kind, names in NAMES.items()}

    def next(self) -> Fictional:
        gender, kind = self.chance.choice([(Gender.FEMALE, "women"), (Gender.MALE, "men")])
        family = self._family()
        given = [self._one_of(kind) for _ in range(self.chance.choice([1, 2, 3]))]
        reference = new_reference()
        local = f"{folded(given[0])}.{folded(family)}.{reference.lower()}"
        born = TODAY - datetime.timedelta(days=self.chance.randrange(18 * 365, 95 * 365))
        is_married = gender == Gender.FEMALE and self.chance.random() < 0.4
        values = {
            "reference": reference,
            "birth_family_name": family.upper(),
            "usual_name": self._family().upper() if is_married else "",
            "given_names": list(dict.fromkeys(given)),
            "gender": gender,
            "birthdate": born,
            "birthdate_text": born.isoformat(),
            "birthplace": self.chance.choice(NAMES["places"]),
            "birthcountry": "99100",
            "phone": f"+336{self.chance.randrange(10**8):08}",
            "postcode": "44999",
            "city": "Rivemont",
            "identity_provenance": self.chance.choice(list(Provenance)),
        }
        return Fictional(email=f"{local}@{DOMAIN}", values=values)

    def _family(self) -> str:
        if self.chance.random() < 0.5:
            return self._one_of("families")
        parts = [self.chance.choice(NAMES[kind]) for kind in ("starts", "middles", "endings")]
        return "".join(parts)

    def _one_of(self, kind: str) -> str:
        return self.chance.choices(NAMES[kind], cum_weights=self.weights[kind])[0]


def has_other_people() -> bool:
    """Whether somebody here has a space that this module did not make."""
    return PersonalSpace.objects.exclude(contact_email__endswith=f"@{DOMAIN}").exists()


@transaction.atomic
def add(people: list[Fictional]) -> None:
    """Write these people; no password opens their spaces."""
    users = User.objects.bulk_create(
        User(email=person.email, password=make_password(None)) for person in people
    )
    pairs = list(zip(users, people, strict=True))
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user, _ in pairs
    )
    PersonalSpace.objects.bulk_create(
        PersonalSpace(user=user, contact_email=user.email, **person.values)
        for user, person in pairs
    )
