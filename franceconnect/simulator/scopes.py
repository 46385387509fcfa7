"""Scopes, the claims each one opens, and the words citizens read for them.

Source: FranceConnect documentation, “Les données”; the birth name is never split.
"""

from dataclasses import dataclass

GIVEN_NAMES = ("given_name", "given_name_array")
CLAIMS = {
    "openid": ("sub",),
    "identite_pivot": (
        *GIVEN_NAMES,
        "family_name",
        "birthdate",
        "gender",
        "birthplace",
        "birthcountry",
    ),
    "profile": (*GIVEN_NAMES, "family_name", "birthdate", "gender", "preferred_username"),
    "birth": ("birthplace", "birthcountry"),
    "given_name": GIVEN_NAMES,
    "family_name": ("family_name",),
    "gender": ("gender",),
    "birthdate": ("birthdate",),
    "birthplace": ("birthplace",),
    "birthcountry": ("birthcountry",),
    "preferred_username": ("preferred_username",),
    "email": ("email",),
    "idp_birthdate": ("idp_birthdate",),
    "idp_id": ("idp_id",),
    "amr": (),
}
RARELY_GRANTED = frozenset({"idp_birthdate", "idp_id", "amr"})
USUALLY_GRANTED = tuple(scope for scope in CLAIMS if scope not in RARELY_GRANTED)

FAMILY_FUND = "Caisse nationale des allocations familiales & Mutualité sociale agricole"
DATA = {
    "cnaf_quotient_familial": (
        FAMILY_FUND,
        "Quotient familial CAF & MSA et composition familiale",
    ),
    "cnaf_enfants": (FAMILY_FUND, "Identités enfants"),
    "cnaf_adresse": (FAMILY_FUND, "Adresse du foyer"),
    "dgfip_rfr": (
        "Direction générale des Finances publiques",
        "Revenu fiscal de référence",
    ),
}
KNOWN = (*CLAIMS, *DATA)

LABELS = {
    "family_name": "Nom de naissance",
    "preferred_username": "Nom d’usage",
    "given_name": "Prénom(s)",
    "gender": "Sexe",
    "birthdate": "Date de naissance",
    "birthplace": "Lieu de naissance",
    "birthcountry": "Pays de naissance",
    "email": "Adresse email",
}


@dataclass(frozen=True)
class DataBlock:
    """Names of the data that one source gives, for the confirmation page."""

    source: str
    labels: tuple[str, ...]


def claims_of(scopes: tuple[str, ...]) -> frozenset[str]:
    """Every claim opened by these scopes; a data provider's scope opens none in userinfo."""
    return frozenset(claim for scope in scopes for claim in CLAIMS.get(scope, ()))


def data_blocks(scopes: tuple[str, ...]) -> tuple[DataBlock, ...]:
    """What the confirmation page lists: FranceConnect first, then each data provider."""
    claims = claims_of(scopes)
    found = {
        "FranceConnect": [label for claim, label in LABELS.items() if claim in claims],
    }
    for scope in scopes:
        if scope in DATA:
            source, label = DATA[scope]
            found.setdefault(source, []).append(label)
    return tuple(DataBlock(source, tuple(labels)) for source, labels in found.items() if labels)
