"""The town's own identity: typed, refused, seen before, published. The dashboard."""

import datetime

from django.utils import timezone

from accounts.models import JournalEntry, JournalKind
from espace_citoyens.daily_counts import count_days
from tests.accounts.factories import make_agent
from tests.espace_citoyens.test_logo import SMALL

EDIT = "/admin/espace_citoyens/town/"
LOGO = SMALL.format(
    '<rect width="4" height="4" fill="#8c2f1b"/><path fill="#fff" d="M1 3V1l1 1 1-1v2z"/>'
)


def test_a_town_becomes_itself(arrives, portal, tmp_path):
    agent, citizen = arrives(), arrives(width=360)
    agent.enters_as_agent(make_agent())
    citizen.goes_to("/")
    citizen.looks("0-before")
    file = tmp_path / "logo.svg"
    file.write_text(LOGO)

    agent.goes_to("/admin/")
    agent.looks("1-index")
    agent.page.get_by_role("link", name="La ville").click()
    agent.page.get_by_label("D’autres couleurs").check()
    agent.page.get_by_label("Couleur principale").fill("#e8a33d")
    agent.page.get_by_label("Nouveau logo").set_input_files(file)
    agent.page.get_by_label("Titre").first.fill("Piscine fermée")
    agent.page.get_by_label("Texte").first.fill(
        "Elle rouvre lundi. Écrivez à mairie@rivemont.example."
    )
    agent.page.get_by_label("Présentation").first.select_option("alert")
    agent.page.get_by_label("Horaires").fill("Le lundi de 9 h à 12 h")
    agent.presses("Prévisualiser")
    agent.reads("Cette couleur n’est pas lisible par tous")
    agent.looks("2-refused")
    assert agent.page.get_by_label("Titre").first.input_value() == "Piscine fermée"

    agent.page.get_by_label("Brique et sauge").check()
    agent.presses("Prévisualiser")
    agent.is_at(f"{EDIT}apercu/")
    agent.reads("Piscine fermée")
    agent.looks("3-preview")
    citizen.goes_to("/")
    citizen.does_not_read("Piscine fermée")
    agent.presses("Publier")
    agent.reads("C’est publié")
    agent.looks("4-published")

    citizen.goes_to("/")
    citizen.reads("Piscine fermée")
    citizen.looks("5-citizen")
    colour = citizen.page.get_by_role("button", name="Se connecter").evaluate(
        "button => getComputedStyle(button).backgroundColor"
    )
    assert colour == "rgb(140, 47, 27)"
    assert citizen.page.get_by_role("img", name="Ville de Rivemont").evaluate("i => i.naturalWidth")


def test_the_same_in_a_narrow_dark_window(arrives, portal):
    visitor = arrives(width=360, color_scheme="dark")
    visitor.enters_as_agent(make_agent())
    visitor.goes_to("/admin/")
    visitor.looks("1-index")
    visitor.goes_to(EDIT)
    visitor.page.get_by_label("Prune et rose ancien").check()
    visitor.looks("2-town")
    visitor.presses("Prévisualiser")
    visitor.looks("3-preview")
    visitor.goes_to("/admin/tableau-de-bord/")
    visitor.looks("4-empty")
    fill_the_journal()
    visitor.goes_to("/admin/tableau-de-bord/")
    visitor.page.get_by_text("Lire le tableau").nth(1).click()
    visitor.looks("5-full")


def fill_the_journal():
    """Ten months that rise and fall, and a few refusals."""
    lines = []
    for days in range(0, 300, 3):
        at = timezone.now() - datetime.timedelta(days=days)
        for kind, means, number in [
            (JournalKind.SIGNED_IN, "FranceConnect", 12 + days % 21),
            (JournalKind.SIGNED_IN, "mot de passe", 8 + days % 7),
            (JournalKind.SPACE_CREATED, "FranceConnect", 2 + days % 5),
            (JournalKind.LINKED, "FranceConnect", 2 + days % 4),
        ]:
            lines += [JournalEntry(kind=kind, means=means, at=at) for _ in range(number)]
    for code, number in [("wrong_password", 41), ("blocked", 3), ("unknown_state", 12)]:
        lines += [JournalEntry(kind=JournalKind.SIGN_IN_REFUSED, code=code) for _ in range(number)]
    JournalEntry.objects.bulk_create(lines)
    count_days()


def test_the_dashboard_of_a_town(arrives, portal):
    agent = arrives()
    agent.enters_as_agent(make_agent())
    fill_the_journal()

    agent.goes_to("/admin/tableau-de-bord/")

    agent.reads("Connexions, par semaine")
    agent.looks("1-full")
