"""The demonstration itself, as `make demo` starts it: portal, worker, mailbox, on SQLite.

Nothing is read behind the scenes: the codes come from the mailbox that the worker fills.
"""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.accounts.factories import PASSWORD
from tests.espace_citoyens.test_demo import demo, running  # noqa: F401 a fixture

CODE = re.compile(r"\b\d{6}\b")
NEWCOMER = "nouvelle.venue@rivemont.example"
SECONDS_TO_LEAVE = 20


@pytest.fixture
def context(chromium):
    context = chromium.new_context(viewport={"width": 360, "height": 800}, locale="fr-FR")
    context.set_default_timeout(10_000)
    yield context
    context.close()


def code_in_the_mailbox(context, url, address, *, other_than=""):
    """The code of the newest mail to this address, once the worker has sent it."""
    page = context.new_page()
    end = time.monotonic() + SECONDS_TO_LEAVE
    while time.monotonic() < end:
        page.goto(url)
        for mail in (
            page.get_by_role("link")
            .filter(has_text=re.compile("code|adresse", re.IGNORECASE))
            .all()[:3]
        ):
            mail.click()
            text = page.locator("main").inner_text()
            found = CODE.search(text)
            if address in text and found and found.group() != other_than:
                page.close()
                return found.group()
            page.goto(url)
        time.sleep(0.5)
    raise AssertionError(f"no new code for {address} in the mailbox")


def test_somebody_opens_a_space_and_proves_an_address_with_the_mails_of_the_mailbox(
    context,
    demo,  # noqa: F811
):
    with running(demo):
        page = context.new_page()
        page.goto(f"{demo.portal_url}/inscription/")
        for label, value in {
            "Adresse e-mail": NEWCOMER,
            "Mot de passe": PASSWORD,
            "Nom de naissance": "VENUE",
            "Prénoms": "Nouvelle",
            "Date de naissance": "1er mai 1990",
            "Numéro et voie": "3 rue des Tilleuls",
            "Code postal": "44000",
            "Commune": "Nantes",
        }.items():
            page.get_by_label(label).and_(page.locator("input")).first.fill(value)
        page.get_by_role("button", name="Créer mon espace").click()
        first = code_in_the_mailbox(context, demo.mailbox_url, NEWCOMER)
        page.get_by_role("textbox", name="Code de vérification").fill(first)
        page.locator("main form button[type=submit]").first.click()
        expect(page).to_have_url(f"{demo.portal_url}/mon-espace/")

        page.goto(f"{demo.portal_url}/mon-espace/profil/modifier/")
        other = f"autre.{NEWCOMER}"
        page.get_by_label("Adresse e-mail de contact").fill(other)
        page.get_by_role("button", name="Enregistrer").click()
        second = code_in_the_mailbox(context, demo.mailbox_url, other, other_than=first)
        page.get_by_role("textbox", name="Code de vérification").fill(second)
        page.get_by_role("button", name="Vérifier le code").click()

        expect(page.get_by_text("Votre adresse e-mail de contact est vérifiée.")).to_be_visible()
