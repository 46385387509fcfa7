"""A citizen in a real Chromium: the portal on a live server, FranceConnect in its own process."""

import re
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect, sync_playwright
from post_office.models import Email

from espace_citoyens.models import Town
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import PASSWORD

SCREENSHOTS = Path(__file__).parents[2] / ".artifacts" / "screenshots"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
# In forced colours the browser draws its own pair of colours, and axe computes with ours.
IN_FORCED_COLOURS = {"rules": {"color-contrast": {"enabled": False}}}
expect.set_options(timeout=10_000)


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def town(transactional_db):
    return Town.objects.create(
        name="Ville de Rivemont",
        email="mairie@rivemont.example",
        phone="02 00 00 00 00",
        address="1 place de la Mairie\n44999 Rivemont",
        opening_hours="Du lundi au vendredi, de 9 h à 17 h",
    )


@pytest.fixture
def portal(live_server, simulator, town):
    """The address of the portal."""
    return live_server.url


class Citizen:
    """Somebody in front of a browser: what they read, press and type."""

    def __init__(self, page: Page, portal: str, simulator, name: str):
        self.page, self.portal, self.simulator, self.name = page, portal, simulator, name
        self.mails_read = 0

    def goes_to(self, path: str) -> None:
        self.page.goto(self.portal + path)

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follows(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def types(self, label: str, value: str) -> None:
        fields = self.page.get_by_label(label).and_(self.page.locator("input"))
        fields.first.fill(value)

    def reads(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def does_not_read(self, text: str) -> None:
        expect(self.page.get_by_text(text)).to_have_count(0)

    def is_at(self, path: str) -> None:
        expect(self.page).to_have_url(re.compile(re.escape(self.portal + path) + r"(\?.*)?$"))

    def sees_pictogram(self, visible: bool = True) -> None:
        pictogram = self.page.get_by_text("Espace certifié avec FranceConnect")
        expect(pictogram).to_have_count(1 if visible else 0)

    def signs_in(self, email: str = "ines.perrer@rivemont.example") -> None:
        self.goes_to("/")
        self.types("Identifiant", email)
        self.types("Mot de passe", PASSWORD)
        self.presses("Se connecter")
        self.is_at("/mon-espace/")

    def enters_as_agent(self, agent) -> None:
        """Beyond the agents' door, whose own journey is in test_agents_door.py."""
        session = sign_in_agent(Client(), agent).cookies[settings.SESSION_COOKIE_NAME].value
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.portal}
        self.page.context.add_cookies([cookie])

    def proves_again(self) -> None:
        self.types("Votre mot de passe", PASSWORD)
        self.presses("Confirmer")

    def presses_franceconnect(self) -> None:
        self.page.get_by_role("button", name="S’identifier avec FranceConnect").first.click()

    def chooses_an_account(self, login: str) -> None:
        """The pages of FranceConnect, up to the confirmation."""
        self.page.get_by_role("button", name="impots.gouv.fr").click()
        self.page.get_by_label("Identifiant", exact=True).fill(login)
        self.page.get_by_label("Mot de passe", exact=True).fill("123")
        self.presses("Valider")

    def confirms(self) -> None:
        expect(self.page.get_by_text("Vous allez vous connecter en tant que")).to_be_visible()
        self.page.get_by_role("button", name=re.compile("^Continuer sur ")).click()

    def identifies(self, login: str = "ines") -> None:
        self.presses_franceconnect()
        self.chooses_an_account(login)
        self.confirms()

    def sends(self) -> None:
        """Press the first button of the page's own form."""
        self.page.locator("main form button[type=submit]").first.click()

    def reads_the_code_mailed(self) -> str:
        mail = Email.objects.latest("pk")
        return re.search(r"\b(\d{6})\b", mail.message).group(1)

    def looks(self, title: str, *, check: bool = True) -> None:
        """A screenshot of the whole page, and what axe says of it: nothing."""
        folder = SCREENSHOTS / self.name
        folder.mkdir(parents=True, exist_ok=True)
        self._photographs(folder / f"{title}.png")
        if check:
            forced = self.page.evaluate("matchMedia('(forced-colors: active)').matches")
            options = AXE_OPTIONS | (IN_FORCED_COLOURS if forced else {})
            result = Axe().run(self.page, options=options)
            assert not result.response["violations"], result.generate_report()
        width = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, f"{title} scrolls sideways by {width} px"

    def _photographs(self, path: Path) -> None:
        """A picture, no part of the test: that of a long page can fail on a busy machine."""
        for _ in range(3):
            with suppress(PlaywrightError):
                self.page.screenshot(path=path, full_page=True)
                return
        self.page.screenshot(path=path)


@pytest.fixture
def arrives(chromium, portal, simulator, request):
    """Somebody new in front of a browser of their own: `arrives(width=360)`."""
    contexts, problems = [], []

    def make(*, width=1280, **options) -> Citizen:
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, locale="fr-FR", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: line.type == "error" and problems.append(line.text))
        name = request.node.name.removeprefix("test_").split("[")[0]
        return Citizen(page, portal, simulator, name)

    yield make
    for context in contexts:
        context.close()
    expected = "Failed to load resource: the server responded with a status of"
    assert not [problem for problem in problems if not problem.startswith(expected)]
