"""Scopes, the claims each one opens, and the words citizens read for them, on each platform.

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


@dataclass(frozen=True)
class Scopes:
    """What one platform knows: ``claims`` and ``data`` by scope.

    A service has ``rarely_granted`` scopes only when its entry names them.
    """

    claims: dict[str, tuple[str, ...]]
    data: dict[str, tuple[str, str]]
    rarely_granted: frozenset[str]

    @property
    def known(self) -> tuple[str, ...]:
        return (*self.claims, *self.data)

    @property
    def usually_granted(self) -> tuple[str, ...]:
        return tuple(scope for scope in self.claims if scope not in self.rarely_granted)

    def claims_of(self, scopes: tuple[str, ...]) -> frozenset[str]:
        """Every claim opened by these; a data provider's scope opens none in userinfo."""
        return frozenset(claim for scope in scopes for claim in self.claims.get(scope, ()))

    def data_blocks(self, scopes: tuple[str, ...], platform: str) -> tuple[DataBlock, ...]:
        """What the confirmation page lists: the platform first, then each data provider."""
        claims = self.claims_of(scopes)
        found = {platform: [label for claim, label in LABELS.items() if claim in claims]}
        for scope in scopes:
            if scope in self.data:
                source, label = self.data[scope]
                found.setdefault(source, []).append(label)
        return tuple(DataBlock(source, tuple(labels)) for source, labels in found.items() if labels)


def _with_register(claims: tuple[str, ...]) -> tuple[str, ...]:
    """The same claims, and the civil register's own value of each."""
    return (*claims, *(f"rnipp_{claim}" for claim in claims if claim != "preferred_username"))


def _of_high() -> Scopes:
    """FranceConnect+ does not split given names; a ``rnipp_`` scope gives both values."""
    unknown = {"given_name_array", "idp_birthdate", "idp_id"}
    claims = {
        scope: tuple(claim for claim in opened if claim not in unknown)
        for scope, opened in CLAIMS.items()
        if scope not in unknown
    }
    register = {
        f"rnipp_{scope}": _with_register(opened)
        for scope, opened in claims.items()
        if scope not in ("openid", "preferred_username", "email", "amr")
    }
    taxes = {scope: source for scope, source in DATA.items() if scope.startswith("dgfip_")}
    return Scopes(claims | register, taxes, frozenset({"amr", *register}))


LOW = Scopes(CLAIMS, DATA, frozenset({"idp_birthdate", "idp_id", "amr"}))
HIGH = _of_high()
