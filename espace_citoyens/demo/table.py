"""What the demonstration prints once it is ready."""

import shutil
import textwrap
from collections.abc import Sequence

from espace_citoyens.demo.environment import Demo
from espace_citoyens.demo.people import (
    AGENT_CODES,
    AGENT_EMAIL,
    FRANCECONNECT_PASSWORD,
    PASSWORD,
    DemoPerson,
)

HEADINGS = ("Personne", "FranceConnect", "E-mail de connexion", "Ce que cela montre")
NARROWEST_TEXT = 30


def welcome(demo: Demo, people: Sequence[DemoPerson]) -> str:
    """The addresses, the people, the passwords and how to stop."""
    rows = [
        (
            person.name,
            person.franceconnect.get("login", "—"),
            person.login_email or "—",
            person.shows,
        )
        for person in people
    ]
    agent = ("Agent", "—", AGENT_EMAIL, f"L’administration : {demo.portal_url}/admin/")
    return f"""
Ville de Rivemont : la démonstration est prête. Ville, personnes et données sont fictives.

  Portail                       {demo.portal_url}/
  Simulateur de FranceConnect   {demo.simulator_url}/
  Simulateur de FranceConnect+  {demo.simulator_plus_url}/
  Un autre service public       {demo.simulator_url}/autre-service/
  Courriels envoyés             {demo.mailbox_url}/

{aligned([HEADINGS, *rows, agent])}

  Mot de passe des espaces et de l’agent : {PASSWORD}
  Mot de passe chez FranceConnect :        {FRANCECONNECT_PASSWORD}
  Second code de l’agent :                 {AGENT_CODES[0]}, puis {AGENT_CODES[1]}… : un seul usage

Données : {demo.folder}
Ctrl-C arrête tout ; « make demo » retrouve les données, « make demo-reset » les efface.
"""


def aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """`rows` in columns; the last one is wrapped to the width of the terminal."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    indent = 2 + sum(width + 2 for width in widths)
    text_width = max(NARROWEST_TEXT, shutil.get_terminal_size((120, 24)).columns - indent)
    lines = []
    for *cells, text in rows:
        first, *others = textwrap.wrap(text, text_width)
        start = "".join(f"{cell:<{width}}  " for cell, width in zip(cells, widths, strict=True))
        lines += [f"  {start}{first}", *(" " * indent + line for line in others)]
    return "\n".join(lines)
