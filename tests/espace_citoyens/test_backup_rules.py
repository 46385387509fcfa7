"""Which backups are kept, and what is said where none can be made."""

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from espace_citoyens import backups
from espace_citoyens.encrypted_files import BackupError, new_key
from espace_citoyens.environment import Environment

NOON = datetime(2026, 11, 25, 12, tzinfo=ZoneInfo("Europe/Paris"))


def test_a_sqlite_base_is_a_file_to_copy(db, tmp_path):
    if connection.vendor == "sqlite":
        with pytest.raises(BackupError, match="copiez-le"):
            backups.make(tmp_path, new_key()[1])


def test_the_rule_keeps_a_week_of_days_then_five_weeks():
    paths = [Path(f"{NOON - timedelta(days=age):%Y-%m-%d}-031500.age") for age in range(60)]

    kept = backups.kept(paths, NOON)

    ages = sorted(
        (NOON.date() - datetime.fromisoformat(path.name[:10]).date()).days for path in kept
    )
    assert ages[:7] == list(range(7))
    assert len(ages) == 7 + 5
    assert max(ages) < 35


def test_nothing_is_made_where_nothing_is_wanted(tmp_path):
    assert backups.make_if_due(NOON) is None


def test_the_command_asks_for_what_it_lacks(db):
    with pytest.raises(CommandError, match="BACKUP_RECIPIENT"):
        call_command("sauvegarde")


def test_a_new_pair_of_keys_is_shown():
    out = StringIO()

    call_command("sauvegarde", nouvelle_cle=True, stdout=out)

    assert "AGE-SECRET-KEY-1" in out.getvalue()
    assert "age1" in out.getvalue()


def test_no_secret_is_among_the_settings_that_are_told(monkeypatch):
    monkeypatch.setenv("SOME_CLIENT_SECRET", "a")
    monkeypatch.setenv("DATABASE_URL", "postgres://a:b@c/d")
    monkeypatch.setenv("SOME_NAME", "Rivemont")
    env = Environment()

    env.str("SOME_CLIENT_SECRET"), env.str("DATABASE_URL"), env.str("SOME_NAME")

    assert env.chosen == {"SOME_NAME": "Rivemont"}
