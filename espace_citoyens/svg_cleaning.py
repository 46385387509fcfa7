"""An SVG without anything but its drawing: what is kept is named here, all the rest goes.

A logo is drawn in every page and opened by itself: a script, an event handler, a foreign page, an
address outside, an entity would each reach every citizen.
"""

import re
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

SVG_SPACE = "http://www.w3.org/2000/svg"
XLINK_HREF = "http://www.w3.org/1999/xlink href"
MAX_ELEMENTS, MAX_DEPTH = 5_000, 60


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEPT_ELEMENTS = _words(
    "svg g defs symbol use clipPath mask text tspan path rect circle ellipse line polyline polygon "
    "linearGradient radialGradient stop"
)
TEXTS = {"text", "tspan"}
STYLES = _words(
    "clip-path clip-rule color display fill fill-opacity fill-rule font-family font-size "
    "font-style font-weight letter-spacing mask opacity stop-color stop-opacity stroke "
    "stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit "
    "stroke-opacity stroke-width text-anchor visibility"
)
KEPT_ATTRIBUTES = STYLES | _words(
    "id d x y x1 y1 x2 y2 cx cy r rx ry fx fy dx dy width height points transform viewBox offset "
    "gradientUnits gradientTransform spreadMethod clipPathUnits maskUnits maskContentUnits "
    "preserveAspectRatio"
)
# A reference outside the drawing, or a word that a backslash cuts in two to hide one.
OUTSIDE = re.compile(r"url\s*\(\s*(?!['\"]?#)|[\\@<>]|script:|data:|expression", re.IGNORECASE)
INSIDE = re.compile(r"#[\w.:-]+\Z")
REFERENCE = re.compile(r"#([\w.:-]+)")
# What is drawn again elsewhere draws nothing again itself: ten such levels would be a thousand
# drawings, thirty a browser that never ends.
REPEATING = {"clip-path", "mask"}
CLASS = re.compile(r"\.([\w-]+)")
# An unclosed comment goes to the end (CSS Syntax §4.3.2): it is looked for once.
COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)

BROKEN = "Ce fichier n’est ni une image PNG, ni un dessin SVG lisible. Envoyez l’un ou l’autre."
ENTITIES = "Ce dessin SVG définit des entités, qui peuvent cacher un piège. Exportez-le de nouveau."
TOO_BIG = "Ce dessin SVG a trop d’éléments. Simplifiez-le, ou envoyez une image PNG."
SHAPELESS = "Ce dessin SVG ne dit pas ses dimensions (viewBox). Exportez-le de nouveau."


class SvgRefused(Exception):
    """Why this file is no logo, for whoever sent it."""


def clean_svg(content: bytes) -> bytes:
    """The drawing alone, in UTF-8; raises SvgRefused."""
    styles = _Reader()
    _read(content, styles)
    writer = _Writer(_rules(styles.style), styles.references)
    _read(content, writer)
    if not writer.has_size:
        raise SvgRefused(SHAPELESS)
    return "".join(writer.parts).encode()


def _read(content: bytes, reader: "_Reader") -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.EntityDeclHandler = reader.entity
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise SvgRefused(BROKEN) from None


class _Reader:
    """Bounds, and the style sheets of a drawing."""

    def __init__(self):
        self.elements, self.path, self.style, self.references = 0, [], "", set()

    def start(self, name: str, attributes: dict) -> None:
        space, _, local = name.rpartition(" ")
        if not self.path and (space, local) != (SVG_SPACE, "svg"):
            raise SvgRefused(BROKEN)
        self.path.append(local if space == SVG_SPACE else "")
        self.elements += 1
        self.references.update(REFERENCE.findall(" ".join(attributes.values())))
        if self.elements > MAX_ELEMENTS or len(self.path) > MAX_DEPTH:
            raise SvgRefused(TOO_BIG)

    def end(self, name: str) -> None:
        self.path.pop()

    def text(self, data: str) -> None:
        if self.path[-1] == "style":
            self.style += data
            self.references.update(REFERENCE.findall(data))

    def doctype(self, name, system_id, public_id, has_internal_subset) -> None:
        """Old drawing software names the standard's, which is dropped; entities are a trap."""
        if has_internal_subset:
            raise SvgRefused(ENTITIES)

    def entity(self, *declaration) -> None:
        raise SvgRefused(ENTITIES)


class _Writer(_Reader):
    """Writes what is kept of each element, as it comes."""

    def __init__(self, rules: dict[str, dict[str, str]], targets: set[str]):
        super().__init__()
        self.rules, self.targets = rules, targets
        self.parts, self.has_size, self.target_depth = [], False, 0

    @property
    def is_kept(self) -> bool:
        """Whether this element and all those around it draw."""
        return KEPT_ELEMENTS.issuperset(self.path)

    def start(self, name, attributes) -> None:
        super().start(name, attributes)
        if self.target_depth and self.path[-1] == "use":
            self.path[-1] = ""
        if not self.is_kept:
            return
        kept = _kept_attributes(attributes, self.rules)
        if len(self.path) == 1:
            kept = {"xmlns": SVG_SPACE} | _with_size(kept)
            self.has_size = "viewBox" in kept
        kept = self._without_repetition(kept)
        written = "".join(f" {key}={quoteattr(value)}" for key, value in kept.items())
        self.parts.append(f"<{self.path[-1]}{written}>")

    def _without_repetition(self, kept: dict) -> dict:
        if kept.get("id") not in self.targets or len(self.path) == 1:
            kept.pop("id", None)
        elif not self.target_depth:
            self.target_depth = len(self.path)
        dropped = REPEATING if self.target_depth else ()
        return {name: value for name, value in kept.items() if name not in dropped}

    def end(self, name) -> None:
        if self.is_kept:
            self.parts.append(f"</{self.path[-1]}>")
        if len(self.path) == self.target_depth:
            self.target_depth = 0
        super().end(name)

    def text(self, data) -> None:
        if self.is_kept and self.path[-1] in TEXTS:
            self.parts.append(escape(data))


def _kept_attributes(attributes: dict, rules: dict) -> dict[str, str]:
    """Those that draw; what a style or a class says of the drawing becomes attributes too."""
    values = {name: value for name, value in attributes.items() if name in KEPT_ATTRIBUTES}
    for name in attributes.get("class", "").split():
        values |= rules.get(name, {})
    values |= _declarations(attributes.get("style", ""))
    kept = {name: value for name, value in values.items() if not OUTSIDE.search(value)}
    target = attributes.get("href") or attributes.get(XLINK_HREF) or ""
    return kept | ({"href": target} if INSIDE.match(target) else {})


def _declarations(style: str) -> dict[str, str]:
    """What a style says, of what may be said: `fill: red; …`."""
    pairs = (declaration.partition(":") for declaration in _without_comments(style).split(";"))
    written = {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}
    return {name: value for name, value in written.items() if name in STYLES and value}


def _without_comments(style: str) -> str:
    return " ".join(COMMENT.split(style))


def _rules(style: str) -> dict[str, dict[str, str]]:
    """What a style sheet says of each class; its other selectors are not followed."""
    rules = {}
    # Cut, not matched by one expression: a long sheet of spaces would take it minutes.
    for rule in _without_comments(style).split("}"):
        selectors, _, body = rule.partition("{")
        for selector in selectors.split(","):
            if found := CLASS.fullmatch(selector.strip()):
                rules[found[1]] = rules.get(found[1], {}) | _declarations(body)
    return rules


def _with_size(attributes: dict) -> dict:
    """A root that scales: its own view box, or the one that its width and height make."""
    numbers = [
        re.fullmatch(r"([\d.]+)(?:px|pt)?", attributes.get(name, ""))
        for name in ("width", "height")
    ]
    kept = {name: value for name, value in attributes.items() if name not in ("width", "height")}
    if "viewBox" not in kept and all(numbers):
        kept["viewBox"] = "0 0 {} {}".format(*(number[1] for number in numbers))
    return kept
