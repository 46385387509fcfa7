"""A page asks for a datum: the citizen agrees at FranceConnect, sees what came, decides."""

import pytest

from tests.franceconnect.data_journey import PAGE, WHY

pytestmark = pytest.mark.urls("tests.franceconnect.data_page")


def test_a_parent_has_the_quotient_fetched_then_types_what_did_not_come(arrives, data_api):
    citizen = arrives(width=360, color_scheme="dark")
    citizen.goes_to("/")
    citizen.identifies("quotient_caf")
    citizen.presses("Je crée mon espace")

    citizen.goes_to(f"{PAGE}?noms=quotient_familial,enfants,revenu_solidarite_active")
    citizen.follows("Demander à l’administration")
    citizen.reads(WHY)
    citizen.looks("1-asked")
    citizen.presses_franceconnect()
    citizen.confirms()
    citizen.is_at("/franceconnect/donnees/recues/")
    citizen.reads("735")
    citizen.reads("Revenu de solidarité active (RSA) : pas reçu.")
    citizen.looks("2-received")
    citizen.presses("Utiliser ces données")
    citizen.is_at(PAGE)
    citizen.reads("Lise TREVENEC")

    citizen.goes_to(f"{PAGE}?noms=revenu_fiscal_reference")
    citizen.follows("Demander à l’administration")
    citizen.presses_franceconnect()
    citizen.confirms()
    citizen.reads("Rien n’a pu être reçu")
    citizen.looks("3-nothing")
    citizen.presses("Les saisir moi-même")
    citizen.reads("Saisie à la main.")
