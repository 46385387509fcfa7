"""The agents' first page: few ways in, those of each agent."""

import re

import pytest
from django.test import Client

from tests.accounts.agents import make_agent_with, sign_in_agent


def titles(*rights) -> list[str]:
    client = sign_in_agent(Client(), make_agent_with(*rights))
    return re.findall(r"<strong>([^<]+)</strong>\s*<span class=\"agents-tiles", page_of(client))


def page_of(client) -> str:
    return client.get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("right", "title"),
    [
        ("accounts.view_personalspace", "Chercher une personne"),
        ("espace_citoyens.view_town", "La ville"),
        ("espace_citoyens.change_town", "La ville"),
        ("espace_citoyens.view_dashboard", "Tableau de bord"),
        ("accounts.view_user", "Agents"),
        ("accounts.view_journalentry", "Journal"),
    ],
)
def test_an_agent_sees_the_ways_in_that_their_rights_open(db, right, title):
    assert sorted(titles(right)) == sorted([title, "Qualités"])


def test_every_way_in_opens(db, agent):
    client = sign_in_agent(Client(), agent)
    addresses = re.findall(r'<li>\s*<a href="([^"]+)">', page_of(client))

    assert len(addresses) >= 6
    assert [client.get(address).status_code for address in addresses] == [200] * len(addresses)


def test_there_is_nothing_to_browse(db, agent):
    page = page_of(sign_in_agent(Client(), agent))

    assert "recent-actions" not in page
    assert "app-list" not in page
    assert 'class="module' not in page


def test_every_page_names_the_town(db, agent):
    client = sign_in_agent(Client(), agent)

    for address in ("/admin/", "/admin/accounts/personalspace/"):
        page = client.get(address).content.decode()
        assert "Votre ville" in page
        assert "Espace Citoyens, côté agents" in page
