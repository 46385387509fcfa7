"""A block of a style sheet that is not closed takes every rule after it, without a word."""

import re
from pathlib import Path

import pytest

SHEETS = sorted((Path(__file__).parents[1] / "static" / "css").glob("*.css"))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_each_block_is_closed_before_the_next_rule(sheet):
    depth = 0
    for line in re.split(r"\n", re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)):
        starts_a_rule = bool(line) and not line.startswith((" ", "}", ")", ","))
        assert not (starts_a_rule and depth), line
        depth += line.count("{") - line.count("}")
    assert depth == 0
