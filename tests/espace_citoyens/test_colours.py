"""The town's colours: everybody reads what they colour, in light and in dark."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espace_citoyens import colours

PORTAL_CSS = (Path(__file__).parents[2] / "static" / "css" / "portal.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))
    for block in re.findall(r":root \{(.*?)\n\s*\}", PORTAL_CSS, re.S)[:2]
)
TEXTS, GROUNDS = ("text", "text-quiet"), ("paper", "surface", "surface-quiet")
SOFT = ("success-soft", "warning-soft", "danger-soft")
ANY_COLOUR = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def six(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21),
        ("#ffffff", "#ffffff", 1),
        # The examples that every checker of WCAG gives.
        ("#767676", "#ffffff", 4.54),
        ("#777777", "#ffffff", 4.48),
        ("#ff0000", "#ffffff", 4.00),
    ],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert colours.contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert colours.contrast(one, other) == colours.contrast(other, one)


@pytest.mark.parametrize("pair", colours.PAIRS, ids=lambda pair: pair.name)
def test_every_ready_pair_is_readable(pair):
    assert colours.palette_of(pair.main, pair.accent)


def test_the_colours_of_the_stylesheet_are_the_first_pair():
    assert (LIGHT["town"], LIGHT["accent"]) == (colours.DEFAULT.main, colours.DEFAULT.accent)


def test_the_grounds_are_those_of_the_stylesheet():
    names = ("paper", "surface", "surface-quiet", "success-soft", "warning-soft", "danger-soft")

    assert list(colours.LIGHT_GROUNDS.values()) == [six(LIGHT[name]) for name in names]
    assert list(colours.DARK_GROUNDS) == [six(DARK[name]) for name in names]


@settings(deadline=None)
@given(main=ANY_COLOUR, accent=ANY_COLOUR)
def test_whatever_is_accepted_is_readable_everywhere_in_both_schemes(main, accent):
    palette = colours.Palette(
        colours.nearest(main, colours.main_uses), colours.nearest(accent, colours.accent_uses)
    )

    for base, town in ((LIGHT, palette.light), (DARK, palette.dark)):
        tokens = {name: six(value) for name, value in (base | town).items()}
        written = [
            (text, ground)
            for text in (*TEXTS, "town", "town-strong")
            for ground in (*GROUNDS, "town-soft")
        ]
        written += [(name, ground) for name in ("town", "town-strong") for ground in SOFT]
        written += [("on-town", "town"), ("on-town", "town-strong"), ("on-hero", "hero")]
        for text, ground in written:
            assert colours.contrast(tokens[text], tokens[ground]) >= 4.5, (text, ground, palette)
        for ground in GROUNDS:
            assert colours.contrast(tokens["accent"], tokens[ground]) >= 3, (ground, palette)


@settings(deadline=None)
@given(ANY_COLOUR)
def test_the_colour_proposed_is_the_same_when_it_was_readable(colour):
    proposed = colours.nearest(colour, colours.main_uses)

    assert colours.unreadable(colours.main_uses(proposed)) is None
    if colours.unreadable(colours.main_uses(colour)) is None:
        assert proposed == colour


@pytest.mark.parametrize("main", ["#977977", "red", "#0b5a5", "#0b5a57;}", "#0B5A57", ""])
def test_nothing_else_becomes_a_stylesheet(main):
    assert colours.palette_of(main, colours.DEFAULT.accent) is None


def test_the_stylesheet_holds_colours_and_nothing_else():
    sheet = colours.palette_of("#1f3a68", "#a8801a").stylesheet

    assert "--town: #1f3a68;" in sheet
    left = " ".join(re.sub(r"--[\w-]+: #[0-9a-f]{6};", "", sheet).split())
    assert left == ("@layer tokens { :root { } @media (prefers-color-scheme: dark) { :root { } } }")


def test_the_address_of_a_palette_is_kept_for_ever(client, db):
    response = client.get("/ville/couleurs/1f3a68-a8801a/")

    assert response["Content-Type"] == "text/css"
    assert "immutable" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert client.get("/ville/couleurs/ffffff-ffff00/").status_code == 404
