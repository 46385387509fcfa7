"""A space that nobody uses: a warning by mail, and signing in is enough to keep everything."""

from datetime import timedelta
from io import StringIO

from django.core.management import call_command
from django.utils import timezone
from post_office.models import Email

from accounts.models import PersonalSpace, User
from tests.accounts.factories import make_citizen


def purge():
    call_command("purge", execute=True, stdout=StringIO())


def test_signing_in_after_the_warning_keeps_the_space(arrives, portal):
    make_citizen()
    long_ago = timezone.now() - timedelta(days=23 * 31)
    User.objects.update(last_login=long_ago, date_joined=long_ago)
    purge()
    warning = Email.objects.get()
    assert PersonalSpace.objects.get().unused_warnings == 1
    assert portal.split("://")[1] in warning.message

    citizen = arrives(width=360, color_scheme="dark")
    citizen.signs_in()
    purge()
    citizen.goes_to("/mon-espace/activite/")
    citizen.looks("1-warned-and-kept")
    citizen.reads("inutilisé")

    User.objects.update(last_login=timezone.now() - timedelta(days=60))
    purge()
    assert PersonalSpace.objects.exists()
    assert not Email.objects.filter(pk__gt=warning.pk, subject=warning.subject).exists()
