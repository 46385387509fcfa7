"""What the town hall's counter opens: a code on paper, a space prepared for somebody."""

import re

import pytest

from accounts.models import IdentityDocument
from franceconnect.models import Link
from tests.accounts.factories import PASSWORD, make_agent, make_citizen
from tests.franceconnect.test_counter import INES


def receive_a_code(agent, space):
    """At the counter: the agent finds the space, says what they were shown, reads the code."""
    agent.goes_to("/admin/")
    agent.types("Adresse e-mail de connexion", "agent@rivemont.example")
    agent.types("Mot de passe", PASSWORD)
    agent.presses("Connexion")
    agent.goes_to(f"/admin/accounts/personalspace/{space.pk}/change/")
    agent.follows("Remettre un code d’accès")
    agent.looks("agent-1-document", check=False)
    agent.page.get_by_label(IdentityDocument.PASSPORT.label).check()
    agent.presses("Créer le code")
    agent.looks("agent-2-code", check=False)
    return agent.page.locator(".counter-code").inner_text()


@pytest.mark.parametrize(
    "options",
    [{"width": 1280}, {"width": 360, "java_script_enabled": False, "color_scheme": "dark"}],
    ids=["desktop", "phone without JavaScript"],
)
def test_a_code_of_the_counter_opens_a_prepared_space(arrives, portal, options):
    make_agent()
    prepared = make_citizen(
        None, **INES, identity_provenance="counter", contact_email="ines@rivemont.example"
    )
    citizen = arrives(**options)
    check = options.get("java_script_enabled", True)
    kind = "desktop" if check else "phone"
    code = receive_a_code(arrives(), prepared.space)

    citizen.goes_to("/")
    citizen.identifies("ines")
    citizen.reads("Un espace a été préparé pour vous en mairie")
    citizen.does_not_read(prepared.space.reference)
    citizen.looks(f"{kind}-1-first-time", check=check)
    citizen.presses("M’envoyer un code par e-mail")
    citizen.is_at("/franceconnect/espace-prepare/code/")
    citizen.looks(f"{kind}-2-mailed-code", check=check)
    citizen.follows("Revenir à la première connexion")
    citizen.follows("La mairie m’a donné un code")
    citizen.types("Code remis en mairie", "7K3M-92QX-BCDF")
    citizen.presses("Continuer")
    citizen.looks(f"{kind}-3-wrong-code", check=check)
    citizen.types("Code remis en mairie", code.lower())
    citizen.presses("Continuer")
    citizen.is_at("/franceconnect/code-mairie/confirmation/")
    citizen.looks(f"{kind}-4-comparison", check=check)
    citizen.presses("Ouvrir cet espace")

    citizen.is_at("/mon-espace/")
    citizen.sees_pictogram()
    citizen.looks(f"{kind}-5-space", check=check)
    assert re.fullmatch(r"(\w{4}-){2}\w{4}", code)
    assert Link.objects.get().citizen == prepared
