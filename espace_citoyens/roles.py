"""Roles of agents: every right there is, in words, and what the roles of a new town are for.

Which rights each of them starts with: the migration that makes them.
"""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

# Every right that opens something in the admin. A role holds no other.
RIGHTS = {
    "Personnes": {
        "accounts.view_personalspace": "Chercher une personne et ouvrir son dossier",
        "accounts.check_identity": "Vérifier une identité au guichet",
        "accounts.give_counter_code": "Remettre un code d’accès",
        "accounts.resend_mail": "Renvoyer un courriel",
        "accounts.end_sessions": "Fermer les sessions d’une personne",
        "accounts.correct_space": "Corriger un dossier",
        "accounts.block_space": "Bloquer et débloquer un accès",
        "accounts.erase_space": "Commencer l’effacement d’un espace",
    },
    "Doublons": {
        "accounts.view_duplicate": "Voir les doublons possibles",
        "accounts.merge_spaces": "Écarter un doublon, réunir deux espaces",
    },
    "Protection des données": {
        "accounts.view_journalentry": "Lire le journal de sécurité",
        "accounts.export_spaces": "Exporter une liste de personnes",
    },
    "Portail": {
        "espace_citoyens.view_dashboard": "Lire le tableau de bord",
        "espace_citoyens.view_town": "Voir l’identité de la ville",
        "espace_citoyens.change_town": "Modifier l’identité et les textes de la ville",
        "franceconnect.view_activation": "Voir les réglages de FranceConnect",
        "franceconnect.change_activation": "Activer ou suspendre FranceConnect",
    },
    "Agents": {
        "accounts.view_user": "Voir les comptes des agents",
        "accounts.add_user": "Inviter un agent",
        "accounts.change_user": "Modifier ou désactiver le compte d’un agent",
        "accounts.recover_agent": "Rétablir l’accès d’un agent",
    },
}
WORDS = {name: words for group in RIGHTS.values() for name, words in group.items()}


# What the four roles are for; a town changes their rights, and makes others, as it likes.
PURPOSES = {
    "accueil": "Trouver une personne au guichet, vérifier son identité, lui rendre l’accès.",
    "instruction": (
        "Tenir les dossiers justes : corriger, réunir les doublons, bloquer un accès suspect."
    ),
    "administration du portail": (
        "Régler les textes, FranceConnect et les comptes des agents, sans voir les habitants."
    ),
    "délégué à la protection des données": (
        "Contrôler : lire le journal, exporter, faire effacer ; ne rien modifier d’autre."
    ),
}


def permissions_named(names) -> QuerySet[Permission]:
    """The permissions that these rights are, each written `app.codename`."""
    wanted = Q(pk__in=[])
    for name in names:
        app, codename = name.split(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    return Permission.objects.filter(wanted)


def names_of(role: Group) -> list[str]:
    """The rights of this role, each written `app.codename`, in the order of the list."""
    held = {f"{p.content_type.app_label}.{p.codename}" for p in role.permissions.all()}
    return [name for name in WORDS if name in held]


def rights_of(role: Group) -> list[str]:
    """The rights of this role in words, in the same order."""
    return [WORDS[name] for name in names_of(role)]
