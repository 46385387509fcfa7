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
HIGHER_EDUCATION = "Ministère de l’Enseignement supérieur"
GRANTS = "Centre national des œuvres universitaires et scolaires"
TAXES = "Direction générale des Finances publiques"
DATA = {
    "cnaf_quotient_familial": (
        FAMILY_FUND,
        "Quotient familial CAF & MSA et composition familiale",
    ),
    "cnaf_allocataires": (FAMILY_FUND, "Identités allocataires et conjoint"),
    "cnaf_enfants": (FAMILY_FUND, "Identités enfants"),
    "cnaf_adresse": (FAMILY_FUND, "Adresse du foyer"),
    "revenu_solidarite_active": (FAMILY_FUND, "Statut RSA"),
    "revenu_solidarite_active_majoration": (FAMILY_FUND, "Majoration du RSA"),
    "prime_activite": (FAMILY_FUND, "Statut prime d’activité"),
    "prime_activite_majoration": (FAMILY_FUND, "Majoration de la prime d’activité"),
    "allocation_adulte_handicape": (FAMILY_FUND, "Statut AAH"),
    "complementaire_sante_solidaire": ("Assurance maladie", "Statut C2S"),
    "mesri_identite": (HIGHER_EDUCATION, "Identité de l’étudiant"),
    "mesri_admissions": (HIGHER_EDUCATION, "Inscriptions"),
    "mesri_admission_inscrit": (HIGHER_EDUCATION, "Statut de l’inscription"),
    "mesri_admission_regime_formation": (HIGHER_EDUCATION, "Régime de formation"),
    "mesri_admission_commune_etudes": (HIGHER_EDUCATION, "Commune des études"),
    "mesri_admission_etablissement_etude": (HIGHER_EDUCATION, "Établissement"),
    "cnous_statut_boursier": (GRANTS, "Statut boursier"),
    "cnous_echelon_bourse": (GRANTS, "Échelon de la bourse"),
    "cnous_periode_versement": (GRANTS, "Période de versement de la bourse"),
    "cnous_ville_etudes": (GRANTS, "Ville et établissement d’études"),
    "api_fc-statutaugmentev1": ("France Travail", "Statut de demandeur d’emploi"),
    "dgfip_rfr": (TAXES, "Revenu fiscal de référence"),
    "dgfip_nbpart": (TAXES, "Nombre de parts"),
    "dgfip_annee_n_moins_1": (TAXES, "Dernière année de revenu"),
    "dgfip_annee_n_moins_2_si_indispo_n_moins_1": (
        TAXES,
        "Avant-dernière année de revenu, si la dernière est indisponible",
    ),
}
# The only data that FranceConnect+ knows.
DATA_OF_HIGH = ("dgfip_", "cnous_")
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
    data = {scope: source for scope, source in DATA.items() if scope.startswith(DATA_OF_HIGH)}
    return Scopes(claims | register, data, frozenset({"amr", *register}))


LOW = Scopes(CLAIMS, DATA, frozenset({"idp_birthdate", "idp_id", "amr"}))
HIGH = _of_high()
