"""What was typed before is written as the portal now keeps it; what nobody can read is left alone.

Telephones become E.164, countries take the spelling of the list, and a contact e-mail that is the
login e-mail is as verified as that one is. Undoing it changes nothing: both forms are valid.
"""

from django.db import migrations
from django.db.models import F, Q

from accounts.countries import country_as_listed
from accounts.phones import normalised


def rewrite(apps, schema_editor):
    spaces = apps.get_model("accounts", "PersonalSpace").objects
    for space in spaces.exclude(phone="").only("phone").iterator():
        _save(space, "phone", _readable(space.phone))
    for space in spaces.exclude(country__in=["", "France"]).only("country").iterator():
        _save(space, "country", country_as_listed(space.country))
    proven = Q(contact_email__iexact=F("user__email"), contact_email_verified_at=None)
    for space in spaces.filter(proven).only("contact_provenance_at").iterator():
        _save(space, "contact_email_verified_at", space.contact_provenance_at)
    certified = spaces.filter(usual_name_is_certified=True, usual_name_at=None)
    certified.update(usual_name_at=F("identity_provenance_at"))


def _save(space, field, value):
    if getattr(space, field) != value:
        setattr(space, field, value)
        space.save(update_fields=[field])


def _readable(phone):
    try:
        return normalised(phone)
    except ValueError:
        return phone


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_names_of_places_and_postal_lines")]

    operations = [migrations.RunPython(rewrite, migrations.RunPython.noop)]
