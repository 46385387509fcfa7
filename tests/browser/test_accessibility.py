"""Every page in a narrow dark window and in a wide light one: axe, widths, titles, keyboard."""

import pytest

from franceconnect import state
from tests.accounts.factories import make_citizen
from tests.accounts.test_space import PAGES

PUBLIC = [
    "/",
    "/connexion/",
    "/inscription/",
    "/mot-de-passe-oublie/",
    "/aide/franceconnect/",
    "/mentions-legales/",
    "/donnees-personnelles/",
    "/acces-bloque/",
    "/rien/",
    "/franceconnect/callback/",
]
PRIVATE = ["/", *PAGES, "/deconnexion/", "/aide/franceconnect/"]
WINDOWS = [
    pytest.param({"width": 320, "color_scheme": "dark"}, id="narrow and dark"),
    pytest.param({"width": 1280, "color_scheme": "light"}, id="wide and light"),
    pytest.param({"width": 640, "forced_colors": "active"}, id="forced colours"),
]


def name_of(path):
    return path.strip("/").replace("/", "-") or "home"


def looks_at_each(citizen, paths, window):
    titles = {}
    for path in paths:
        citizen.goes_to(path)
        citizen.looks(f"{window['width']}-{name_of(path)}")
        title = citizen.page.title()
        assert titles.setdefault(title, path) == path, f"{title} names two pages"
        assert citizen.page.locator("h1").count() == 1, path
        assert citizen.page.locator("html").get_attribute("lang") == "fr"


@pytest.mark.parametrize("window", WINDOWS)
def test_public_pages(arrives, window):
    looks_at_each(arrives(**window), PUBLIC, window)


@pytest.mark.parametrize("window", WINDOWS)
def test_pages_of_somebody_signed_in(arrives, portal, window):
    make_citizen(usual_name="DUMAS-DE-LA-TOUR-D’AUVERGNE", phone="06 12 34 56 78")
    citizen = arrives(**window)
    citizen.signs_in()
    citizen.goes_to("/mon-espace/supprimer/")
    citizen.proves_again()

    looks_at_each(citizen, PRIVATE, window)


@pytest.mark.parametrize("window", WINDOWS)
def test_an_empty_space(arrives, portal, link_of, window):
    link_of(make_citizen(None, street="", postcode="", city="", contact_email=""))
    citizen = arrives(**window)
    citizen.goes_to("/")
    citizen.identifies("ines")

    looks_at_each(citizen, PRIVATE[1:5], window)


def test_the_keyboard_alone_signs_in(arrives, portal):
    make_citizen()
    citizen = arrives()
    citizen.goes_to("/")
    press = citizen.page.keyboard.press

    press("Tab")
    first = citizen.page.evaluate("document.activeElement.getAttribute('href')")
    press("Enter")
    assert first.startswith("#")
    for _ in range(20):
        press("Tab")
        if citizen.page.evaluate("document.activeElement.name") == "login":
            break
        outline = citizen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
    citizen.page.keyboard.type("ines.perrer@rivemont.example")
    press("Tab")
    citizen.page.keyboard.type("quatre chevaux au galop")
    press("Enter")

    citizen.is_at("/mon-espace/")


def test_a_pending_identity_outlives_nothing(arrives, portal):
    """The page of a first connection, left for ten minutes, says what to do."""
    citizen = arrives()
    citizen.goes_to("/")
    citizen.identifies("test")
    citizen.looks("1-waiting")
    lifetime, state.LIFETIME_SECONDS = state.LIFETIME_SECONDS, -1
    try:
        citizen.presses("Je crée mon espace")
        citizen.reads("Votre demande de connexion a expiré.")
        citizen.looks("2-expired")
    finally:
        state.LIFETIME_SECONDS = lifetime
