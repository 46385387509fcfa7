import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from espace_citoyens.environment import (
    Environment,
    checked_base_url,
    checked_issuer,
    is_loopback,
    retention_settings,
)

ROOT = Path(__file__).parents[2]
KEY = "k" * 60


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8000", "http://localhost", "https://127.9.9.9", "http://[::1]:8000"],
)
def test_loopback_is_this_machine(url):
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://rivemont.example",
        "http://192.168.1.10",
        "http://localhost.example.fr",
        "http://127.0.0.1.example.fr",
        "http://127.0.0.1@example.fr",
        "",
    ],
)
def test_another_host_is_not_this_machine(url):
    assert not is_loopback(url)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://portail.example.fr", "https://portail.example.fr"),
        ("https://portail.example.fr/", "https://portail.example.fr"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_base_url_is_an_origin(url, kept):
    assert checked_base_url(url) == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://portail.example.fr",
        "https://portail.example.fr/portail",
        "portail.example.fr",
        "ftp://portail.example.fr",
        "https://",
        "",
    ],
)
def test_base_url_refuses_anything_else(url):
    with pytest.raises(ImproperlyConfigured):
        checked_base_url(url)


def test_issuer_beside_an_https_portal_is_https():
    with pytest.raises(ImproperlyConfigured):
        checked_issuer("http://127.0.0.1:8100/api/v2", base_url="https://portail.example.fr")


def test_issuer_over_http_must_be_on_this_machine_too():
    with pytest.raises(ImproperlyConfigured):
        checked_issuer("http://fc.example.fr/api/v2", base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize(
    ("issuer", "base_url"),
    [
        ("https://fc.example.fr/api/v2", "https://portail.example.fr"),
        ("https://fc.example.fr/api/v2", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8100/api/v2", "http://localhost:8000"),
        ("", "https://portail.example.fr"),
    ],
)
def test_issuer_accepted(issuer, base_url):
    assert checked_issuer(issuer, base_url=base_url) == issuer


def test_secret_read_from_a_file_loses_its_final_newline(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("secret\n")
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "secret"))

    assert Environment().str("SOME_SECRET") == "secret"


def start_settings(**variables: str) -> subprocess.CompletedProcess:
    """Load the settings in a process whose environment is `variables` and nothing else."""
    return subprocess.run(
        [sys.executable, "-c", "import espace_citoyens.settings as s; print(s.IS_LOCAL)"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "FRANCECONNECT_ISSUER": "", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": KEY, "BASE_URL": "http://portail.example.fr"}, "BASE_URL"),
        (
            {
                "SECRET_KEY": KEY,
                "BASE_URL": "https://portail.example.fr",
                "FRANCECONNECT_ISSUER": "http://127.0.0.1:8100/api/v2",
            },
            "FRANCECONNECT_ISSUER",
        ),
        ({"SECRET_KEY": "short", "BASE_URL": "https://portail.example.fr"}, "SECRET_KEY"),
        (
            {"SECRET_KEY": KEY, "BASE_URL": "https://portail.example.fr", "DEBUG": "true"},
            "DEBUG",
        ),
        ({"SECRET_KEY": KEY, "BASE_URL": "https://a:b@portail.example.fr"}, "BASE_URL"),
        ({"SECRET_KEY": KEY, "BASE_URL": "https://portail.example.fr?x=1"}, "BASE_URL"),
    ],
)
def test_the_portal_refuses_to_start(variables, word):
    result = start_settings(**variables)

    assert result.returncode != 0
    assert "ImproperlyConfigured" in result.stderr
    assert word in result.stderr


def test_the_portal_starts_in_production():
    result = start_settings(SECRET_KEY=KEY, BASE_URL="https://portail.example.fr")

    assert result.stdout == "False\n"


def test_each_delay_has_a_default_within_its_bounds(monkeypatch):
    for name in [name for name in os.environ if name.startswith("RETENTION_")]:
        monkeypatch.delenv(name)

    assert retention_settings(Environment()) == {
        "unused_months": 24,
        "first_warning_days": 60,
        "last_warning_days": 15,
        "unverified_days": 7,
        "deletion_days": 14,
        "link_months": 12,
        "journal_months": 12,
        "mail_days": 30,
        "export_days": 7,
    }


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("RETENTION_JOURNAL_MONTHS", "1", "de 6 à 36"),
        ("RETENTION_JOURNAL_MONTHS", "120", "de 6 à 36"),
        ("RETENTION_DELETION_DAYS", "0", "de 1 à 30"),
        ("RETENTION_LAST_WARNING_DAYS", "60", "plus petit que RETENTION_FIRST_WARNING_DAYS"),
    ],
)
def test_a_delay_that_no_ground_allows_is_refused(monkeypatch, name, value, words):
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match=words):
        retention_settings(Environment())
