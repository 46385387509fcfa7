"""The town's logo: what of a file is kept, so that showing it to everybody is safe.

A PNG is written anew from its own pixels; an SVG from the elements that draw
(`espace_citoyens.svg_cleaning`). Nothing else of the file is kept: no comment, no place where the
picture was taken, no script.
"""

import struct
import zlib
from dataclasses import dataclass

from espace_citoyens.svg_cleaning import SvgRefused, clean_svg

MAX_BYTES = 200_000
MAX_SIDE = 1024
PNG, SVG = "image/png", "image/svg+xml"

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Samples of a pixel, and how many bits each may take (PNG, third edition, §11.2.1).
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
UNREADABLE = "Cette image PNG est abîmée. Enregistrez-la de nouveau, puis renvoyez-la."


class LogoRefused(Exception):
    """Why this file is no logo, for whoever sent it."""


@dataclass(frozen=True)
class CleanLogo:
    """What is kept of a file: its type, its bytes."""

    media_type: str
    content: bytes


def clean_logo(content: bytes) -> CleanLogo:
    """What is kept of this file; raises LogoRefused with words for who sent it."""
    if len(content) > MAX_BYTES:
        raise LogoRefused("Ce fichier pèse plus de 200 ko. Envoyez une image plus légère.")
    if content.startswith(SIGNATURE):
        return CleanLogo(PNG, clean_png(content))
    try:
        return CleanLogo(SVG, clean_svg(content))
    except SvgRefused as error:
        raise LogoRefused(str(error)) from None


def clean_png(content: bytes) -> bytes:
    """The same picture, written anew: its header, its palette and its pixels, nothing else."""
    kept = dict.fromkeys((b"IHDR", b"PLTE", b"tRNS", b"IDAT"), b"")
    try:
        for name, data in _chunks(content):
            if name == b"IDAT":
                kept[name] += data
            elif name in kept and not kept[name]:
                kept[name] = data
        kept[b"IDAT"] = zlib.compress(_pixels(kept[b"IHDR"], kept[b"IDAT"]), 9)
    except (ValueError, struct.error, zlib.error):
        raise LogoRefused(UNREADABLE) from None
    parts = [_chunk(name, data) for name, data in kept.items() if data]
    written = b"".join([SIGNATURE, *parts, _chunk(b"IEND", b"")])
    if len(written) > MAX_BYTES:
        raise LogoRefused("Cette image pèse plus de 200 ko. Envoyez une image plus légère.")
    return written


def _chunks(content: bytes):
    """The name and the data of each chunk, up to the end of the picture; what follows is not it."""
    start = len(SIGNATURE)
    while True:
        length, name = struct.unpack_from(">I4s", content, start)
        data = content[start + 8 : start + 8 + length]
        (checksum,) = struct.unpack_from(">I", content, start + 8 + length)
        if checksum != zlib.crc32(name + data):
            raise ValueError(name)
        if name == b"IEND":
            return
        yield name, data
        start += 12 + length


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data), name) + data + struct.pack(">I", zlib.crc32(name + data))


def _pixels(header: bytes, compressed: bytes) -> bytes:
    """The filtered rows, as many as the header says: a small file may inflate to a huge one.

    Raises ValueError, zlib.error, or LogoRefused for what the header alone refuses.
    """
    row, height = _row_and_height(header)
    expected = row * height
    inflater = zlib.decompressobj()
    pixels = inflater.decompress(compressed, expected + 1)
    if len(pixels) != expected or set(pixels[::row]) - set(range(5)):
        raise ValueError("size")
    return pixels


def _row_and_height(header: bytes) -> tuple[int, int]:
    """How many bytes a row takes, with its filter, and how many rows there are."""
    width, height, depth, kind, *methods, interlaced = struct.unpack(">IIBBBBB", header)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise LogoRefused(
            f"Cette image fait {width} pixels sur {height}. Réduisez-la à {MAX_SIDE} au plus."
        )
    if interlaced:
        raise LogoRefused("Cette image est entrelacée. Enregistrez-la sans entrelacement.")
    if any(methods) or depth not in DEPTHS.get(kind, ()):
        raise ValueError("header")
    return (width * SAMPLES[kind] * depth + 7) // 8 + 1, height
