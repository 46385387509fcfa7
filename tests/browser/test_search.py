"""An agent finds a person at a crowded counter."""

import pytest

from tests.accounts.agents import make_agent_with
from tests.accounts.factories import make_citizen

SEARCH = "/admin/accounts/personalspace/"
BOX = "Personne à trouver"


@pytest.fixture
def people(transactional_db):
    """Three people whom one name does not tell apart, and one whose access is blocked."""
    space = {"birth_family_name": "LEFÈVRE", "birthplace": "44109", "phone": "+33612345678"}
    first = make_citizen(**space, given_names=["Jean-Noël", "Marie"])
    make_citizen(
        None,
        **space | {"birth_family_name": "LEFEBVRE", "usual_name": "DUPONT-MARTINEAU"},
        given_names=["Jeanne", "Catherine", "Marguerite"],
        birthdate_text="1962-08-24",
        identity_provenance="franceconnect",
    )
    blocked = make_citizen(
        "autre@rivemont.example", **space, birthdate_text="1992-00-00", birthcountry="99352"
    )
    blocked.is_active = False
    blocked.save()
    return first


def searches(agent, typed):
    agent.types(BOX, typed)
    agent.presses("Chercher")


@pytest.mark.parametrize(
    "options",
    [{"width": 1280}, {"width": 360, "java_script_enabled": False, "color_scheme": "dark"}],
    ids=["desktop", "phone without JavaScript"],
)
def test_an_agent_finds_a_person(arrives, people, options):
    agent = arrives(**options)
    check = options.get("java_script_enabled", True)
    kind = "desktop" if check else "phone"
    agent.enters_as_agent(make_agent_with("accounts.view_personalspace", "accounts.export_spaces"))

    agent.goes_to(SEARCH)
    agent.reads("Aucune liste ici")
    agent.looks(f"{kind}-1-empty", check=check)
    searches(agent, "le")
    agent.reads("La recherche est trop courte")
    agent.looks(f"{kind}-2-too-vague", check=check)
    searches(agent, "introuvable")
    agent.reads("Personne ne répond")
    agent.looks(f"{kind}-3-nobody", check=check)
    searches(agent, "lefevre")
    agent.reads("3 personnes trouvées")
    agent.is_at(SEARCH)
    agent.looks(f"{kind}-4-by-name", check=check)
    searches(agent, "24 août 1962")
    agent.reads("Une personne trouvée")
    agent.looks(f"{kind}-5-by-date", check=check)
    agent.follows("Exporter une liste de personnes")
    agent.presses("Exporter la liste")
    agent.reads("Dites à quoi servira cette liste.")
    agent.looks(f"{kind}-6-export", check=check)
    agent.follows("Trouver une personne")
    searches(agent, f"jean lefevre {people.space.reference}")
    agent.follows("LEFÈVRE Jean-Noël, Marie")

    agent.is_at(f"{SEARCH}{people.space.pk}/change/")
