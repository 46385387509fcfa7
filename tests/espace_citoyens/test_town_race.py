"""Two agents who publish at the same moment."""

import pytest

from accounts.models import JournalEntry
from espace_citoyens.models import Town
from espace_citoyens.town import Draft, PublishedMeanwhile, publish
from tests.accounts.factories import make_agent
from tests.franceconnect.test_concurrency import at_once


@pytest.mark.django_db(transaction=True)
def test_one_of_two_agents_publishes_and_the_other_is_told():
    agents = [make_agent(f"agent{number}@rivemont.example") for number in range(2)]
    drafts = [Draft(town=Town(pk=1, name=name), version=0) for name in ("Une", "Autre")]

    results = at_once(
        lambda: publish(drafts[0], agent=agents[0]), lambda: publish(drafts[1], agent=agents[1])
    )

    assert sorted(map(type, results), key=str) == sorted([type(None), PublishedMeanwhile], key=str)
    assert Town.objects.get().version == 1
    assert JournalEntry.objects.count() == 1
