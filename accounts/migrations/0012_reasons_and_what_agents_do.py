"""What agents do is journalled, with their reason. The trigger of the journal comes back."""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

restore = import_module("accounts.migrations.0005_journal_stays_append_only").restore


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_exports_and_what_retention_looks_for"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="journalentry",
            name="accounts_journal_kind_is_known",
        ),
        migrations.AddField(
            model_name="journalentry",
            name="reason",
            field=models.CharField(blank=True, max_length=200, verbose_name="motif"),
        ),
        migrations.AlterField(
            model_name="journalentry",
            name="citizen",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="journal",
                to=settings.AUTH_USER_MODEL,
                verbose_name="citoyen",
            ),
        ),
        migrations.AlterField(
            model_name="journalentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("space_created", "Espace personnel créé"),
                    ("signed_in", "Connexion"),
                    ("signed_out", "Déconnexion"),
                    ("sign_in_refused", "Connexion refusée"),
                    ("proven_again", "Identité confirmée pendant la session"),
                    ("sessions_ended", "Sessions fermées"),
                    ("profile_changed", "Profil modifié"),
                    ("contact_verified", "Adresse e-mail de contact vérifiée"),
                    ("identity_refreshed", "Identité mise à jour par FranceConnect"),
                    ("identity_checked", "Identité vérifiée en mairie"),
                    ("linked", "Espace certifié avec FranceConnect"),
                    ("unlinked", "Espace dissocié de FranceConnect"),
                    ("password_changed", "Mot de passe modifié"),
                    ("email_changed", "Adresse e-mail de connexion modifiée"),
                    ("passkey_added", "Clé d’accès ajoutée"),
                    ("passkey_removed", "Clé d’accès retirée"),
                    ("second_factor_on", "Double authentification activée"),
                    ("second_factor_off", "Double authentification désactivée"),
                    ("recovery_codes_made", "Codes de secours créés"),
                    ("recovery_code_used", "Code de secours utilisé"),
                    ("mail_sent", "Courriel envoyé"),
                    ("mail_failed", "Courriel non distribué"),
                    ("searched", "Recherche de personnes en mairie"),
                    ("file_found", "Dossier trouvé par une recherche en mairie"),
                    ("file_opened", "Dossier consulté en mairie"),
                    ("file_changed", "Dossier modifié en mairie"),
                    ("blocked", "Accès bloqué en mairie"),
                    ("unblocked", "Accès rétabli en mairie"),
                    ("mail_resent", "Courriel renvoyé par la mairie"),
                    ("counter_code_asked", "Code d’accès préparé en mairie"),
                    ("counter_code_given", "Code d’accès remis en mairie"),
                    ("counter_code_used", "Code remis en mairie utilisé"),
                    ("duplicate_dismissed", "Doublon écarté en mairie"),
                    ("spaces_merged", "Espaces réunis en mairie"),
                    ("merge_undone", "Réunion d’espaces annulée en mairie"),
                    ("list_exported", "Liste de personnes exportée"),
                    ("data_fetched", "Donnée demandée à une administration"),
                    ("agent_changed", "Compte d’agent modifié"),
                    ("agent_recovered", "Accès d’un agent rétabli"),
                    ("settings_changed", "Réglages du portail modifiés"),
                    ("data_exported", "Copie des données téléchargée"),
                    ("deletion_asked", "Suppression de l’espace demandée"),
                    ("deletion_cancelled", "Suppression de l’espace annulée"),
                    ("unused_warned", "Avertissement avant effacement d’un espace inutilisé"),
                    ("space_deleted", "Espace personnel supprimé"),
                ],
                max_length=30,
                verbose_name="événement",
            ),
        ),
        migrations.AddConstraint(
            model_name="journalentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "space_created",
                            "signed_in",
                            "signed_out",
                            "sign_in_refused",
                            "proven_again",
                            "sessions_ended",
                            "profile_changed",
                            "contact_verified",
                            "identity_refreshed",
                            "identity_checked",
                            "linked",
                            "unlinked",
                            "password_changed",
                            "email_changed",
                            "passkey_added",
                            "passkey_removed",
                            "second_factor_on",
                            "second_factor_off",
                            "recovery_codes_made",
                            "recovery_code_used",
                            "mail_sent",
                            "mail_failed",
                            "searched",
                            "file_found",
                            "file_opened",
                            "file_changed",
                            "blocked",
                            "unblocked",
                            "mail_resent",
                            "counter_code_asked",
                            "counter_code_given",
                            "counter_code_used",
                            "duplicate_dismissed",
                            "spaces_merged",
                            "merge_undone",
                            "list_exported",
                            "data_fetched",
                            "agent_changed",
                            "agent_recovered",
                            "settings_changed",
                            "data_exported",
                            "deletion_asked",
                            "deletion_cancelled",
                            "unused_warned",
                            "space_deleted",
                        ],
                    )
                ),
                name="accounts_journal_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="journalentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("actor__isnull", False), ("reason", ""), _connector="OR"),
                name="accounts_journal_reason_is_somebodys",
            ),
        ),
        migrations.RunPython(restore, migrations.RunPython.noop),
    ]
