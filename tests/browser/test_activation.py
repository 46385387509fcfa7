"""An administrator switches FranceConnect off, on again, and announces a maintenance."""

from datetime import timedelta

from django.utils import timezone

from tests.accounts.agents import make_agent_with
from tests.accounts.factories import make_citizen

PAGE = "/admin/franceconnect/activation/"
DRAWING = """
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 230 56" width="230" height="56">
<rect width="230" height="56" fill="#000091"/><path fill="#fff" d="M20 20h190v16H20z"/></svg>
"""
RIGHTS = ("franceconnect.view_activation", "franceconnect.change_activation")


def test_the_town_switches_franceconnect_off_and_on_again(arrives, portal, link_of):
    link_of(make_citizen(None))
    admin, citizen = arrives(), arrives(width=360, color_scheme="dark")
    admin.enters_as_agent(make_agent_with(*RIGHTS))
    citizen.goes_to("/")
    citizen.presses_franceconnect()
    citizen.chooses_an_account("ines")

    admin.goes_to(PAGE)
    admin.looks("agent-1-open")
    admin.follows("Suspendre FranceConnect")
    admin.looks("agent-2-switch")
    admin.types("Motif", "Panne annoncée par FranceConnect")
    admin.presses("Suspendre FranceConnect")
    admin.reads("FranceConnect est suspendu")
    admin.page.set_viewport_size({"width": 320, "height": 800})
    admin.page.emulate_media(color_scheme="dark")
    admin.looks("agent-3-suspended-narrow-dark")

    citizen.confirms()
    citizen.is_at("/franceconnect/echec/")
    citizen.reads("Si FranceConnect est votre seul moyen d’entrer, contactez la mairie")
    citizen.looks("citizen-1-return-after-the-switch")
    citizen.goes_to("/")
    citizen.does_not_read("S’identifier avec")
    citizen.reads("Vous entriez avec FranceConnect")
    citizen.looks("citizen-2-home-without-button")

    admin.follows("Rétablir FranceConnect")
    admin.types("Motif", "Panne terminée")
    admin.presses("Rétablir FranceConnect")
    admin.reads("FranceConnect est ouvert aux habitants.")
    citizen.goes_to("/")
    citizen.presses_franceconnect()
    citizen.confirms()
    citizen.is_at("/mon-espace/")


def test_the_town_announces_a_maintenance_and_gives_the_official_drawing(arrives, portal):
    admin, citizen = arrives(), arrives()
    admin.enters_as_agent(make_agent_with(*RIGHTS))
    start = timezone.localtime() + timedelta(hours=1)
    admin.goes_to(PAGE)
    admin.follows("Prévoir une maintenance de FranceConnect")
    admin.page.get_by_label("Début").fill(f"{start:%Y-%m-%dT%H:%M}")
    admin.page.get_by_label("Fin").fill(f"{start - timedelta(hours=2):%Y-%m-%dT%H:%M}")
    admin.page.get_by_label("Message aux habitants").fill("Entrez avec votre mot de passe.")
    admin.presses("Enregistrer la maintenance")
    admin.reads("La fin précède le début.")
    admin.looks("agent-1-error")
    admin.page.get_by_label("Fin").fill(f"{start + timedelta(hours=2):%Y-%m-%dT%H:%M}")
    admin.types("Motif", "Annonce de FranceConnect")
    admin.presses("Voir ce que les habitants liront")
    admin.reads("Rien n’est encore enregistré.")
    admin.looks("agent-2-preview")
    admin.presses("Enregistrer la maintenance")
    admin.reads("une maintenance est prévue")

    admin.follows("Déposer le dessin officiel de FranceConnect")
    file = {"name": "bouton.svg", "mimeType": "image/svg+xml", "buffer": DRAWING.encode()}
    admin.page.get_by_label("Fichier SVG ou PNG").set_input_files(file)
    admin.types("Motif", "Habilitation obtenue")
    admin.looks("agent-3-drawing")
    admin.presses("Déposer ce dessin")
    admin.reads("Le nouveau dessin est en place.")
    admin.looks("agent-4-page")
    admin.presses("Essayer FranceConnect")
    admin.reads("Tout est juste.")
    admin.looks("agent-5-test")

    citizen.goes_to("/")
    citizen.reads("FranceConnect sera en maintenance")
    citizen.looks("citizen-1-announced")
