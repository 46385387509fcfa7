"""An agent helps one person: looks, checks, blocks, unblocks; the citizen reads all of it."""

import re

from post_office.models import STATUS, Email

from accounts import services
from accounts.models import JournalKind, PersonalSpace
from franceconnect.models import Link
from tests.accounts.factories import PASSWORD, make_agent, make_citizen
from tests.accounts.test_resending import send_all

REASON = "Vous avez signalé un appareil inconnu."


def live_a_little(citizen):
    """A space with something everywhere."""
    Link.objects.create(
        issuer="https://fc.example",
        sub="the-secret-sub",
        citizen=citizen,
        level="eidas1",
        has_strong_mismatch=True,
    )
    PersonalSpace.objects.update(
        usual_name="MARTIN", phone="+33612345678", birthplace="44109", birthcountry="99100"
    )
    services.notify(citizen.space, "accounts/email/space_opened", {})
    send_all(STATUS.failed)


def refused_sign_in(citizen):
    citizen.goes_to("/")
    citizen.types("Identifiant", "ines.perrer@rivemont.example")
    citizen.types("Mot de passe", PASSWORD)
    citizen.presses("Se connecter")
    citizen.is_at("/acces-bloque/")


def acts(agent, link, button, reason=REASON):
    agent.follows(link)
    agent.page.get_by_label("Motif").fill(reason)
    agent.presses(button)


def test_a_person_is_checked_blocked_and_let_in_again(arrives, portal):
    ines, marc = make_citizen(), make_agent()
    live_a_little(ines)
    citizen, agent = arrives(), arrives()
    citizen.signs_in()
    agent.enters_as_agent(marc)
    agent.goes_to(f"/admin/accounts/personalspace/{ines.space.pk}/change/")
    agent.looks("1-full")
    agent.does_not_read("the-secret-sub")

    agent.follows("Vérifier l’identité")
    agent.presses("L’identité est vérifiée")
    agent.reads("Donnez un motif")
    agent.looks("2-check-error")
    agent.page.get_by_label("passeport").check()
    agent.page.get_by_label("Motif").fill("Venue au guichet avec son passeport.")
    agent.presses("L’identité est vérifiée")
    agent.reads("vérifiée en mairie le")

    acts(agent, "Bloquer l’accès", "Bloquer l’accès")
    agent.reads("Accès bloqué")
    agent.looks("3-blocked")
    citizen.goes_to("/mon-espace/")
    citizen.is_at("/connexion/")
    refused_sign_in(citizen)
    citizen.looks("4-citizen-refused")
    reference = citizen.page.locator(".reference").inner_text()
    assert ines.journal.get(kind=JournalKind.SIGN_IN_REFUSED).reference == reference

    acts(agent, "Rétablir l’accès", "Rétablir l’accès", "Appareil reconnu par la personne.")
    agent.reads("L’accès est rétabli.")
    citizen.signs_in()
    citizen.goes_to("/mon-espace/activite/")
    citizen.reads(REASON)
    citizen.reads("Appareil reconnu par la personne.")
    citizen.looks("5-citizen-reads-why")


def test_the_pages_of_a_person_on_a_phone(arrives, portal):
    empty = make_citizen(None, birthdate=None, birthdate_text="", street="", postcode="", city="")
    ines = make_citizen()
    live_a_little(ines)
    agent = arrives(width=360, color_scheme="dark")
    agent.enters_as_agent(make_agent())

    agent.goes_to(f"/admin/accounts/personalspace/{empty.space.pk}/change/")
    agent.looks("1-empty")
    agent.goes_to(f"/admin/accounts/personalspace/{ines.space.pk}/change/")
    agent.looks("2-full")
    agent.follows("Corriger")
    agent.types("Code postal", "440")
    agent.presses("Enregistrer la correction")
    agent.looks("3-correct-error")
    agent.types("Code postal", "44100")
    agent.page.get_by_label("Motif").fill("Erreur de frappe signalée par la personne.")
    agent.presses("Enregistrer la correction")
    agent.reads("L’espace est corrigé.")
    agent.page.get_by_role("link", name=re.compile("Renvoyer le courriel")).first.click()
    agent.looks("4-resend")
    agent.page.get_by_label("Motif").fill("La personne ne l’a pas reçu.")
    agent.presses("Renvoyer ce courriel")
    agent.reads("Le courriel va repartir.")
    agent.follows("Commencer l’effacement")
    agent.looks("5-erase")
    assert Email.objects.filter(status=STATUS.queued).count() == 2
