"""The town's logo: whatever is sent, what is kept only draws."""

import struct
import zlib
from xml.etree import ElementTree

import pytest
from django.test import Client

from espace_citoyens import logo, svg_cleaning
from espace_citoyens.logo import PNG, SIGNATURE, SVG, LogoRefused, clean_logo
from espace_citoyens.models import Logo

ROOT = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
SMALL = ROOT + 'viewBox="0 0 4 4">{}</svg>'


def svg(inside: str) -> str:
    return clean_logo(SMALL.format(inside).encode()).content.decode()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data), name) + data + struct.pack(">I", zlib.crc32(name + data))


def png(width=2, height=2, *, depth=8, kind=2, interlaced=0, rows=None, extra=b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    rows = (b"\0" + b"\x10\x20\x30" * width) * height if rows is None else rows
    parts = [chunk(b"IHDR", header), extra, chunk(b"IDAT", zlib.compress(rows))]
    return SIGNATURE + b"".join(parts) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<a href="javascript:alert(1)"><path d="M0 0"/></a>',
        "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>x</body></foreignObject>",
        '<image href="https://ailleurs.example/a.png"/>',
        "<animate attributeName='href' to='javascript:alert(1)'/>",
        '<set attributeName="onload" to="alert(1)"/>',
        '<use href="https://ailleurs.example/a.svg#a"/>',
        '<use xlink:href="data:image/svg+xml,a#b"/>',
        '<path onclick="alert(1)" d="M0 0"/>',
        '<path style="fill:url(https://ailleurs.example/a)"/>',
        '<path fill="url( &quot;//ailleurs.example&quot; )"/>',
        '<path fill="u\\72l(//ailleurs.example)"/>',
        '<style>@import "//ailleurs.example"; .a { fill: url(//ailleurs.example) }</style>'
        '<path class="a"/>',
        "<x:script xmlns:x='http://www.w3.org/2000/svg'>alert(1)</x:script>",
        '<?xml-stylesheet href="//ailleurs.example"?>',
        "<metadata>Nom de la personne</metadata>",
        "<!-- ailleurs.example -->",
    ],
)
def test_what_does_not_draw_is_dropped(inside):
    kept = svg(inside)

    for trap in ("alert", "script", "ailleurs", "foreign", "xhtml", "onclick", "data:", "personne"):
        assert trap not in kept
    ElementTree.fromstring(kept)  # noqa: S314 our own writing


@pytest.mark.parametrize(
    "content",
    [
        '<!DOCTYPE svg [<!ENTITY a "b">]>' + SMALL.format("<text>&a;</text>"),
        '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + SMALL.format("&a;"),
        '<!DOCTYPE svg [<!ENTITY % a "b">]>' + SMALL.format(""),
        "<svg/>",
        "<html xmlns='http://www.w3.org/1999/xhtml'/>",
        SMALL.format("<g>" * 100 + "</g>" * 100),
        SMALL.format("<g/>" * 6000),
        SMALL.format("<path>"),
        ROOT + ">" + "</svg>",
        "",
        "GIF89a",
    ],
)
def test_a_trap_or_no_drawing_is_refused(content):
    with pytest.raises(LogoRefused):
        clean_logo(content.encode())


def test_a_drawing_stays_what_it_was():
    kept = svg(
        "<style>.b, .c { fill: #f00 }</style>"
        '<defs><linearGradient id="g"><stop offset="0" style="stop-color:#00f"/></linearGradient>'
        '</defs><path class="c" d="M0 0h4"/><circle r="2" fill="url(#g)"/><text>A &lt; B</text>'
    )

    assert '<path d="M0 0h4" fill="#f00">' in kept
    assert '<linearGradient id="g"><stop offset="0" stop-color="#00f">' in kept
    assert 'fill="url(#g)"' in kept
    assert "A &lt; B" in kept


def test_an_old_doctype_is_dropped_and_a_size_becomes_a_view_box():
    doctype = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd">'

    kept = clean_logo(f'{doctype}{ROOT}width="40px" height="20"/>'.encode()).content.decode()

    assert kept == '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"></svg>'


def test_what_is_drawn_again_draws_nothing_again():
    """Thirty levels of two copies each would keep a browser busy for ever."""
    levels = "".join(
        f'<g id="l{n}"><use href="#l{n + 1}"/><use href="#l{n + 1}"/></g>' for n in range(30)
    )

    assert svg(levels + '<use href="#l0"/>').count("<use") == 1


def test_a_png_is_written_anew_without_what_it_hid():
    hidden = chunk(b"tEXt", b"Author\0Quelqu'un") + chunk(b"eXIf", b"GPS")

    kept = clean_logo(png(extra=hidden) + b"<script>alert(1)</script>")

    assert kept.media_type == PNG
    assert not any(trap in kept.content for trap in (b"tEXt", b"eXIf", b"GPS", b"script"))
    assert clean_logo(kept.content) == kept


@pytest.mark.parametrize(
    "content",
    [
        png(1025, 1),
        png(0, 1),
        png(interlaced=1),
        png(kind=5),
        png(depth=4),
        png(rows=b""),
        png(rows=b"\0" * 10_000_000),
        png(rows=(b"\x09" + b"\0" * 6) * 2),
        png()[:-20],
        png().replace(b"IDAT", b"IDAX"),
        SIGNATURE,
        SIGNATURE + b"\xff" * 50,
    ],
)
def test_a_png_that_is_not_one_or_is_too_large_is_refused(content):
    with pytest.raises(LogoRefused):
        clean_logo(content)


def test_a_file_too_heavy_is_refused():
    with pytest.raises(LogoRefused, match="200 ko"):
        clean_logo(b" " * (logo.MAX_BYTES + 1))


def test_a_logo_is_served_alone_and_can_load_nothing(client, db):
    row = Logo.keep(clean_logo(SMALL.format('<path d="M0 0"/>').encode()))

    response = client.get(f"/ville/logo/{row.digest}/")

    assert response["Content-Type"] == SVG
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in response["Cache-Control"]
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert client.get("/ville/logo/rien/").status_code == 404


@pytest.mark.parametrize("address", ["/ville/couleurs/1f3a68-a8801a/", "/ville/logo/{}/"])
def test_what_every_cache_may_keep_carries_no_cookie(citizen, address):
    """A session that begins or is renewed in that very request must not be kept with it."""
    row = Logo.keep(clean_logo(SMALL.format("").encode()))
    client = Client()
    client.force_login(citizen)

    response = client.get(address.format(row.digest))

    assert "public" in response["Cache-Control"]
    assert not response.cookies
    assert not response.has_header("Vary")


def test_the_same_picture_is_kept_once(db):
    picture = clean_logo(png())

    assert Logo.keep(picture) == Logo.keep(picture)
    assert Logo.objects.count() == 1


def test_a_rule_of_several_classes_at_once_is_not_read_as_each():
    """`.a .b` draws less than `.a` and `.b` would."""
    sheet = ".a, .c{fill:red} .a .b{fill:blue} /* unclosed .d{fill:blue}"

    assert svg_cleaning._rules(sheet) == {"a": {"fill": "red"}, "c": {"fill": "red"}}
