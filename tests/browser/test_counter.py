"""What the town hall's counter opens: a code on paper, a space prepared for somebody."""

import re

import pytest

from accounts.models import IdentityDocument
from franceconnect.models import Link
from tests.accounts.factories import PASSWORD, make_agent, make_citizen
from tests.franceconnect.test_counter import INES


def sees_the_person(agent):
    """The agent says what they were shown, and compared."""
    agent.page.get_by_label(IdentityDocument.PASSPORT.label).check()
    for box in agent.page.get_by_role("checkbox").all():
        box.check()


def receive_a_code(agent, space):
    """At the counter: the agent finds the space, says what they were shown, reads the code."""
    agent.goes_to(f"/admin/accounts/personalspace/{space.pk}/change/")
    agent.follows("Remettre un code d’accès")
    agent.looks("agent-1-document")
    sees_the_person(agent)
    agent.presses("Créer le code")
    agent.looks("agent-2-code")
    return agent.page.locator(".counter-code").inner_text()


@pytest.mark.parametrize(
    "options",
    [{"width": 1280}, {"width": 360, "java_script_enabled": False, "color_scheme": "dark"}],
    ids=["desktop", "phone without JavaScript"],
)
def test_a_code_of_the_counter_opens_a_prepared_space(arrives, portal, options):
    prepared = make_citizen(
        None, **INES, identity_provenance="counter", contact_email="ines@rivemont.example"
    )
    citizen = arrives(**options)
    check = options.get("java_script_enabled", True)
    kind = "desktop" if check else "phone"
    agent = arrives(width=options["width"])
    agent.enters_as_agent(make_agent())
    code = receive_a_code(agent, prepared.space)

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


def test_two_agents_reopen_a_protected_space(arrives, portal):
    """Whoever lost telephone and mailbox: seen by two agents, they come in with a new address."""
    owner = make_citizen()
    owner.wants_email_code = True
    owner.save()
    first, second = arrives(width=320), arrives(color_scheme="dark")
    citizen = arrives(width=320, java_script_enabled=False)
    first.enters_as_agent(make_agent("premier@rivemont.example"))
    second.enters_as_agent(make_agent("second@rivemont.example"))

    first.goes_to(f"/admin/accounts/countercoderequest/{owner.space.pk}/")
    first.presses("Demander un second agent")
    first.looks("first-1-nothing-said")
    sees_the_person(first)
    first.presses("Demander un second agent")
    first.reads("Vous avez demandé un code")
    first.looks("first-2-waits")
    first.goes_to("/admin/accounts/countercoderequest/")
    first.looks("first-3-queue")
    second.goes_to("/admin/")
    second.page.get_by_role("link", name="Codes d’accès à confirmer").click()
    second.looks("second-1-queue")
    second.follows(f"{owner.space.reference}, {owner.space.display_name}")
    second.looks("second-2-confirms")
    sees_the_person(second)
    second.presses("Créer le code")
    second.looks("second-3-sheet")
    second.page.set_viewport_size({"width": 658, "height": 987})  # A4, but for its margins
    second.page.emulate_media(media="print", color_scheme="light")
    second.looks("second-4-printed", check=False)
    code = second.page.locator(".counter-code").inner_text()

    citizen.goes_to("/connexion/")
    citizen.follows("La mairie m’a donné un code")
    citizen.is_at("/code-mairie/")
    citizen.looks("citizen-1-code", check=False)
    citizen.types("Code remis en mairie", code.lower().replace("-", " "))
    citizen.types("Date de naissance", "12 avril 1985")
    citizen.presses("Continuer")
    citizen.reads("Les clés d’accès et la double authentification sont retirées.")
    citizen.looks("citizen-2-steps", check=False)
    citizen.types("Votre adresse e-mail", "nouvelle@rivemont.example")
    citizen.presses("Recevoir les six chiffres")
    citizen.is_at("/code-mairie/verification/")
    citizen.types("Code de vérification", "12")
    citizen.presses("Continuer")
    citizen.looks("citizen-3-digits", check=False)
    citizen.types("Code de vérification", citizen.reads_the_code_mailed())
    citizen.presses("Continuer")
    citizen.looks("citizen-4-password", check=False)
    citizen.types("Nouveau mot de passe", PASSWORD)
    citizen.presses("Ouvrir mon espace")
    citizen.is_at("/mon-espace/identifiants/")
    citizen.reads("nouvelle@rivemont.example")
    citizen.looks("citizen-5-open", check=False)
