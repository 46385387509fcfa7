"""The official artwork of the button, which a town takes from its FranceConnect partner space."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

CONTENT_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}


@dataclass(frozen=True)
class ArtworkFile:
    path: Path
    content_type: str


def artwork_file() -> ArtworkFile | None:
    """The file that FRANCECONNECT_BUTTON_ARTWORK names; None without one of a known kind."""
    name = settings.FRANCECONNECT["button_artwork"]
    path = Path(name)
    if not name or path.suffix.lower() not in CONTENT_TYPES or not path.is_file():
        return None
    return ArtworkFile(path, CONTENT_TYPES[path.suffix.lower()])
