"""Where the town writes: a new contact e-mail, a full profile, errors at their fields."""

import datetime

from accounts.models import Commune, PersonalSpace
from tests.accounts.factories import make_citizen

DAY = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
FULL = {
    "usual_name": "DUMAS-DE-LA-TOUR-D’AUVERGNE",
    "usual_name_is_certified": True,
    "usual_name_at": DAY,
    "gender": "female",
    "birthplace": "44109",
    "birthcountry": "99100",
    "identity_provenance": "franceconnect",
    "identity_provenance_at": DAY,
    "identity_checked_at": DAY,
    "phone": "+262692123456",
    "street_extra": "Appartement 12, étage 3",
    "building": "Résidence des Tilleuls, bâtiment B",
    "locality": "BP 90432",
    "refreshed_parts": ["given", "usual"],
    "refreshed_at": DAY,
}


def test_a_contact_email_is_changed_with_the_code_of_the_mail(arrives, portal):
    Commune.objects.create(code="44109", name="Nantes")
    make_citizen(**FULL)
    citizen = arrives(width=360, color_scheme="dark")
    citizen.signs_in()
    citizen.looks("1-space-refreshed")
    citizen.presses("J’ai vu")
    citizen.does_not_read("Votre identité a changé")
    citizen.goes_to("/mon-espace/profil/")
    citizen.looks("2-profile-full")

    citizen.follows("JE MODIFIE MON ESPACE")
    citizen.types("Adresse e-mail de contact", "nouvelle@rivemont.example")
    citizen.types("Téléphone", "appelez-moi")
    citizen.types("Numéro et voie", "1234 avenue du Général de Gaulle prolongée")
    citizen.presses("Enregistrer")
    citizen.looks("3-form-errors")
    citizen.types("Téléphone", "0470 12 34 56")
    citizen.types("Numéro et voie", "12 avenue du Général de Gaulle")
    citizen.page.get_by_label("Pays").select_option("Monaco")
    citizen.types("Code postal", "98000")
    citizen.presses("Enregistrer")
    citizen.is_at("/mon-espace/profil/adresse-e-mail/")
    citizen.looks("4-code")
    citizen.types("Code de vérification", "12")
    citizen.presses("Vérifier le code")
    citizen.looks("5-code-wrong")
    citizen.page.set_viewport_size({"width": 1280, "height": 800})
    citizen.page.emulate_media(color_scheme="light")
    citizen.looks("6-code-wide")
    citizen.goes_to("/mon-espace/profil/")
    citizen.reads("nouvelle@rivemont.example attend son code")
    citizen.looks("7-profile-waiting")
    citizen.follows("Recopier le code")
    citizen.types("Code de vérification", citizen.reads_the_code_mailed())
    citizen.presses("Vérifier le code")

    citizen.is_at("/mon-espace/profil/")
    citizen.reads("Votre adresse e-mail de contact est vérifiée.")
    citizen.reads("vérifié par un code le")
    citizen.looks("8-profile-verified")
    citizen.follows("JE MODIFIE MON ESPACE")
    citizen.looks("9-form-wide")
    space = PersonalSpace.objects.get()
    assert (space.contact_email, space.country) == ("nouvelle@rivemont.example", "Monaco")
