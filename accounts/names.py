"""Names as people write them: compared without what they leave out, searched word by word."""

import re
import unicodedata
from collections.abc import Iterable

LIGATURES = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae"})
WORD = re.compile(r"[^\W_]+")
# A shorter word has no beginning and no sound of its own: it is itself or nothing.
SHORTEST_BEGINNING = 3
SOUND_MARK = "~"
# What French ears do not tell apart, in this order.
SOUNDS = [
    (re.compile(pattern), sound)
    for pattern, sound in [
        (r"ph", "f"),
        (r"ch(?=[rl])", "c"),
        (r"s?ch|sh", "x"),
        (r"h", ""),
        (r"y", "i"),
        (r"qu|q|k", "c"),
        (r"w|bv", "v"),
        (r"z", "s"),
        (r"eau|aul(?=[tdx])|au", "o"),
        (r"(.)\1+", r"\1"),
        (r"(?<=..)[esxtdp]+$", ""),
    ]
]


def folded(name: str) -> str:
    """Letters and digits alone, without accents, case, hyphens or apostrophes (é → e, œ → oe)."""
    return "".join(character for character in _plain(name) if character.isalnum())


def words_of(text: str) -> list[str]:
    """The words of a text in their order, each folded: "Jean-Noël d’Ys" → jean, noel, d, ys."""
    return WORD.findall(_plain(text))


def sound_of(word: str) -> str:
    """How a folded word sounds, behind a mark that no word has: Dupond and Dupont are ~dupon."""
    for pattern, sound in SOUNDS:
        word, _ = pattern.subn(sound, word)
    return SOUND_MARK + word


def searched_words(names: Iterable[str]) -> str:
    """All that names are found by, each word between two spaces: words, words joined, sounds.

    "Le Goff" is found by le, goff and legoff.
    """
    words = {}
    for name in names:
        parts = words_of(name)
        words |= dict.fromkeys([*parts, "".join(parts)])
    words.pop("", None)
    sounds = dict.fromkeys(sound_of(word) for word in words if len(word) >= SHORTEST_BEGINNING)
    return f" {' '.join([*words, *sounds])} " if words else ""


def _plain(text: str) -> str:
    """Small letters, without their accents."""
    decomposed = unicodedata.normalize("NFKD", text.translate(LIGATURES)).casefold()
    return "".join(character for character in decomposed if not unicodedata.combining(character))
