"""Every datum that a page may ask for: whose it is, by which scope, and how its answer is read.

Sources: the documentation of API Particulier, of France Travail and of the DGFiP; the scopes are
FranceConnect's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

from django.conf import settings

from franceconnect import conf
from franceconnect.data import api_particulier, dgfip, france_travail, readers
from franceconnect.data.readers import Reader

FUNDS = "CAF ou MSA"


@dataclass(frozen=True)
class Kind:
    """A datum that can be asked: `provider` is the client module that fetches `resource`.

    Several kinds of one resource cost one call. `source` is the administration as citizens name
    it, thirty characters at most for the journal. Without one of `scopes`, it is not offered; each
    of `more_scopes` is asked too when the habilitation has it.
    """

    name: str
    label: str
    source: str
    provider: ModuleType
    resource: str
    scopes: tuple[str, ...]
    read: Reader
    more_scopes: tuple[str, ...] = ()

    @property
    def is_offered(self) -> bool:
        """Whether this town may ask for it: provider configured, scopes of the habilitation."""
        return self.provider.is_configured() and set(self.scopes) <= allowed_scopes()


def _of_api_particulier(name: str, *described, more_scopes: str = "") -> Kind:
    label, source, resource, scopes, read = described
    scopes, more = tuple(scopes.split()), tuple(more_scopes.split())
    return Kind(name, label, source, api_particulier, resource, scopes, read, more)


KINDS = (
    _of_api_particulier(
        "quotient_familial",
        "Quotient familial",
        FUNDS,
        "dss/quotient_familial",
        "cnaf_quotient_familial",
        readers.quotient_familial,
    ),
    _of_api_particulier(
        "enfants",
        "Enfants du foyer",
        FUNDS,
        "dss/quotient_familial",
        "cnaf_enfants",
        readers.enfants,
    ),
    _of_api_particulier(
        "revenu_solidarite_active",
        "Revenu de solidarité active (RSA)",
        FUNDS,
        "dss/revenu_solidarite_active",
        "revenu_solidarite_active",
        readers.benefit(avec_majoration="Avec majoration"),
        more_scopes="revenu_solidarite_active_majoration",
    ),
    _of_api_particulier(
        "prime_activite",
        "Prime d’activité",
        FUNDS,
        "dss/prime_activite",
        "prime_activite",
        readers.benefit(avec_majoration="Avec majoration"),
        more_scopes="prime_activite_majoration",
    ),
    _of_api_particulier(
        "allocation_adulte_handicape",
        "Allocation aux adultes handicapés (AAH)",
        FUNDS,
        "dss/allocation_adulte_handicape",
        "allocation_adulte_handicape",
        readers.benefit(),
    ),
    _of_api_particulier(
        "complementaire_sante_solidaire",
        "Complémentaire santé solidaire",
        "Assurance maladie",
        "dss/complementaire_sante_solidaire",
        "complementaire_sante_solidaire",
        readers.benefit(avec_participation="Avec participation financière"),
    ),
    _of_api_particulier(
        "statut_etudiant",
        "Statut d’étudiant",
        "Enseignement supérieur",
        "mesri/statut_etudiant",
        "mesri_admissions mesri_admission_inscrit",
        readers.statut_etudiant,
        more_scopes="mesri_admission_etablissement_etude",
    ),
    _of_api_particulier(
        "etudiant_boursier",
        "Bourse d’étudiant",
        "Crous",
        "cnous/etudiant_boursier",
        "cnous_statut_boursier",
        readers.etudiant_boursier,
        more_scopes="cnous_echelon_bourse",
    ),
    Kind(
        "demandeur_emploi",
        "Inscription comme demandeur d’emploi",
        "France Travail",
        france_travail,
        "fc-statutaugmente/v1/statut",
        ("api_fc-statutaugmentev1",),
        readers.demandeur_emploi,
    ),
    Kind(
        "revenu_fiscal_reference",
        "Revenu fiscal de référence",
        "Impôts",
        dgfip,
        "annrev",
        ("dgfip_rfr", dgfip.THIS_YEARS_NOTICE),
        readers.revenu_fiscal_reference,
        (dgfip.LAST_NOTICE,),
    ),
)
CATALOGUE = {kind.name: kind for kind in KINDS}
KNOWN_SCOPES = {scope for kind in KINDS for scope in (*kind.scopes, *kind.more_scopes)}


def allowed_scopes() -> set[str]:
    """What the town's habilitation at FranceConnect covers, as configured."""
    return set(settings.FRANCECONNECT["data"]["scopes"].split())


def offered() -> dict[str, Kind]:
    """The data that this town may ask for; empty when the feature does not exist here."""
    if conf.platform(conf.FRANCECONNECT) is None:
        return {}
    return {name: kind for name, kind in CATALOGUE.items() if kind.is_offered}


def kinds_of(names: Iterable[str]) -> list[Kind]:
    """The kinds of these names, in the order of the catalogue."""
    wanted = set(names)
    return [kind for kind in KINDS if kind.name in wanted]


def scopes_of(names: Iterable[str]) -> list[str]:
    """What FranceConnect must be asked for these data, each scope once, in a steady order."""
    allowed = allowed_scopes()
    scopes = [
        scope
        for kind in kinds_of(names)
        for scope in (*kind.scopes, *(more for more in kind.more_scopes if more in allowed))
    ]
    return list(dict.fromkeys(scopes))
