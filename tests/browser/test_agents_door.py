"""An invited agent chooses a password, enrols an app, comes in again with a code."""

import re

import pytest
from post_office.models import Email

from accounts import agent_accounts
from accounts.models import User
from tests.accounts.authenticators import totp
from tests.accounts.factories import make_agent

PASSWORD = "neuf oies sur le lac"


@pytest.mark.parametrize(
    "options",
    [{"width": 1280}, {"width": 360, "java_script_enabled": False, "color_scheme": "dark"}],
    ids=["desktop", "phone without JavaScript"],
)
def test_an_invited_agent_enrols_and_comes_in_again(arrives, portal, options):
    invited = User.objects.create_user("nouvelle@rivemont.example", None, is_staff=True)
    agent_accounts.invite(invited, by=make_agent())
    code = re.search(r"\b(\w{4}-){2}\w{4}\b", Email.objects.latest("pk").message).group(0)
    check = options.get("java_script_enabled", True)
    agent, kind = arrives(**options), "desktop" if check else "phone"

    agent.goes_to("/admin/invitation/")
    agent.types("Adresse e-mail", invited.email)
    agent.types("Code d’invitation", "7K3M-92QX-BCDF")
    agent.types("Nouveau mot de passe", PASSWORD)
    agent.presses("Choisir ce mot de passe")
    agent.looks(f"{kind}-1-wrong-invitation", check=check)
    agent.types("Code d’invitation", code)
    agent.types("Nouveau mot de passe", PASSWORD)
    agent.presses("Choisir ce mot de passe")
    agent.is_at("/admin/connexion/protection/")
    agent.looks(f"{kind}-2-enrol", check=check)
    secret = agent.page.locator(".agents-secret").inner_text().replace(" ", "")
    agent.types("Code", totp(secret))
    agent.presses("Activer l’application")
    agent.is_at("/admin/mon-acces/codes-de-secours/")
    agent.looks(f"{kind}-3-recovery-codes", check=check)
    recovery = agent.page.locator(".agents-codes li").first.inner_text()
    agent.presses("J’ai gardé mes codes")
    agent.is_at("/admin/")

    agent.goes_to("/admin/mon-acces/")
    agent.looks(f"{kind}-4-own-access", check=check)
    agent.presses("Déconnexion")
    agent.goes_to("/admin/")
    agent.is_at("/admin/login/")
    agent.types("Adresse e-mail", invited.email)
    agent.types("Mot de passe", PASSWORD)
    agent.looks(f"{kind}-5-sign-in", check=check)
    agent.presses("Continuer")
    agent.is_at("/admin/connexion/code/")
    agent.types("Code", "000000")
    agent.presses("Entrer")
    agent.looks(f"{kind}-6-wrong-code", check=check)
    agent.types("Code", recovery)
    agent.presses("Entrer")

    agent.is_at("/admin/")
