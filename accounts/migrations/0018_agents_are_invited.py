"""Agents choose their own password; the database gives none of them a personal space."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.models.invitation

# PostgreSQL alone: on SQLite, a trigger that reads another table stops every later change of it.
# There, `PersonalSpace.save` is what refuses.
CREATE = [
    """CREATE FUNCTION accounts_no_space_of_agent() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
    IF EXISTS (SELECT 1 FROM accounts_user WHERE id = NEW.user_id AND is_staff) THEN
    RAISE EXCEPTION 'an agent has no personal space'
    USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END$$""",
    """CREATE TRIGGER accounts_no_space_of_agent BEFORE INSERT OR UPDATE OF user_id
    ON accounts_personalspace FOR EACH ROW EXECUTE FUNCTION accounts_no_space_of_agent()""",
]
DROP = [
    "DROP TRIGGER accounts_no_space_of_agent ON accounts_personalspace",
    "DROP FUNCTION accounts_no_space_of_agent()",
]


def run(statements):
    def step(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement)

    return step


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0017_references_are_read_out"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={
                "permissions": [("recover_agent", "Peut rétablir l’accès d’un agent")],
                "verbose_name": "utilisateur",
                "verbose_name_plural": "utilisateurs",
            },
        ),
        migrations.CreateModel(
            name="AgentInvitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code_digest", models.CharField(max_length=64, unique=True)),
                (
                    "sent_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="envoyée le"
                    ),
                ),
                (
                    "expires_at",
                    models.DateTimeField(
                        default=accounts.models.invitation.end_of_invitation,
                        verbose_name="valable jusqu’au",
                    ),
                ),
                (
                    "agent",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="agent invité",
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation d’agent",
                "verbose_name_plural": "invitations d’agents",
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("sent_at"))),
                        name="accounts_invitation_has_an_end",
                    )
                ],
            },
        ),
        migrations.RunPython(run(CREATE), run(DROP)),
    ]
