"""`.env.example` documents every variable that the settings read, and no other."""

import ast
import re
from pathlib import Path

from espace_citoyens.demo.environment import Demo, portal_environment

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)


def variables_read() -> dict[str, object]:
    """Name → default of each `env.xxx("NAME", default=…)`; None when it is computed."""
    folder = ROOT / "espace_citoyens"
    calls = [
        node
        for name in ("settings.py", "environment.py")
        for node in ast.walk(ast.parse((folder / name).read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.args
    ]
    return {name: default_of(call) for call in calls for name in names_of(call.args[0])}


def names_of(argument: ast.expr) -> list[str]:
    """The variable itself; or one for each platform, of `f"{prefix}_TIMEOUT"`."""
    if isinstance(argument, ast.Constant):
        return [argument.value]
    if isinstance(argument, ast.JoinedStr):
        end = argument.values[-1].value
        return [prefix + end for prefix in ("FRANCECONNECT", "FRANCECONNECT_PLUS")]
    return []


def default_of(call: ast.Call) -> object:
    for keyword in call.keywords:
        if keyword.arg == "default" and isinstance(keyword.value, ast.Constant):
            return keyword.value.value
    return None


def variables_documented() -> dict[str, str]:
    return dict(LINE.findall((ROOT / ".env.example").read_text("utf-8")))


def test_documents_every_variable_once_and_no_other():
    names = [name for name, _ in LINE.findall((ROOT / ".env.example").read_text("utf-8"))]

    assert sorted(names) == sorted(variables_read())


def test_shows_the_true_defaults():
    documented = variables_documented()
    shown = {
        name: str(default).lower() if isinstance(default, bool) else str(default)
        for name, default in variables_read().items()
        if default is not None
    }

    assert {name: documented[name] for name in shown} == shown


def test_holds_no_secret():
    assert variables_documented()["SECRET_KEY"] == ""
    assert variables_documented()["FRANCECONNECT_CLIENT_SECRET"] == ""


def test_every_comment_is_a_line_of_its_own():
    """The reader of `.env` takes a comment after a value for a part of it."""
    assert not [value for value in variables_documented().values() if "#" in value]


def test_the_demo_sets_every_variable(tmp_path):
    """One left out would come from the `.env` of whoever tries the demo."""
    demo = Demo(
        folder=tmp_path,
        port=8000,
        simulator_port=8100,
        simulator_plus_port=8101,
        mailbox_port=8025,
    )

    assert set(variables_read()) <= set(portal_environment(demo, {}))
