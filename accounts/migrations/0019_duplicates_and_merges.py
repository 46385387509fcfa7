"""Pairs of spaces that may be one person, and those made one for as long as it can be undone."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0018_agents_are_invited"),
    ]

    operations = [
        migrations.CreateModel(
            name="Duplicate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            (
                                "certified",
                                "identité reconnue par FranceConnect à la première connexion",
                            ),
                            ("same", "même identité, même naissance"),
                            ("near", "noms proches, même naissance"),
                        ],
                        max_length=10,
                        verbose_name="raison",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("to_see", "à voir"),
                            ("undone", "réunion annulée, à revoir"),
                            ("dismissed", "pas un doublon"),
                            ("merged", "espaces réunis"),
                        ],
                        default="to_see",
                        max_length=10,
                        verbose_name="état",
                    ),
                ),
                (
                    "found_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="trouvé le"
                    ),
                ),
                ("locked_at", models.DateTimeField(null=True)),
                ("locked_until", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "doublon possible",
                "verbose_name_plural": "doublons possibles",
                "permissions": [("merge_spaces", "Peut écarter un doublon et réunir deux espaces")],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Merge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "merged_at",
                    models.DateTimeField(
                        db_index=True, default=django.utils.timezone.now, verbose_name="réunis le"
                    ),
                ),
                ("reference", models.CharField(max_length=12, verbose_name="référence")),
                ("before", models.TextField()),
            ],
            options={
                "verbose_name": "réunion d’espaces",
                "verbose_name_plural": "réunions d’espaces",
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="personalspace",
            name="compared_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="personalspace",
            index=models.Index(
                condition=models.Q(
                    ("compared_at__isnull", True),
                    ("compared_at__lt", models.F("identity_provenance_at")),
                    ("compared_at__lt", models.F("usual_name_at")),
                    _connector="OR",
                ),
                fields=["identity_provenance_at"],
                name="accounts_space_to_be_compared",
            ),
        ),
        migrations.AddField(
            model_name="duplicate",
            name="first",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.personalspace",
            ),
        ),
        migrations.AddField(
            model_name="duplicate",
            name="locked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="duplicate",
            name="second",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.personalspace",
            ),
        ),
        migrations.AddField(
            model_name="merge",
            name="absorbed",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="merged_into",
                to="accounts.personalspace",
            ),
        ),
        migrations.AddField(
            model_name="merge",
            name="duplicate",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="merge",
                to="accounts.duplicate",
            ),
        ),
        migrations.AddField(
            model_name="merge",
            name="merged_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="merge",
            name="survivor",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="merges",
                to="accounts.personalspace",
            ),
        ),
        migrations.AddIndex(
            model_name="duplicate",
            index=models.Index(
                condition=models.Q(("state__in", ("to_see", "undone"))),
                fields=["found_at"],
                name="accounts_duplicate_to_see",
            ),
        ),
        migrations.AddConstraint(
            model_name="duplicate",
            constraint=models.CheckConstraint(
                condition=models.Q(("first__lt", models.F("second"))),
                name="accounts_duplicate_is_ordered",
            ),
        ),
        migrations.AddConstraint(
            model_name="duplicate",
            constraint=models.UniqueConstraint(
                fields=("first", "second"), name="accounts_duplicate_one_row_a_pair"
            ),
        ),
        migrations.AddConstraint(
            model_name="duplicate",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["certified", "same", "near"])),
                name="accounts_duplicate_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="duplicate",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["to_see", "undone", "dismissed", "merged"])),
                name="accounts_duplicate_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="merge",
            constraint=models.CheckConstraint(
                condition=models.Q(("survivor", models.F("absorbed")), _negated=True),
                name="accounts_merge_joins_two_spaces",
            ),
        ),
    ]
