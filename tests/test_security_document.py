"""docs/securite.md proves what it says by tests: each one that it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "securite.md").read_text()
NAMED = sorted(set(re.findall(r"(tests/[\w/]+\.py)::(\w+)", DOCUMENT)))
MODULES = sorted(
    set(re.findall(r"`((?:accounts|franceconnect|espace_citoyens)(?:\.\w+)+)`", DOCUMENT))
)


@cache
def functions_of(path):
    """The functions of a test file; tests here are never methods."""
    if not (ROOT / path).is_file():
        return set()
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_the_document_names_exists(path, name):
    assert name in functions_of(path)


def test_every_threat_and_every_row_has_a_proof():
    threats, rows = DOCUMENT.split("\n## ")[1:3]
    claims = re.split(r"\n#{3,4} (?=.+\n\n\*\*)", threats)[1:]
    claims += re.split(r"\n(?=\*\*[\dU]+[. ])", rows)[1:]

    assert len(claims) > 40
    for claim in claims:
        assert "\n- `tests/" in claim, claim.splitlines()[0]


@pytest.mark.parametrize("dotted", MODULES)
def test_a_module_that_the_document_names_exists(dotted):
    """A module, perhaps in a package, perhaps with a function or class of it."""
    *folders, last = dotted.split(".")
    if (path := ROOT.joinpath(*folders, f"{last}.py")).is_file():
        member = None
    else:
        path, member = ROOT.joinpath(*folders).with_suffix(".py"), last
    tree = ast.parse(path.read_text())
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}

    assert member is None or member in names


def test_the_french_of_the_document_has_its_spaces_and_apostrophes():
    text = re.sub(r"```.*?```|`[^`\n]*`", "", DOCUMENT, flags=re.DOTALL)

    assert re.findall(r".{20}(?: [;:!?»]|« |').{0,20}", text) == []
