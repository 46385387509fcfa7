"""`python -m espace_citoyens.probe`: is the web server of this container alive? (exit status)"""

import http.client
import os
import sys
from contextlib import closing, suppress
from urllib.parse import urlsplit

PORT = 8000


def main() -> int:
    """0 when `/health/live/` answers 200 on this machine within three seconds, 1 otherwise."""
    # The portal answers under its own name alone.
    headers = {"Host": urlsplit(os.environ.get("BASE_URL", "")).netloc or f"127.0.0.1:{PORT}"}
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=3)
        with closing(connection):
            connection.request("GET", "/health/live/", headers=headers)
            with closing(connection.getresponse()) as response:
                return 0 if response.status == 200 else 1
    return 1


if __name__ == "__main__":
    sys.exit(main())
