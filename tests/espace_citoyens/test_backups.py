"""A backup is whole, encrypted, read again; what is restored is what was there, or nothing is."""

import json
from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pyrage
import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core import serializers
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts import journal
from accounts.models import JournalEntry, JournalKind, PersonalSpace, User
from espace_citoyens import backups
from espace_citoyens.encrypted_files import BackupError, decrypted, new_key, private_key
from espace_citoyens.management.commands.worker import back_up
from tests.accounts.factories import make_citizen

PRIVATE, PUBLIC = new_key()
NOON = datetime(2026, 11, 25, 12, tzinfo=ZoneInfo("Europe/Paris"))
pytestmark = pytest.mark.postgresql


def everything() -> str:
    models = [User, PersonalSpace, JournalEntry, Group]
    return serializers.serialize("json", [row for m in models for row in m.objects.order_by("pk")])


@pytest.fixture
def people(transactional_db):
    """Names that a careless format would break."""
    citizen = make_citizen(
        birth_family_name="D’\\N\t\\.\nÉLAN\\", given_names=["Zoé \\.", "\u202eo"], street=""
    )
    Group.objects.create(name="accueil du samedi")
    journal.record(JournalKind.SIGNED_IN, citizen=citizen, means="mot de passe")
    return citizen


def forget_everybody():
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_user, auth_group CASCADE")


def test_what_is_restored_is_what_was_there(people, tmp_path):
    before = everything()
    path = backups.make(tmp_path, PUBLIC)
    forget_everybody()

    rows = backups.restore(path, PRIVATE)

    assert everything() == before
    assert rows["accounts_user"] == 1
    # Numbers go on from there.
    assert make_citizen("nouveau@rivemont.example").pk > people.pk


def test_nothing_of_it_can_be_read_nor_by_anybody_else(people, tmp_path):
    path = backups.make(tmp_path, PUBLIC)

    assert b"LAN" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    forget_everybody()
    with pytest.raises(BackupError, match="clé n’est pas la bonne"):
        backups.restore(path, new_key()[0])


def test_it_says_with_which_settings_and_no_secret(people, tmp_path, settings):
    path = backups.make(tmp_path, PUBLIC)
    identity = private_key(PRIVATE)

    with decrypted(path, identity) as stream:
        head = json.loads(stream.readline())
        stream.read()

    assert head["settings"]["BASE_URL"] == settings.BASE_URL
    assert settings.SECRET_KEY not in json.dumps(head)
    assert settings.FRANCECONNECT["client_secret"] not in json.dumps(head)


def test_a_base_with_people_is_not_written_over(people, tmp_path):
    path = backups.make(tmp_path, PUBLIC)

    with pytest.raises(BackupError, match="pas vide"):
        backups.restore(path, PRIVATE)


@pytest.mark.parametrize("damage", ["cut", "changed", "other"])
def test_a_damaged_file_restores_nothing(people, tmp_path, damage):
    path = backups.make(tmp_path, PUBLIC)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes({"cut": content[:-200], "changed": content, "other": b"no"}[damage])
    forget_everybody()

    with pytest.raises(BackupError):
        backups.restore(path, PRIVATE)

    assert not User.objects.exists()


def test_tables_of_another_version_are_refused(people, tmp_path, monkeypatch):
    path = backups.make(tmp_path, PUBLIC)
    forget_everybody()
    monkeypatch.setattr(backups, "_migrations", lambda: ["accounts.0001_initial"])

    with pytest.raises(BackupError, match="version du portail"):
        backups.restore(path, PRIVATE)


def test_a_table_with_fewer_rows_than_said_restores_nothing(people, tmp_path, monkeypatch):
    path = backups.make(tmp_path, PUBLIC)
    forget_everybody()
    read = backups._read
    monkeypatch.setattr(
        backups,
        "_read",
        lambda stream: {k: 99 if k == "rows" else v for k, v in read(stream).items()},
    )

    with pytest.raises(BackupError, match="pas entière"):
        backups.restore(path, PRIVATE)
    assert not User.objects.exists()


def test_a_file_that_reads_otherwise_is_no_backup(people, tmp_path, monkeypatch):
    monkeypatch.setattr(backups, "digest_of", lambda *args: b"other")

    with pytest.raises(BackupError, match="relue"):
        backups.make(tmp_path, PUBLIC)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_and_leaves_nothing(people, tmp_path, monkeypatch):
    def full(reader, writer, recipients):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pyrage, "encrypt_io", full)

    with pytest.raises(BackupError, match="pas pu être écrite"):
        backups.make(tmp_path, PUBLIC)
    assert not list(tmp_path.iterdir())


def test_sessions_do_not_come_back(people, tmp_path, client):
    client.force_login(people)
    path = backups.make(tmp_path, PUBLIC)
    forget_everybody()

    rows = backups.restore(path, PRIVATE)

    assert "django_session" not in rows


def test_the_worker_makes_one_a_day(people, tmp_path, settings):
    settings.BACKUP = {"folder": str(tmp_path), "recipient": PUBLIC}

    back_up()
    back_up()
    assert len(list(tmp_path.iterdir())) == 1
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        back_up()
    assert len(list(tmp_path.iterdir())) == 2


def test_the_commands_say_what_they_did(people, tmp_path, settings):
    settings.BACKUP = {"folder": str(tmp_path), "recipient": PUBLIC}
    key = tmp_path / "key.txt"
    key.write_text(f"{PRIVATE}\n")
    out = StringIO()

    call_command("sauvegarde", dossier=str(tmp_path), stdout=out)
    forget_everybody()
    call_command("restauration", next(tmp_path.glob("*.age")), cle=key, stdout=out)

    assert "Sauvegarde faite et relue" in out.getvalue()
    assert "Rétabli" in out.getvalue()
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "recipient", ["", "age1x", PRIVATE], ids=["none", "cut", "the private one"]
)
def test_a_key_that_is_none_is_told(db, tmp_path, recipient):
    with pytest.raises(BackupError, match="clé publique"):
        backups.make(tmp_path, recipient)


def test_a_private_key_that_is_none_is_told(db, tmp_path):
    with pytest.raises(BackupError, match="clé privée"):
        backups.restore(tmp_path / "none.age", PUBLIC)
