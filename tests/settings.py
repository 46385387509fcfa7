"""The portal's own settings, with an environment of the tests.

Each process takes its own ports, so that several can run the suite side by side.
"""

import os
import random
import socket
import tempfile
from contextlib import suppress

# Below the range from which the system takes ports by itself: they are chosen long before use.
# The system's own source of chance, for pytest-randomly seeds the ordinary one alike everywhere.
PORTS = random.SystemRandom().sample(range(20_000, 32_000), 50)


def free_port() -> int:
    while True:
        port = PORTS.pop()
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


PORTAL_PORT, SIMULATOR_PORT, PLUS_SIMULATOR_PORT = free_port(), free_port(), free_port()
WORK = f"{tempfile.gettempdir()}/espace-citoyens-tests-{os.getpid()}"

os.environ.update(
    SECRET_KEY="tests-only-0123456789abcdefghijklmnopqrstuvwxyz-0123456789",
    SECRET_KEY_FALLBACKS="",
    DEBUG="false",
    BASE_URL=f"http://127.0.0.1:{PORTAL_PORT}",
    CACHE_URL="locmemcache://",
    EMAIL_URL="memorymail://",
    DEFAULT_FROM_EMAIL="Espace Citoyens <portail@rivemont.example>",
    TRUSTED_PROXY_COUNT="0",
    FRANCECONNECT_ISSUER=f"http://127.0.0.1:{SIMULATOR_PORT}/api/v2",
    FRANCECONNECT_CLIENT_ID="portail-de-test",
    FRANCECONNECT_CLIENT_SECRET="secret-de-test-0123456789abcdefghijkl",
    FRANCECONNECT_ACR_VALUES="eidas1",
    FRANCECONNECT_SCOPES="openid identite_pivot preferred_username email",
    FRANCECONNECT_SIGNING_ALG="ES256",
    FRANCECONNECT_TIMEOUT="5",
    FRANCECONNECT_RATE_LIMIT="300/m",
    FRANCECONNECT_SESSION_RATE_LIMIT="30/m",
    FRANCECONNECT_MAX_EXCHANGES="4",
    FRANCECONNECT_BUTTON_ARTWORK="",
    # FranceConnect+ is off unless a test turns it on (see the fixture `plus`).
    FRANCECONNECT_PLUS_ISSUER="",
    OTHER_BASE_URLS="",
    # No data of other administrations unless a test turns them on (see the fixture `data_api`).
    FRANCECONNECT_DATA_SCOPES="",
    API_PARTICULIER_URL="",
    API_PARTICULIER_RECIPIENT="",
    FRANCE_TRAVAIL_URL="",
    DGFIP_URL="",
    ALERT_EMAIL="",
    LOG_FORMAT="text",
    COMMENTED_STATEMENTS="false",
    SENTRY_DSN="",
    BACKUP_FOLDER="",
    BACKUP_RECIPIENT="",
    DJANGO_LIVE_TEST_SERVER_ADDRESS=f"127.0.0.1:{PORTAL_PORT}",
    # Playwright's synchronous interface runs an event loop in the thread of the test.
    DJANGO_ALLOW_ASYNC_UNSAFE="true",
)
os.environ.setdefault("DATABASE_URL", f"sqlite:///{WORK}.sqlite3")

from espace_citoyens.settings import *  # noqa: E402, F403

# Fast, and for tests alone: a real hash costs 35 ms by design.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
if "sqlite" in DATABASES["default"]["ENGINE"]:  # noqa: F405
    # A file, not memory: the live server and the test read it from two threads.
    DATABASES["default"]["TEST"] = {"NAME": f"{WORK}.sqlite3"}  # noqa: F405
# A thread of the live server that a browser keeps waiting would hold its connection, and with it
# the database that the end of the tests removes.
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
