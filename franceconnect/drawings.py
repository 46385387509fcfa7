"""A drawing that an agent sends, PNG or SVG, made again from what is known to be harmless.

An SVG is a document: it can run scripts, fetch what it wants, hold a page of HTML, and make an XML
parser or a browser swell (entities, nested `use`). Only listed elements and attributes are written
again; what is not listed is left out with all it holds.
"""

import html
import re
import struct
import zlib
from dataclasses import dataclass, field
from xml.parsers import expat

MAX_BYTES = 200_000
MAX_SIDE = 2_000
SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text"}
ELEMENTS = SHAPES | {
    *("svg", "g", "defs", "title", "desc", "tspan", "style"),
    *("linearGradient", "radialGradient", "stop", "clipPath", "mask"),
}
# `style` and `class` are checked like the others, by their value.
ATTRIBUTE = re.compile(
    r"id|class|style|href|version|viewBox|preserveAspectRatio|transform|points|offset|opacity"
    r"|display|visibility|color|width|height|d|dx|dy|[rcf]?[xy]|r|[xy][12]|textLength"
    r"|fill(-opacity|-rule)?|stroke(-[a-z]+)?|stop-(color|opacity)|letter-spacing|text-anchor"
    r"|font-(family|size|style|weight)|clip-(path|rule)|mask|spreadMethod"
    r"|(clipPath|mask|maskContent|gradient)Units|gradientTransform"
)
# A style sheet that fetches something (@import, url, image), or hides a word (\).
FORBIDDEN_VALUE = re.compile(
    r"[@\\]|//|image|url\(\s*['\"]?(?!#)|[a-z]+script\s*:|expression", re.IGNORECASE
)
MAX_DEPTH = 50
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Everything that draws; texts, dates, profiles and what follows the end are left out.
PNG_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"pHYs", b"IDAT", b"IEND"}


class Unusable(Exception):
    """Not a drawing that can be shown; the words are for whoever sent it."""


@dataclass(frozen=True)
class Drawing:
    """A harmless file and its type."""

    content: bytes = field(repr=False)
    content_type: str


def cleaned(data: bytes) -> Drawing:
    """The drawing of this file, known by its content, whatever its name says. Raises Unusable."""
    if len(data) > MAX_BYTES:
        raise Unusable("Ce fichier dépasse 200 ko. Prenez celui de l’espace partenaires.")
    if data.startswith(PNG_SIGNATURE):
        return Drawing(_png(data), "image/png")
    if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return Drawing(_svg(data), "image/svg+xml")
    raise Unusable("Ce fichier n’est ni un SVG ni un PNG. Choisissez l’un des deux.")


def _svg(data: bytes) -> bytes:
    writer = SVGWriter()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    parser.EntityDeclHandler = writer.refuse_entity
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise Unusable("Ce SVG est mal formé. Téléchargez-le de nouveau.") from None
    if not writer.has_shapes:
        raise Unusable("Ce SVG ne contient aucun dessin utilisable. Essayez le fichier PNG.")
    return "".join(writer.parts).encode()


class SVGWriter:
    """What is allowed of the document that expat reads, written again as it comes."""

    def __init__(self):
        self.parts: list[str] = []
        self.open: list[str] = []
        self.has_shapes = False
        # How deep inside an element that is left out.
        self.left_out = 0
        # Expat gives a text in pieces: it is judged whole.
        self.style = ""

    def refuse_entity(self, *declaration):
        """Entities multiply, or fetch a file: no drawing needs one."""
        raise Unusable("Ce SVG contient une déclaration d’entité : il est refusé.")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        is_root = not self.parts
        if is_root and (namespace != SVG or local != "svg"):
            raise Unusable("Ce fichier n’est pas un SVG. Choisissez un SVG ou un PNG.")
        is_known = namespace == SVG and local in ELEMENTS and len(self.open) < MAX_DEPTH
        if self.left_out or not is_known:
            self.left_out += 1
            return
        self.has_shapes |= local in SHAPES
        self.open.append(local)
        kept = [f' xmlns="{SVG}"'] if is_root else []
        kept += [
            f' {attribute}="{html.escape(value)}"'
            for attribute, value in self._attributes(attributes)
        ]
        self.parts.append(f"<{local}{''.join(kept)}>")

    @staticmethod
    def _attributes(attributes: dict[str, str]):
        for name, value in attributes.items():
            local = name.removeprefix(f"{XLINK} ")
            is_away = local == "href" and not value.startswith("#")
            is_known = ATTRIBUTE.fullmatch(local) is not None
            if is_known and not is_away and not FORBIDDEN_VALUE.search(value):
                yield local, value

    def end(self, name: str) -> None:
        if self.left_out:
            self.left_out -= 1
            return
        if FORBIDDEN_VALUE.search(self.style):
            raise Unusable("Ce SVG va chercher une feuille de style ailleurs : il est refusé.")
        self.style = ""
        self.parts.append(f"</{self.open.pop()}>")

    def text(self, data: str) -> None:
        if self.left_out:
            return
        if self.open[-1] == "style":
            self.style += data
        self.parts.append(html.escape(data, quote=False))


def _png(data: bytes) -> bytes:
    """The same picture, of its drawing chunks alone (PNG specification §5.3)."""
    kept, position = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    kinds = []
    while not kinds or kinds[-1] != b"IEND":
        head = data[position : position + 8]
        if len(head) < 8:
            raise Unusable("Ce PNG est incomplet. Téléchargez-le de nouveau.")
        length, kind = struct.unpack(">I4s", head)
        chunk = data[position : position + 12 + length]
        is_whole = len(chunk) == 12 + length
        if not is_whole or zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:]):
            raise Unusable("Ce PNG est abîmé. Téléchargez-le de nouveau.")
        kinds.append(kind)
        if kind in PNG_CHUNKS:
            kept.append(chunk)
        position += len(chunk)
    _check_sides(kinds, kept[1])
    return b"".join(kept)


def _check_sides(kinds: list[bytes], header: bytes) -> None:
    """A picture small enough for every browser; a few bytes can announce a huge one."""
    if kinds[0] != b"IHDR" or len(header) != 25 or b"IDAT" not in kinds:
        raise Unusable("Ce PNG ne contient aucun dessin. Choisissez un autre fichier.")
    width, height = struct.unpack(">II", header[8:16])
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise Unusable("Ce PNG dépasse 2 000 pixels de côté. Choisissez un dessin plus petit.")
