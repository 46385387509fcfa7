"""Probable duplicates, as agents see them: compared, dismissed, made one, taken back."""

import pytest
from playwright.sync_api import expect

from accounts import duplicates
from accounts.models import Duplicate, DuplicateKind, Merge, User
from franceconnect.models import Link
from tests.accounts.agents import make_agent_with
from tests.accounts.duplicates import NEW, OLD, REASON, make_checked, make_pair
from tests.accounts.factories import make_citizen

RIGHTS = ("accounts.view_duplicate", "accounts.merge_spaces", "accounts.view_personalspace")
QUEUE = "/admin/accounts/duplicate/"
LONG = "12 bis avenue du Général-Commandant-de-la-Résistance"


def make_pairs(settings) -> Duplicate:
    """One person twice, two cousins, and a pair that a colleague is at work on."""
    old = make_checked(OLD, phone="+33612345678", street=LONG, birthplace="44109")
    new = make_checked(None, given_names=["Inès", "Rose"], contact_email=NEW, street="")
    Link.objects.create(
        issuer=settings.FRANCECONNECT["issuer"], sub="a-sub", citizen=new, level="eidas1"
    )
    pair = make_pair(old, new, kind=DuplicateKind.CERTIFIED)
    cousins = [
        make_citizen(f"{name.lower()}@rivemont.example", given_names=[name], usual_name="ROUSSET")
        for name in ("Lucien", "Lucie")
    ]
    make_pair(*cousins, kind=DuplicateKind.NEAR)
    taken = make_pair(cousins[0], old, kind=DuplicateKind.NEAR)
    duplicates.take(taken.pk, make_agent_with(*RIGHTS, email="collegue@rivemont.example"))
    return pair


@pytest.mark.parametrize(
    "options",
    [{"width": 1280}, {"width": 360, "color_scheme": "dark"}],
    ids=["desktop", "phone"],
)
def test_duplicates_are_compared_dismissed_merged_and_undone(
    arrives, portal, settings, options, request
):
    agent, kind = arrives(**options), request.node.callspec.id
    agent.enters_as_agent(make_agent_with(*RIGHTS))
    agent.goes_to(QUEUE)
    agent.looks(f"{kind}-1-empty")
    pair = make_pairs(settings)

    agent.goes_to(QUEUE)
    agent.reads("s’en occupe depuis")
    agent.looks(f"{kind}-2-queue")
    agent.page.get_by_role("button", name="Comparer").nth(1).click()
    agent.types("Motif", "Deux cousins, nés le même jour.")
    agent.presses("Pas un doublon")
    agent.reads("ne reviendra plus")

    agent.page.get_by_role("button", name="Comparer").first.click()
    agent.looks(f"{kind}-3-comparison")
    agent.presses("Voir l’aperçu")
    agent.looks(f"{kind}-4-preview")
    agent.page.get_by_label("passeport").check()
    agent.page.get_by_label("La personne présente a reconnu").check()
    agent.types("Motif", "ok")
    agent.presses("Réunir les deux espaces")
    agent.looks(f"{kind}-5-refused")
    agent.types("Motif", REASON)
    agent.presses("Réunir les deux espaces")
    agent.reads("n’en font qu’un")
    agent.looks(f"{kind}-6-merged")
    assert Merge.objects.get().duplicate == pair
    assert Link.objects.get().citizen.email == OLD

    agent.page.get_by_role("link", name="Annuler la réunion").first.click()
    agent.looks(f"{kind}-7-undo")
    agent.types("Motif", "Ce sont deux sœurs.")
    agent.presses("Annuler la réunion")
    agent.reads("La réunion est annulée")
    expect(agent.page.get_by_text("réunion annulée", exact=True)).to_be_visible()
    assert not User.objects.filter(is_active=False).exists()


def test_no_page_scrolls_sideways_at_320_pixels(arrives, portal, settings):
    """WCAG 2.2, 1.4.10."""
    agent = arrives(width=320)
    agent.enters_as_agent(make_agent_with(*RIGHTS))
    make_pairs(settings)

    agent.goes_to(QUEUE)
    agent.looks("1-queue")
    agent.page.get_by_role("button", name="Comparer").first.click()
    agent.looks("2-comparison")
    agent.presses("Voir l’aperçu")
    agent.looks("3-preview")
