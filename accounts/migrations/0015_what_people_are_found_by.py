"""What a search looks in, each with its index; PostgreSQL's own text search, no extension."""

from django.db import migrations, models

# The words are made in Python (`accounts.names`): nothing is left to a parser or a language.
BY_WORDS = """
    CREATE INDEX accounts_space_by_words ON accounts_personalspace
    USING gin (array_to_tsvector(string_to_array(btrim(search_words), ' ')))
"""


def make_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(BY_WORDS)


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX accounts_space_by_words")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0014_counter_codes_take_two_agents")]

    operations = [
        migrations.AlterModelOptions(
            name="personalspace",
            options={
                "permissions": [
                    ("check_identity", "Peut vérifier une identité au guichet"),
                    ("correct_space", "Peut corriger un espace personnel"),
                    ("block_space", "Peut bloquer et rétablir l’accès à un espace personnel"),
                    ("end_sessions", "Peut fermer les sessions d’un espace personnel"),
                    ("resend_mail", "Peut renvoyer un courriel à une personne"),
                    ("erase_space", "Peut commencer et annuler l’effacement d’un espace personnel"),
                    ("export_spaces", "Peut exporter une liste de personnes"),
                ],
                "verbose_name": "espace personnel",
                "verbose_name_plural": "espaces personnels",
            },
        ),
        migrations.AddField(
            model_name="personalspace",
            name="search_words",
            field=models.TextField(blank=True, default="", editable=False),
        ),
        migrations.AddIndex(
            model_name="personalspace",
            index=models.Index(fields=["phone"], name="accounts_space_by_phone"),
        ),
        migrations.RunPython(make_index, drop_index),
    ]
