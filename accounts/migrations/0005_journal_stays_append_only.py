"""SQLite rewrites a table to change it, and leaves its triggers behind: the journal's comes back.

PostgreSQL keeps it. Every later change of this table has to be followed by the same step
(tests/accounts/test_space.py::test_the_journal_is_append_only_even_in_sql).
"""

from django.db import migrations

TRIGGER = """CREATE TRIGGER accounts_journal_append_only BEFORE UPDATE ON accounts_journalentry
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"""


def restore(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS accounts_journal_append_only")
        schema_editor.execute(TRIGGER)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_who_acts_and_from_where")]

    operations = [migrations.RunPython(restore, migrations.RunPython.noop)]
