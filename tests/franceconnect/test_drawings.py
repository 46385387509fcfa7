"""Drawings that agents send: harmless once cleaned, or refused."""

import struct
import zlib

import pytest

from franceconnect import drawings
from franceconnect.drawings import Unusable, cleaned

SVG = (
    '<?xml version="1.0"?><!-- from a drawing program -->'
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" '
    'viewBox="0 0 10 10" width="10" height="10"><title>FranceConnect &amp; +</title>'
    "<style>.a{fill:#000091}</style>"
    '<defs><linearGradient id="g"><stop offset="0" stop-color="red"/></linearGradient></defs>'
    '<g class="a" fill="url(#g)"><path d="M0 0h9"/></g></svg>'
)


def svg(inside="", attributes=""):
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"'
    return f"<svg {namespaces} {attributes}><path d='M0 0'/>{inside}</svg>".encode()


def chunk(kind, data=b""):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(width=2, height=2, extra=b""):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * (1 + 3 * 2) * 2)
    return (
        drawings.PNG_SIGNATURE
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", pixels)
        + chunk(b"IEND")
    )


def test_a_harmless_svg_keeps_its_drawing():
    drawing = cleaned(SVG.encode())

    text = drawing.content.decode()
    assert drawing.content_type == "image/svg+xml"
    for kept in ('viewBox="0 0 10 10"', "fill:#000091", "url(#g)", 'd="M0 0h9"', "&amp; +"):
        assert kept in text
    assert "<!--" not in text
    assert cleaned(drawing.content) == drawing


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<script x:href='https://evil.example/a.js'/>",
        "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>evil</body></foreignObject>",
        "<image x:href='https://evil.example/a.png'/>",
        "<use x:href='https://evil.example/a.svg#evil'/>",
        "<use href='#evil'/>",
        "<a x:href='javascript:evil()'><path d='M1'/></a>",
        "<animate attributeName='href' to='javascript:evil()'/>",
        "<set attributeName='onload' to='evil()'/>",
        "<g onload='evil()'/>",
        "<path onclick='evil()' d='M1'/>",
        "<path fill='url(https://evil.example/#a)'/>",
        "<path style='fill:url( \"//evil.example\")'/>",
        "<path style='fill:u\\72l(evil)'/>",
        "<path x:href='data:text/html,evil'/>",
        "<evil xmlns='http://evil.example'><path d='M1'/></evil>",
        "<path xmlns:e='http://evil.example' e:d='evil'/>",
        "<iframe src='evil'/>",
    ],
)
def test_what_could_act_or_leave_is_left_out(inside):
    text = cleaned(svg(inside)).content.decode()

    for word in ("evil", "script", "alert", "foreignObject", "href", "on", "//e"):
        assert word not in text.replace("version", "")
    assert 'd="M0 0"' in text


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + svg("<text>&b;</text>"),
        b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + svg("<text>&x;</text>"),
        b'<!DOCTYPE svg [<!ENTITY % p SYSTEM "http://evil.example/p">%p;]>' + svg(),
        svg("<style>@import 'https://evil.example/a.css';</style>"),
        svg("<style>a{fill:u<![CDATA[rl(https://evil.example)]]></style>"),
        svg()[:-3],
        svg("<g>" + "&nothing;" + "</g>"),
        b"<html><body>evil</body></html>",
        b"<svg><path d='M0'/></svg>",
        svg().replace(b"<path d='M0 0'/>", b""),
        svg("<b>\x00</b>"),
        b"\xff\xfe<\x00s\x00v\x00g\x00",
        b"GIF89a<svg/>",
        b"%PDF-1.7",
        b"",
        b"<" * 1000,
    ],
)
def test_what_cannot_be_cleaned_is_refused(data):
    with pytest.raises(Unusable):
        cleaned(data)


def test_a_document_type_without_entity_is_only_left_out():
    data = b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/a.dtd">' + svg()

    assert b"DOCTYPE" not in cleaned(data).content


def test_a_drawing_of_endless_depth_is_cut():
    content = cleaned(svg("<g>" * 5000 + "</g>" * 5000)).content

    assert content.count(b"<g>") < drawings.MAX_DEPTH


def test_no_file_over_the_limit_is_read():
    with pytest.raises(Unusable, match="200"):
        cleaned(svg(" " * drawings.MAX_BYTES))


# --- PNG ---


def test_a_png_loses_all_but_its_drawing():
    polyglot = png(extra=chunk(b"tEXt", b"Comment\0<script>evil</script>")) + b"<script>evil"

    drawing = cleaned(polyglot)

    assert drawing.content_type == "image/png"
    assert drawing.content == png()


@pytest.mark.parametrize(
    "data",
    [
        drawings.PNG_SIGNATURE,
        drawings.PNG_SIGNATURE + b"<svg/>",
        png()[:-4],
        png().replace(b"IDAT", b"IDAX"),
        png(width=50_000, height=50_000),
        png(width=0),
        drawings.PNG_SIGNATURE + chunk(b"IEND"),
        drawings.PNG_SIGNATURE + struct.pack(">I", 2**32 - 1) + b"IHDR",
    ],
)
def test_a_broken_or_huge_png_is_refused(data):
    with pytest.raises(Unusable):
        cleaned(data)


def test_a_picture_of_another_kind_is_known_by_its_content():
    assert cleaned(png()).content_type == "image/png"
    assert cleaned(b"\xef\xbb\xbf\n" + svg()).content_type == "image/svg+xml"
