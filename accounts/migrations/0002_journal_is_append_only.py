"""The database itself refuses to rewrite the journal (deletion stays: retention, erasure)."""

from django.db import migrations

TABLE = "accounts_journalentry"

CREATE = {
    "sqlite": [
        f"""CREATE TRIGGER accounts_journal_append_only BEFORE UPDATE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"""
    ],
    "postgresql": [
        """CREATE FUNCTION accounts_journal_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN RAISE EXCEPTION 'the journal is append-only'
        USING ERRCODE = 'integrity_constraint_violation'; END$$""",
        f"""CREATE TRIGGER accounts_journal_append_only BEFORE UPDATE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION accounts_journal_append_only()""",
    ],
}
DROP = {
    "sqlite": ["DROP TRIGGER accounts_journal_append_only"],
    "postgresql": [
        f"DROP TRIGGER accounts_journal_append_only ON {TABLE}",
        "DROP FUNCTION accounts_journal_append_only()",
    ],
}


def run(statements):
    def step(apps, schema_editor):
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement)

    return step


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunPython(run(CREATE), run(DROP))]
