"""Spaces of before are found by their names too; killed, it goes on where it stopped."""

from django.db import migrations

from accounts.names import searched_words

BATCH = 1000
NAMES = ("birth_family_name", "usual_name", "given_names")


def fill(apps, schema_editor):
    spaces = apps.get_model("accounts", "PersonalSpace").objects
    last = 0
    while batch := list(spaces.filter(pk__gt=last).order_by("pk").only(*NAMES)[:BATCH]):
        for space in batch:
            names = [space.birth_family_name, space.usual_name, *space.given_names]
            space.search_words = searched_words(names)
        spaces.bulk_update(batch, ["search_words"], batch_size=BATCH // 4)
        last = batch[-1].pk


class Migration(migrations.Migration):
    # A batch is a transaction: a big town is not locked for as long as it takes.
    atomic = False

    dependencies = [("accounts", "0015_what_people_are_found_by")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
