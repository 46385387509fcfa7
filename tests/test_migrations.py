"""The previous version still runs while a migration does, and after it: nothing it uses may go.

What goes does so in two versions: one stops using it, the next removes it, in a migration that says
so: `unused_since = "1.3"`, the version that stopped (CONTRIBUTING.md).
"""

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED

# Up to the first version, every migration runs at once, before anybody is there.
FIRST_VERSION = {"accounts": "0099", "espace_citoyens": "0099", "franceconnect": "0099"}
# These take away a column or a table, or its name.
TAKES_AWAY = (
    migrations.RemoveField,
    migrations.DeleteModel,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.AlterModelTable,
)


def breaks_the_previous_version(operation) -> bool:
    if isinstance(operation, TAKES_AWAY):
        return True
    if isinstance(operation, migrations.AddField):
        # The previous version inserts rows without this column, and Django's `default` is not in
        # the database once the migration is done.
        field = operation.field
        return not (field.null or field.many_to_many or field.db_default is not NOT_PROVIDED)
    return False


def wrong_operations(migration) -> list[str]:
    if getattr(migration, "unused_since", ""):
        return []
    return [op.describe() for op in migration.operations if breaks_the_previous_version(op)]


def test_no_migration_takes_away_what_the_previous_version_uses(db):
    for (app, name), migration in MigrationLoader(connection).disk_migrations.items():
        if app in FIRST_VERSION and name[:4] > FIRST_VERSION[app]:
            assert not wrong_operations(migration), str(migration)


@pytest.mark.parametrize(
    "operation",
    [
        migrations.RemoveField("user", "email"),
        migrations.DeleteModel("user"),
        migrations.RenameField("user", "email", "mail"),
        migrations.AddField("user", "town", models.CharField(default="", max_length=9)),
    ],
)
def test_what_the_previous_version_would_miss_is_seen(operation):
    migration = migrations.Migration("0100_change", "accounts")
    migration.operations = [operation]

    assert wrong_operations(migration)
    migration.unused_since = "1.3"
    assert not wrong_operations(migration)


@pytest.mark.parametrize(
    "field",
    [models.CharField(null=True, max_length=9), models.CharField(db_default="", max_length=9)],
)
def test_a_column_that_the_previous_version_may_ignore_is_added(field):
    assert not breaks_the_previous_version(migrations.AddField("user", "town", field))
