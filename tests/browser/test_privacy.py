"""A person takes their data away, asks for their space to go, thinks better of it, then leaves."""

import zipfile
from datetime import timedelta
from io import StringIO

from django.core.management import call_command
from django.utils import timezone

from accounts.models import PersonalSpace, User
from tests.accounts.factories import PASSWORD, make_citizen

WINDOWS = [(360, "dark"), (1280, "light")]


def looks_twice(citizen, title, *, check=True):
    """In a narrow dark window and in a wide light one; axe sees the pages of a space elsewhere."""
    for width, scheme in WINDOWS:
        citizen.page.set_viewport_size({"width": width, "height": 800})
        citizen.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        citizen.looks(f"{title}-{width}-{scheme}", check=check)


def types_password_at_the_door(citizen):
    citizen.goes_to("/connexion/")
    citizen.types("Identifiant", "ines.perrer@rivemont.example")
    citizen.types("Mot de passe", PASSWORD)
    citizen.presses("Se connecter")


def asks_for_deletion(citizen):
    citizen.goes_to("/mon-espace/profil/")
    citizen.follows("JE SUPPRIME MON ESPACE")
    citizen.proves_again()
    citizen.is_at("/mon-espace/supprimer/")


def confirms_deletion(citizen):
    citizen.page.get_by_label("J’ai compris").check()
    citizen.presses("Supprimer mon espace")
    citizen.is_at("/")
    citizen.reads("Votre demande est enregistrée")


def test_somebody_takes_their_data_away_and_leaves(arrives, portal, tmp_path):
    make_citizen(usual_name="DUMAS", phone="+33612345678")
    citizen = arrives()
    citizen.signs_in()

    citizen.follows("Mes données")
    citizen.is_at("/mon-espace/mes-donnees/")
    looks_twice(citizen, "1-data", check=False)
    with citizen.page.expect_download() as download:
        citizen.presses("Télécharger ma copie")
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(tmp_path)
    citizen.page.goto((tmp_path / "donnees.html").as_uri())
    citizen.reads("DUMAS")
    looks_twice(citizen, "2-archive")

    asks_for_deletion(citizen)
    looks_twice(citizen, "3-delete", check=False)
    citizen.presses("Supprimer mon espace")
    citizen.reads("Cochez cette case")
    citizen.looks("4-delete-unticked")
    confirms_deletion(citizen)

    types_password_at_the_door(citizen)
    citizen.is_at("/mon-espace/suppression-demandee/")
    looks_twice(citizen, "5-keep")
    citizen.presses("Je garde mon espace")
    citizen.is_at("/mon-espace/")
    citizen.reads("Vous gardez votre espace.")

    asks_for_deletion(citizen)
    confirms_deletion(citizen)
    PersonalSpace.objects.update(deletion_asked_at=timezone.now() - timedelta(days=15))
    call_command("purge", execute=True, stdout=StringIO())
    assert not User.objects.exists()
    types_password_at_the_door(citizen)
    citizen.reads("L’adresse e-mail ou le mot de passe est incorrect.")
