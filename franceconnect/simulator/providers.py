"""The identity providers offered by each chooser, in its order; plain names, no artwork."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Provider:
    """``level`` is what the platform answers with: FranceConnect says eidas1 whoever it asked."""

    uid: str
    name: str
    level: str = "eidas1"


LOW = (
    Provider("8dfc4080-c90d-4234-969b-f6c961de3e90", "impots.gouv.fr"),
    Provider("07e573f2-3312-4bb9-bc48-6fcec737e497", "Ameli.fr"),
    Provider("7d4455fb-3141-4b12-8a18-718d2cb9b149", "L’Identité Numérique La Poste"),
    Provider("c8d48186-811f-4c78-85f3-a5cd2ea7bfef", "MSA"),
    Provider("f5f97e5a-0f73-4ac8-8da7-b1d015cb5a7e", "YRIS"),
    Provider("0b2d3258-0ef4-42d8-981f-083175368c92", "France Identité"),
    Provider("84b31772-0510-4d98-8ad8-d179919f7305", "TrustMe"),
)
AIDANTS_CONNECT = Provider("3189d655-0c78-4ff7-9758-f3a3ac36dd7e", "Aidants Connect")
HIGH = (
    Provider("87e69e8d-dc70-40c7-9d9f-48a7a33d6dfd", "L’Identité Numérique La Poste", "eidas2"),
    Provider("eda17ef8-55a2-45b6-bf3f-e2406240949c", "France Identité", "eidas3"),
)
