"""docs/cas-franceconnect.md holds every case, and each test that a document names exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
TABLE = (ROOT / "docs" / "cas-franceconnect.md").read_text()
CASES = 66


@cache
def functions_of(path: Path) -> set[str]:
    """The test functions of a file; empty when there is no such file."""
    if not path.is_file():
        return set()
    tree = ast.parse(path.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def names_in(text: str) -> list[str]:
    return re.findall(r"\btests/[\w/]+\.py::\w+", text)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_each_test_that_a_document_names_exists(document):
    missing = []
    for named in names_in(document.read_text()):
        path, name = named.split("::")
        if not name.startswith("test_") or name not in functions_of(ROOT / path):
            missing.append(named)

    assert missing == []


def test_every_case_has_its_row_once_and_in_order():
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", TABLE, re.M)]

    assert numbers == list(range(1, CASES + 1))


def test_every_row_has_its_proof():
    rows = [line for line in TABLE.splitlines() if line.startswith("| ")]
    without = [row for row in rows if "preuves |" not in row and not names_in(row)]

    assert without == []


def test_the_french_of_the_table_has_its_spaces_and_apostrophes():
    text = re.sub(r"`[^`\n]*`", "", TABLE)

    assert re.findall(r".{0,20}(?: [;:!?»]|« |\w'\w).{0,20}", text) == []
