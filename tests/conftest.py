"""What every test shares: people, a queue of mail, a clean cache."""

import pytest
from django.core.cache import cache
from django.db import connection
from post_office.models import Email

from franceconnect import exchange
from tests.accounts.factories import make_agent, make_citizen

# Imported once, here: a session has one simulator, on the port that the settings name.
from tests.franceconnect.fixtures import (  # noqa: F401
    another_traveller,
    asker,
    data_api,
    link_of,
    plus,
    plus_traveller,
    running_plus_simulator,
    running_simulator,
    simulator,
    traveller,
)

# The live server has a thread for each connection that a browser keeps open, and such a thread can
# hold one to the database: Django's test client switches off, for every thread at once, the signal
# that closes them. PostgreSQL would refuse to remove the database at the end.
OTHER_SESSIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}


def is_for_this_database(item) -> bool:
    """The suite runs twice: what one database alone can show, or none at all, runs once.

    Journeys in a browser run on PostgreSQL, as towns do: `make test` leaves them out on SQLite.
    """
    if connection.vendor != "postgresql":
        return item.get_closest_marker("postgresql") is None
    uses_one = item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(item.fixturenames)
    return bool(uses_one or item.get_closest_marker("browser"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """The tests of another database are not there: none is ever skipped."""
    left_out = [item for item in items if not is_for_this_database(item)]
    items[:] = [item for item in items if is_for_this_database(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The test database, which nobody uses any more when its removal comes."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(OTHER_SESSIONS)


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
