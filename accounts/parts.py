"""The parts of a personal space, in the words of whoever reads of them."""

# Of an identity (accounts.services.IDENTITY_PARTS), then the groups that an agent corrects.
PART_LABELS = {
    "family": "votre nom de naissance",
    "given": "vos prénoms",
    "usual": "votre nom d’usage",
    "gender": "votre sexe",
    "date": "votre date de naissance",
    "place": "votre lieu de naissance",
    "identity": "votre identité",
    "contact": "vos coordonnées",
    "address": "votre adresse",
}


def labels_of(parts: list[str]) -> list[str]:
    """These parts as their citizen reads them: « votre adresse »; unknown ones are left out."""
    return [PART_LABELS[part] for part in parts if part in PART_LABELS]


def plain_labels_of(parts: list[str]) -> list[str]:
    """The same as an agent reads them: « adresse »."""
    return [label.split(" ", 1)[1] for label in labels_of(parts)]


def join_in_french(words: list[str]) -> str:
    """Words in a sentence: « vos prénoms, votre sexe et votre date de naissance »."""
    *first, last = words
    return f"{', '.join(first)} et {last}" if first else last
