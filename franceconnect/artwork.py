"""The official artwork of the button, which a town takes from its FranceConnect partner space."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from franceconnect import conf
from franceconnect.conf import Platform
from franceconnect.drawings import Drawing
from franceconnect.models import Activation

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


def artwork_url(platform: Platform) -> str | None:
    """Where the drawing of this platform's button is; None without one. It changes with it."""
    digest = Activation.objects.current(platform.name).artwork_digest
    if not digest and (platform.name != conf.FRANCECONNECT or artwork_file() is None):
        return None
    return f"{platform.path('artwork')}?v={digest or 'env'}"


def artwork_of(platform_name: str) -> Drawing | None:
    """What agents uploaded for this platform; else the file that the environment names."""
    row = Activation.objects.filter(platform=platform_name).exclude(artwork_type="").first()
    if row is not None:
        return Drawing(bytes(row.artwork), row.artwork_type)
    file = artwork_file() if platform_name == conf.FRANCECONNECT else None
    return file and Drawing(file.path.read_bytes(), file.content_type)
