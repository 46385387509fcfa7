"""What every test shares: people, a queue of mail, a clean cache."""

import pytest
from django.core.cache import cache
from post_office.models import Email

from franceconnect import exchange
from tests.accounts.factories import make_agent, make_citizen

# Imported once, here: a session has one simulator, on the port that the settings name.
from tests.franceconnect.fixtures import (  # noqa: F401
    another_traveller,
    link_of,
    plus,
    plus_traveller,
    running_plus_simulator,
    running_simulator,
    simulator,
    traveller,
)


@pytest.fixture(autouse=True)
def _clean_cache():
    cache.clear()


@pytest.fixture(autouse=True)
def _no_connection_left():
    """Connections are kept alive: a test's own server is not there any more for the next one."""
    yield
    exchange._http.close()


@pytest.fixture(autouse=True)
def _queued_mail(settings):
    """Django's test runner would deliver at once; the portal queues, so the tests do."""
    settings.EMAIL_BACKEND = "accounts.mail_queue.QueueBackend"


@pytest.fixture
def citizen(db):
    """Ines, who has a space, a verified login e-mail and a password."""
    return make_citizen()


@pytest.fixture
def stranger(db):
    """Somebody else with a space."""
    return make_citizen("autre@rivemont.example", birth_family_name="ROUSSET")


@pytest.fixture
def agent(db):
    return make_agent()


@pytest.fixture
def mails(db):
    """The mails queued so far, oldest first: `mails()`."""
    return lambda: list(Email.objects.order_by("pk"))
