"""With an e-mail and a password: opening a space, coming back, losing the password."""

from accounts.models import User
from tests.accounts.factories import PASSWORD, make_citizen


def test_somebody_opens_a_space_with_an_email(arrives, portal):
    citizen = arrives(width=360)

    citizen.goes_to("/")
    citizen.follows("Je crée mon espace")
    citizen.looks("1-form")
    citizen.presses("Créer mon espace")
    citizen.looks("2-errors")
    for label, value in {
        "Adresse e-mail": "ada.verne@rivemont.example",
        "Mot de passe": PASSWORD,
        "Nom de naissance": "VERNE",
        "Prénoms": "Ada, Marie Lou",
        "Date de naissance": "24/08/1990",
        "Numéro et voie": "3 rue des Tilleuls",
        "Code postal": "44000",
        "Commune": "Rivemont",
    }.items():
        citizen.types(label, value)
    citizen.presses("Créer mon espace")
    citizen.is_at("/verification-adresse/")
    citizen.looks("3-code")
    citizen.types("Code de vérification", "000000")
    citizen.sends()
    citizen.reads("Ce code n’est pas le bon")
    citizen.looks("4-wrong-code")
    citizen.types("Code de vérification", citizen.reads_the_code_mailed())
    citizen.sends()

    citizen.is_at("/mon-espace/")
    citizen.reads("Ada VERNE")
    citizen.looks("5-space")
    assert User.objects.get().space.given_names == ["Ada", "Marie Lou"]


def test_a_lost_password_is_replaced(arrives, portal):
    make_citizen()
    citizen = arrives()

    citizen.goes_to("/")
    citizen.follows("Mot de passe oublié ?")
    citizen.looks("1-ask")
    citizen.types("Identifiant", "ines.perrer@rivemont.example")
    citizen.sends()
    citizen.looks("2-code")
    citizen.types("Code de vérification", citizen.reads_the_code_mailed())
    citizen.sends()
    citizen.looks("3-new")
    citizen.types("Nouveau mot de passe", "une nouvelle phrase secrète")
    citizen.sends()
    citizen.looks("4-done")

    citizen.goes_to("/connexion/")
    citizen.types("Identifiant", "ines.perrer@rivemont.example")
    citizen.types("Mot de passe", "une nouvelle phrase secrète")
    citizen.presses("Se connecter")
    citizen.is_at("/mon-espace/")
