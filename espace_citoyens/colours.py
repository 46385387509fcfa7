"""The town's two colours: whether everybody can read what they colour, and the rest of the palette.

Contrast is the one of WCAG 2.2 (relative luminance). Nothing here knows of a request or a database.
"""

import colorsys
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

# WCAG 2.2, 1.4.3 (text) and 1.4.11 (what must be seen and is no text).
TEXT_RATIO = 4.5
DRAWING_RATIO = 3.0
# What is made here in dark could as well be better than the least.
COMFORT_RATIO = 6.0

WRITTEN = re.compile(r"#[0-9a-f]{6}\Z")
WHITE, BLACK = "#ffffff", "#000000"
# The grounds of static/css/portal.css on which the town's colours are read, but its own tint.
LIGHT_GROUNDS = {
    "le fond des pages": "#faf6ef",
    "un cadre": "#ffffff",
    "un fond discret": "#f4efe5",
    "un message de réussite": "#e5f3e8",
    "un avertissement": "#fdf0d8",
    "un message d’erreur": "#fcebe8",
}
DARK_GROUNDS = ("#111918", "#1a2423", "#212d2c", "#16301f", "#35270f", "#3d1c19")
DARK_SURFACE = "#1a2423"
LIGHT_TEXT = "#f3f1ec"


@dataclass(frozen=True)
class Pair:
    """Two colours ready to choose, which anybody can read."""

    name: str
    main: str
    accent: str


PAIRS = (
    Pair("Rivière et ambre", "#0b5a57", "#bf7416"),
    Pair("Bleu nuit et or", "#1f3a68", "#a8801a"),
    Pair("Brique et sauge", "#8c2f1b", "#5f8a63"),
    Pair("Forêt et terre cuite", "#23542f", "#c2653b"),
    Pair("Prune et rose ancien", "#5b2a5e", "#b5668a"),
    Pair("Ardoise et cuivre", "#37474f", "#b06a3a"),
)
DEFAULT = PAIRS[0]


@dataclass(frozen=True)
class Use:
    """Something that a colour writes or draws: in words, on what, and how it must stand out."""

    words: str
    colour: str
    ground: str
    ratio: float = TEXT_RATIO

    @property
    def contrast(self) -> float:
        return contrast(self.colour, self.ground)

    @property
    def is_readable(self) -> bool:
        return self.contrast >= self.ratio


def channels(colour: str) -> tuple[float, float, float]:
    """Red, green and blue of `#rrggbb`, from 0 to 1."""
    return tuple(int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2), from 0 to 1."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def mix(colour: str, other: str, share: float) -> str:
    """`colour` with this share of `other`, from 0 to 1."""
    values = zip(channels(colour), channels(other), strict=True)
    return _written(one * (1 - share) + two * share for one, two in values)


def _written(values) -> str:
    return "#" + "".join(f"{round(value * 255):02x}" for value in values)


def main_uses(main: str) -> Iterator[Use]:
    """Everything that the main colour writes in light; in dark, `Palette` makes what is read."""
    yield Use("le texte d’un bouton", WHITE, main)
    for words, ground in {**LIGHT_GROUNDS, "le pied de page": tint(main)}.items():
        yield Use(f"un lien sur {words}", main, ground)


def accent_uses(accent: str) -> Iterator[Use]:
    """The accent underlines titles and marks lists: nothing is written with it, or on it."""
    for words in ("le fond des pages", "un cadre", "un fond discret"):
        yield Use(f"un trait sur {words}", accent, LIGHT_GROUNDS[words], DRAWING_RATIO)


def tint(main: str) -> str:
    """The main colour as a ground: the foot of the page, an information."""
    return mix(WHITE, main, 0.11)


def unreadable(uses: Iterable[Use]) -> Use | None:
    """The first use that not everybody reads, from the most common; None when there is none."""
    return next((use for use in uses if not use.is_readable), None)


def nearest(colour: str, uses_of) -> str:
    """The same hue, darkened by as little as makes every one of its uses readable."""
    return next(shade for shade in _shades(colour, towards=0) if unreadable(uses_of(shade)) is None)


def _shades(colour: str, *, towards: int) -> Iterator[str]:
    """This colour, then the same hue nearer and nearer to black (0) or to white (1)."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*channels(colour))
    for step in range(101):
        shade = lightness + (towards - lightness) * step / 100
        yield _written(colorsys.hls_to_rgb(hue, shade, saturation))


def _standing_out(colour: str, grounds: Iterable[str], *, towards: int, ratio: float) -> str:
    """The first shade of this colour that stands out from all these grounds."""
    shades = _shades(colour, towards=towards)
    return next(shade for shade in shades if all(contrast(shade, g) >= ratio for g in grounds))


@dataclass(frozen=True)
class Palette:
    """What static/css/portal.css takes from the two colours, in light and in dark."""

    main: str
    accent: str

    @cached_property
    def light(self) -> dict[str, str]:
        return {
            "town": self.main,
            "town-strong": mix(self.main, BLACK, 0.3),
            "town-soft": tint(self.main),
            "on-town": WHITE,
            "hero": self.main,
            "on-hero": WHITE,
            "accent": self.accent,
        }

    @cached_property
    def dark(self) -> dict[str, str]:
        soft = mix(DARK_SURFACE, self.main, 0.25)
        grounds = [*DARK_GROUNDS, soft]
        town = _standing_out(self.main, grounds, towards=1, ratio=COMFORT_RATIO)
        return {
            "town": town,
            "town-strong": mix(town, WHITE, 0.4),
            "town-soft": soft,
            "on-town": _standing_out(self.main, [town], towards=0, ratio=COMFORT_RATIO),
            "hero": _standing_out(self.main, [LIGHT_TEXT], towards=0, ratio=9),
            "on-hero": LIGHT_TEXT,
            "accent": _standing_out(self.accent, grounds, towards=1, ratio=COMFORT_RATIO),
        }

    @property
    def stylesheet(self) -> str:
        """The tokens of both schemes, in the layer where portal.css declares its own."""
        light, dark = (
            " ".join(f"--{name}: {value};" for name, value in tokens.items())
            for tokens in (self.light, self.dark)
        )
        return (
            f"@layer tokens {{\n:root {{ {light} }}\n"
            f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n}}\n"
        )


@lru_cache(maxsize=64)
def palette_of(main: str, accent: str) -> Palette | None:
    """The palette of two colours written `#rrggbb`; None when they are not, or are hard to read."""
    if not (WRITTEN.match(main) and WRITTEN.match(accent)):
        return None
    if unreadable(main_uses(main)) or unreadable(accent_uses(accent)):
        return None
    return Palette(main, accent)
