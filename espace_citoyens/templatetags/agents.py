from dataclasses import dataclass

from django import template
from django.urls import NoReverseMatch, reverse

register = template.Library()


@dataclass(frozen=True)
class Tile:
    """A way in from the agents' first page: opened by any one of its rights, or by every agent."""

    title: str
    purpose: str
    url_name: str
    rights: tuple[str, ...] = ()
    icon: str = "arrow"

    def is_open_to(self, agent) -> bool:
        return not self.rights or any(map(agent.has_perm, self.rights))

    @property
    def url(self) -> str | None:
        """Its address; None in a portal that does not have this page."""
        try:
            return reverse(f"admin:{self.url_name}")
        except NoReverseMatch:
            return None


TILES = [
    Tile(
        "Chercher une personne",
        "Trouver son espace, l’aider au guichet.",
        "accounts_personalspace_changelist",
        ("accounts.view_personalspace",),
        "person",
    ),
    Tile(
        "Codes d’accès à confirmer",
        "Remettre, à deux, l’accès à un espace mieux protégé.",
        "accounts_countercoderequest_changelist",
        ("accounts.give_counter_code",),
        "key",
    ),
    Tile(
        "Doublons",
        "Comparer les espaces qui se ressemblent.",
        "accounts_duplicate_changelist",
        ("accounts.view_duplicate",),
        "link",
    ),
    Tile(
        "FranceConnect",
        "Activer, suspendre, vérifier les réglages.",
        "franceconnect_activation_changelist",
        ("franceconnect.view_activation", "franceconnect.change_activation"),
        "shield",
    ),
    Tile(
        "La ville",
        "Nom, logo, couleurs, contacts, textes, messages.",
        "espace_citoyens_town_changelist",
        ("espace_citoyens.view_town", "espace_citoyens.change_town"),
        "home",
    ),
    Tile(
        "Tableau de bord",
        "Espaces créés, connexions, refus, courriels.",
        "espace_citoyens_dashboard",
        ("espace_citoyens.view_dashboard",),
        "clock",
    ),
    Tile(
        "Agents",
        "Inviter un collègue, choisir ses qualités.",
        "accounts_user_changelist",
        ("accounts.view_user", "accounts.change_user"),
        "key",
    ),
    Tile("Qualités", "Lire ce que chaque qualité permet.", "auth_group_changelist", (), "info"),
    Tile(
        "Journal",
        "Chercher ce qui s’est passé, et quand.",
        "accounts_journalentry_changelist",
        ("accounts.view_journalentry",),
        "history",
    ),
    Tile(
        "Export",
        "Une liste de personnes, avec son motif.",
        "accounts_personalspace_export",
        ("accounts.export_spaces",),
        "mail",
    ),
]


@register.simple_tag(takes_context=True)
def agent_tiles(context) -> list[Tile]:
    """The pages that this agent may open: `{% agent_tiles as tiles %}`."""
    agent = context["request"].user
    return [tile for tile in TILES if tile.is_open_to(agent) and tile.url]
