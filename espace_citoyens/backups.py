"""Backups: a whole PostgreSQL database in one encrypted file, read again once written.

Inside (`espace_citoyens.encrypted_files`): a line that describes, then for each table a line that
names it, its rows as PostgreSQL's COPY writes them, and their number.
"""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pyrage
from django.apps import apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.models import User
from espace_citoyens.encrypted_files import (
    BackupError,
    decrypted,
    digest_of,
    encrypted,
    private_key,
    public_key,
)

FORMAT = "espace-citoyens/sauvegarde/1"
SUFFIX = ".age"
END_OF_ROWS = b"\\.\n"  # What no row can be (PostgreSQL, COPY, text format).
# A session that was ended must not come back to life with a backup.
LEFT_OUT = ("sessions.Session", "usersessions.UserSession")
# Every backup of the last days, then the first of each of the last weeks.
DAYS, WEEKS = 7, 5


def make(folder: Path, recipient: str) -> Path:
    """A new backup of the database in `folder`, encrypted for `recipient` (age1…), and its path.

    It takes its name once it has been decrypted and compared with what was written, by a key made
    for this alone and forgotten. Raises BackupError, OSError when the disk refuses.
    """
    _need_postgresql()
    witness = pyrage.x25519.Identity.generate()
    recipients = [public_key(recipient), witness.to_public()]
    path = folder / f"{timezone.localtime():%Y-%m-%d-%H%M%S}{SUFFIX}"
    unfinished = path.with_suffix(".unfinished")
    try:
        with encrypted(unfinished, recipients) as stream:
            written = _Hashed(stream)
            _dump(written)
        if digest_of(unfinished, witness) != written.digest:
            raise BackupError(
                "La sauvegarde relue n’est pas celle qui a été écrite : le disque ment."
            )
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


@transaction.atomic
def restore(path: Path, key: str) -> dict[str, int]:
    """Fill the empty database with this backup, in one transaction; the rows of each table.

    Its tables must be those of the backup: the same version of the portal. Raises BackupError.
    """
    _need_postgresql()
    identity = private_key(key)
    if User.objects.exists():
        raise BackupError(
            "Cette base n’est pas vide : une sauvegarde se rétablit dans une base neuve."
        )
    with decrypted(path, identity) as stream:
        return _load(stream)


def forget_old(folder: Path, now: datetime) -> list[Path]:
    """Erase the backups of `folder` that the rule does not keep; which."""
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    old = [path for path in paths if path not in kept(paths, now)]
    for path in old:
        path.unlink()
    return old


def kept(paths: list[Path], now: datetime) -> set[Path]:
    """Those of these backups that the rule keeps, by the date in their names."""
    recent, weekly = set(), {}
    for path in sorted(paths):
        made = datetime.strptime(path.name[:10], "%Y-%m-%d").date()  # noqa: DTZ007 a day
        age = (now.date() - made).days
        if age < DAYS:
            recent.add(path)
        elif age < WEEKS * 7:
            weekly.setdefault(made.isocalendar()[:2], path)
    return recent | set(weekly.values())


def make_if_due(now: datetime) -> Path | None:
    """What the worker does: one backup a day, where a folder and a public key are given."""
    folder, recipient = settings.BACKUP["folder"], settings.BACKUP["recipient"]
    if not (folder and recipient):
        return None
    folder = Path(folder)
    latest = max((path.stat().st_mtime for path in folder.glob(f"*{SUFFIX}")), default=0)
    if now.timestamp() - latest < timedelta(days=1).total_seconds():
        return None
    path = make(folder, recipient)
    forget_old(folder, now)
    return path


def _need_postgresql() -> None:
    if connection.vendor != "postgresql":
        raise BackupError(
            "Cette commande est pour PostgreSQL. Une base SQLite est un fichier : copiez-le."
        )


# --- What is in a backup


def _models() -> list:
    models = apps.get_models(include_auto_created=True)
    return [model for model in models if model._meta.managed and model._meta.label not in LEFT_OUT]


def _migrations() -> list[str]:
    return sorted(".".join(key) for key in MigrationRecorder(connection).applied_migrations())


def _quoted(*names: str) -> str:
    return ", ".join(connection.ops.quote_name(name) for name in names)


def _dump(stream) -> None:
    head = {
        "format": FORMAT,
        "made_at": timezone.now().isoformat(),
        "migrations": _migrations(),
        "settings": settings.CHOSEN_SETTINGS,
    }
    _write(stream, head)
    # One instant for every table, whatever is written meanwhile.
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for model in _models():
            columns = [field.column for field in model._meta.local_concrete_fields]
            table = model._meta.db_table
            _write(stream, {"table": table, "columns": columns})
            cursor.copy_expert(f"COPY {_quoted(table)} ({_quoted(*columns)}) TO STDOUT", stream)
            stream.write(END_OF_ROWS)
            _write(stream, {"rows": cursor.rowcount})
    _write(stream, {"end": True})


def _load(stream) -> dict[str, int]:
    head = _read(stream)
    if head.get("format") != FORMAT:
        raise BackupError("Ce fichier n’est pas une sauvegarde d’Espace Citoyens.")
    if head["migrations"] != _migrations():
        raise BackupError(
            "Les tables ne sont pas celles de la sauvegarde : installez la version du portail qui "
            "l’a faite, lancez manage.py migrate, puis recommencez."
        )
    known = {model._meta.db_table for model in _models()}
    rows = {}
    with connection.cursor() as cursor:
        # What a new database holds: roles, types of content. Nobody's session is among it.
        cursor.execute(f"TRUNCATE {_quoted(*sorted(known))} CASCADE")
        while not (line := _read(stream)).get("end"):
            if line.get("table") not in known:
                raise BackupError("La sauvegarde nomme une table que cette version ne connaît pas.")
            names = _quoted(line["table"]), _quoted(*line["columns"])
            cursor.copy_expert("COPY {} ({}) FROM STDIN".format(*names), _Rows(stream))
            if _read(stream).get("rows") != cursor.rowcount:
                raise BackupError(
                    f"La table {line['table']} n’est pas entière : rien n’a été rétabli."
                )
            rows[line["table"]] = cursor.rowcount
        # Numbers go on from the last one given.
        for statement in connection.ops.sequence_reset_sql(no_style(), _models()):
            cursor.execute(statement)
    return rows


def _write(stream, line: dict) -> None:
    stream.write(json.dumps(line).encode() + b"\n")


def _read(stream) -> dict:
    try:
        return json.loads(stream.readline())
    except (ValueError, EOFError, OSError) as error:
        raise BackupError("La sauvegarde est coupée ou abîmée : rien n’a été rétabli.") from error


class _Rows:
    """The rows of one table, as COPY reads them: up to the mark of their end."""

    def __init__(self, stream):
        self.stream = stream

    def read(self, size: int = -1) -> bytes:
        line = self.stream.readline()
        return b"" if line == END_OF_ROWS else line


class _Hashed:
    """A stream that remembers what went through it."""

    def __init__(self, stream):
        self.stream, self._hash = stream, sha256()

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        return self.stream.write(data)

    @property
    def digest(self) -> bytes:
        return self._hash.digest()
