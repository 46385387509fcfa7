"""The roles that every town starts with. One of the same name that is there already stays."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

# Least rights: no role holds a right of another for convenience.
ROLES = {
    "accueil": [
        "accounts.view_personalspace",
        "accounts.check_identity",
        "accounts.give_counter_code",
        "accounts.resend_mail",
        "accounts.end_sessions",
    ],
    "instruction": [
        "accounts.view_personalspace",
        "accounts.correct_space",
        "accounts.block_space",
        "accounts.end_sessions",
        "accounts.view_duplicate",
        "accounts.merge_spaces",
    ],
    "administration du portail": [
        "espace_citoyens.view_dashboard",
        "espace_citoyens.view_town",
        "espace_citoyens.change_town",
        "franceconnect.view_activation",
        "franceconnect.change_activation",
        "accounts.view_user",
        "accounts.add_user",
        "accounts.change_user",
        "accounts.recover_agent",
    ],
    "délégué à la protection des données": [
        "accounts.view_personalspace",
        "accounts.erase_space",
        "accounts.view_journalentry",
        "accounts.export_spaces",
        "espace_citoyens.view_dashboard",
    ],
}


def make_roles(apps, schema_editor):
    make_permissions(apps)
    groups, permissions = (apps.get_model("auth", name).objects for name in ("Group", "Permission"))
    for name, rights in ROLES.items():
        group, is_new = groups.get_or_create(name=name)
        for right in rights if is_new else ():
            app, codename = right.split(".")
            group.permissions.add(permissions.get(content_type__app_label=app, codename=codename))


def make_permissions(apps):
    """Django makes them after the last migration: too late for this one."""
    for label in ("accounts", "espace_citoyens", "franceconnect"):
        config = apps.get_app_config(label)
        before = getattr(config, "models_module", None)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = before


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0019_duplicates_and_merges"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("espace_citoyens", "0002_identity_and_daily_counts"),
        ("franceconnect", "0003_activation"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
