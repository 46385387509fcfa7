"""The borders of the house, and rules that hold for every file."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.urls import get_resolver

ROOT = Path(__file__).parents[1]
OURS = ("accounts", "espace_citoyens", "franceconnect")
PYTHON = [path for app in OURS for path in (ROOT / app).rglob("*.py")]
CLAIM_WORDS = re.compile(r"\b(sub|acr|acr_values|id_token|family_name_claim|preferred_username)\b")


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def roots(path):
    return {name.split(".")[0] for name in imported_modules(path)}


@pytest.mark.parametrize("path", (ROOT / "accounts").rglob("*.py"), ids=str)
def test_accounts_imports_none_of_ours(path):
    assert not roots(path) & {"franceconnect", "espace_citoyens"}


@pytest.mark.parametrize("path", (ROOT / "franceconnect").rglob("*.py"), ids=str)
def test_nothing_imports_the_project(path):
    assert "espace_citoyens" not in roots(path)


def test_the_simulator_is_alone():
    for path in PYTHON:
        inside = ROOT / "franceconnect" / "simulator" in path.parents
        for name in imported_modules(path):
            is_simulator = name.startswith("franceconnect.simulator")
            if inside:
                assert is_simulator or name.split(".")[0] not in OURS, (path, name)
            else:
                assert not is_simulator, (path, name)


@pytest.mark.parametrize("app", ["accounts", "espace_citoyens"])
def test_nothing_outside_franceconnect_knows_a_claim(app):
    for path in (ROOT / app).rglob("*.py"):
        if path.parent.name == "demo":  # makes up the people whom the simulator knows
            continue
        names = {
            node.id if isinstance(node, ast.Name) else node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Name | ast.Attribute)
        }
        assert not {name for name in names if CLAIM_WORDS.fullmatch(name)}, path


def test_migrations_are_complete(db):
    from django.core.management import call_command

    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_every_constraint_and_index_is_named():
    for app in OURS:
        for model in apps.get_app_config(app).get_models():
            for item in (*model._meta.constraints, *model._meta.indexes):
                assert item.name.startswith(app), item


def named_patterns(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            if getattr(pattern, "app_name", None) != "admin":
                yield from named_patterns(pattern, prefix + str(pattern.pattern))
        else:
            yield prefix + str(pattern.pattern), pattern.name


def test_every_address_is_named_and_ends_with_a_slash():
    for route, name in named_patterns(get_resolver()):
        assert name, route
        assert route == "" or route.endswith("/"), route


def test_every_link_of_the_documents_leads_somewhere():
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
            if "://" not in target and not target.startswith("mailto:"):
                assert (path.parent / target).exists(), (path.name, target)
