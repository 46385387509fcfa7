"""What two spaces made one would be: a choice for each group of data, and the rules above it.

Pure: two spaces and a wish in, the values to write out. The preview shows a plan, `merging` writes
the same one.
"""

import json
from dataclasses import dataclass, field

from django.utils.crypto import salted_hmac

from accounts.models import PersonalSpace, Provenance
from accounts.services import ADDRESS_FIELDS, IDENTITY_FIELDS

FIRST, SECOND = SIDES = ("first", "second")
GROUPS = {
    # A civil status is whole: no name of one person with the birth of another.
    "identity": (
        *(name for name in IDENTITY_FIELDS if name != "usual_name"),
        "identity_provenance",
        "identity_provenance_at",
        "identity_checked_at",
        "identity_certified_until",
    ),
    "usual_name": ("usual_name", "usual_name_is_certified", "usual_name_at"),
    "email": ("contact_email", "contact_email_verified_at"),
    "phone": ("phone",),
    "address": (*ADDRESS_FIELDS, "address_provenance", "address_provenance_at"),
}
LABELS = {
    "identity": "Identité",
    "usual_name": "Nom d’usage",
    "email": "E-mail de contact",
    "phone": "Téléphone",
    "address": "Adresse",
}
# The e-mail and the telephone share it.
CONTACT = ("contact_provenance", "contact_provenance_at")
# What a group is about: it differs when one of these does, and is empty when all are.
CONTENTS = {
    "identity": tuple(name for name in IDENTITY_FIELDS if name != "usual_name"),
    "usual_name": ("usual_name",),
    "email": ("contact_email",),
    "phone": ("phone",),
    # A country alone is no address.
    "address": tuple(name for name in ADDRESS_FIELDS if name != "country"),
}
RANKS = {Provenance.DECLARED: 0, Provenance.COUNTER: 1, Provenance.FRANCECONNECT: 2}


@dataclass(frozen=True)
class Wish:
    """What an agent chose: the side that stays, and the side of each group (`first`, `second`)."""

    survivor: str
    choices: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Two spaces made one: which stays, and from which of them each group comes."""

    survivor: PersonalSpace
    absorbed: PersonalSpace
    sources: dict[str, PersonalSpace]

    def values(self) -> dict:
        """What to write in the survivor, by field of PersonalSpace."""
        values = {
            name: getattr(source, name)
            for group, source in self.sources.items()
            for name in GROUPS[group]
        }
        contact = min(
            (self.sources["email"], self.sources["phone"]),
            key=lambda space: (RANKS[space.contact_provenance], space.contact_provenance_at),
        )
        return values | {name: getattr(contact, name) for name in CONTACT}

    def fingerprint(self) -> str:
        """Names exactly this result: one that was shown, and that nothing has changed since."""
        shown = {
            "survivor": self.survivor.pk,
            "absorbed": self.absorbed.pk,
            "values": packed(self.values()),
        }
        return salted_hmac("accounts.merge_plan", json.dumps(shown), algorithm="sha256").hexdigest()


def make_plan(first: PersonalSpace, second: PersonalSpace, wish: Wish) -> Plan:
    """The result of this wish; what was left out, or is not for an agent to choose, is decided."""
    sides = {FIRST: first, SECOND: second}
    survivor = sides[wish.survivor]
    absorbed = second if survivor is first else first
    sources = {
        group: forced_source(first, second, group)
        or sides.get(wish.choices.get(group, ""))
        or _fuller(survivor, absorbed, group)
        for group in GROUPS
    }
    return Plan(survivor, absorbed, sources)


def forced_source(first: PersonalSpace, second: PersonalSpace, group: str) -> PersonalSpace | None:
    """The one that nobody chooses against: a certified identity wins over a declared one.

    One that an agent has checked wins over a declared one too.
    """
    if group == "identity":
        one, other = (RANKS[space.identity_provenance] for space in (first, second))
    elif group == "usual_name":
        one, other = first.usual_name_is_certified, second.usual_name_is_certified
    else:
        return None
    if one == other:
        return None
    return first if one > other else second


def differs(first: PersonalSpace, second: PersonalSpace, group: str) -> bool:
    """Whether there is something to choose in this group."""
    return any(getattr(first, name) != getattr(second, name) for name in CONTENTS[group])


def _fuller(survivor: PersonalSpace, absorbed: PersonalSpace, group: str) -> PersonalSpace:
    """The survivor's own, unless the other alone has something."""
    own, other = (
        any(getattr(space, name) for name in CONTENTS[group]) for space in (survivor, absorbed)
    )
    return absorbed if other and not own else survivor


# --- Values, written down and read again ---


def packed(values: dict) -> dict:
    """These values as JSON holds them, to the microsecond: what is undone must be as before."""
    return json.loads(json.dumps(values, default=lambda value: value.isoformat()))


def unpacked(values: dict) -> dict:
    """The inverse of `packed`, for fields of PersonalSpace."""
    fields = PersonalSpace._meta
    return {name: fields.get_field(name).to_python(value) for name, value in values.items()}
