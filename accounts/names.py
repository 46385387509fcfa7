"""Names as people write them: compared without what they leave out."""

import unicodedata

LIGATURES = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae"})


def folded(name: str) -> str:
    """Letters and digits alone, without accents, case, hyphens or apostrophes (é → e, œ → oe)."""
    decomposed = unicodedata.normalize("NFKD", name.translate(LIGATURES)).casefold()
    return "".join(character for character in decomposed if character.isalnum())
