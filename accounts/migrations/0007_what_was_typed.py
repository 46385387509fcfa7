import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.models.typed


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_codes_of_the_counter"),
    ]

    operations = [
        migrations.CreateModel(
            name="TypedForm",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        default=accounts.models.typed.new_key,
                        editable=False,
                        max_length=22,
                        unique=True,
                    ),
                ),
                ("path", models.CharField(max_length=500, verbose_name="page")),
                ("content", models.TextField(verbose_name="contenu chiffré")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="créé le"),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="citoyen",
                    ),
                ),
            ],
            options={
                "verbose_name": "saisie gardée",
                "verbose_name_plural": "saisies gardées",
                "indexes": [models.Index(fields=["created_at"], name="accounts_typed_by_age")],
            },
        ),
    ]
