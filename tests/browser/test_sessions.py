"""A session that nears its end, ends, and starts again where it was; the list of one's sessions."""

import time

import time_machine
from django.test import Client
from playwright.sync_api import expect

from accounts.models import PersonalSpace
from tests.accounts.factories import PASSWORD, make_citizen
from tests.accounts.test_devices import CHROME, IPHONE
from tests.accounts.test_space import sign_in

FORM = "/mon-espace/profil/modifier/"


def warning_of(citizen):
    return citizen.page.get_by_role("alertdialog", name="Votre session va se fermer")


def signs_in_again(citizen):
    citizen.types("Identifiant", "ines.perrer@rivemont.example")
    citizen.types("Mot de passe", PASSWORD)
    citizen.presses("Se connecter")


def test_what_is_typed_outlives_the_session(arrives, portal):
    make_citizen()
    citizen = arrives(width=360, color_scheme="dark")
    citizen.page.clock.install()
    citizen.signs_in()
    citizen.goes_to(FORM)
    citizen.types("Numéro et voie", "7 rue des Écluses")

    citizen.page.clock.fast_forward("28:01")
    expect(warning_of(citizen)).to_be_visible()
    expect(citizen.page.get_by_role("button", name="Rester connecté")).to_be_focused()
    citizen.looks("1-warning")
    citizen.page.keyboard.press("Enter")
    expect(warning_of(citizen)).to_be_hidden()
    citizen.page.clock.fast_forward("27:50")
    expect(warning_of(citizen)).to_be_hidden()

    citizen.page.clock.fast_forward("00:15")
    expect(warning_of(citizen)).to_be_visible()
    citizen.page.keyboard.press("Escape")
    expect(warning_of(citizen)).to_be_hidden()
    expect(citizen.page.get_by_label("Numéro et voie")).to_be_focused()
    with time_machine.travel(time.time() + 31 * 60):
        citizen.page.clock.fast_forward("02:10")
        citizen.is_at("/connexion/")
        citizen.reads("Ce que vous aviez saisi est gardé une heure")
        citizen.does_not_read("PERRER")
        citizen.looks("2-ended")

        signs_in_again(citizen)
        citizen.is_at(FORM)
        citizen.reads("Rien n’a été enregistré")
        expect(citizen.page.get_by_label("Numéro et voie")).to_have_value("7 rue des Écluses")
        citizen.looks("3-back")
        citizen.presses("Enregistrer")
        citizen.reads("Votre profil est à jour.")
    assert PersonalSpace.objects.get().street == "7 rue des Écluses"


def test_another_tab_keeps_the_session_open(arrives, portal):
    make_citizen()
    citizen = arrives(width=1280)
    citizen.page.clock.install()
    citizen.signs_in()
    other = citizen.page.context.new_page()

    citizen.page.clock.fast_forward("28:01")
    expect(warning_of(citizen)).to_be_visible()
    citizen.looks("1-warning")
    other.clock.install(time=time.time() + 28 * 60 + 1)
    other.goto(f"{portal}/mon-espace/profil/")

    expect(warning_of(citizen)).to_be_hidden()


def test_the_sessions_of_a_citizen_are_seen_and_closed(arrives, portal):
    ines = make_citizen()
    citizen = arrives(width=1280)
    citizen.signs_in()
    citizen.goes_to("/mon-espace/identifiants/")
    citizen.follows("Voir mes sessions")
    citizen.reads("Aucune autre session n’est ouverte.")
    citizen.looks("1-alone")
    for user_agent, address in ((CHROME, "90.45.12.201"), (IPHONE, "2a01:cb08:8d2:5c00::17")):
        sign_in(Client(HTTP_USER_AGENT=user_agent, REMOTE_ADDR=address), ines)

    citizen.goes_to("/mon-espace/identifiants/sessions/")
    citizen.looks("2-three")
    citizen.page.set_viewport_size({"width": 360, "height": 800})
    citizen.page.emulate_media(color_scheme="dark")
    citizen.looks("3-three-narrow-dark")
    citizen.page.get_by_role("button", name="Fermer cette session").first.click()
    citizen.reads("La session est fermée.")
    citizen.looks("4-closed")
    citizen.follows("Fermer toutes les autres sessions")
    citizen.looks("5-confirm")
    citizen.presses("Fermer les autres sessions")

    citizen.reads("Vos autres sessions sont fermées.")
    citizen.reads("Aucune autre session n’est ouverte.")
    assert ines.usersession_set.count() == 1
