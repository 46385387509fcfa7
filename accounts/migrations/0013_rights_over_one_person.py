from django.db import migrations


class Migration(migrations.Migration):
    """What an agent may do from the page of one person: a right for each act."""

    dependencies = [("accounts", "0012_reasons_and_what_agents_do")]

    operations = [
        migrations.AlterModelOptions(
            name="personalspace",
            options={
                "verbose_name": "espace personnel",
                "verbose_name_plural": "espaces personnels",
                "permissions": [
                    ("check_identity", "Peut vérifier une identité au guichet"),
                    ("correct_space", "Peut corriger un espace personnel"),
                    ("block_space", "Peut bloquer et rétablir l’accès à un espace personnel"),
                    ("end_sessions", "Peut fermer les sessions d’un espace personnel"),
                    ("resend_mail", "Peut renvoyer un courriel à une personne"),
                    ("erase_space", "Peut commencer et annuler l’effacement d’un espace personnel"),
                ],
            },
        ),
    ]
