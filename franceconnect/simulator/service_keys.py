"""The encryption keys of services: from the clients file, from a test, or from their address."""

import json
from typing import Any

import requests

from franceconnect.simulator.clock import Clock
from franceconnect.simulator.configuration import OTHER_SERVICE_ID, Client
from franceconnect.simulator.encryption import EncryptionKey, UnusableKeySet, choose_key
from franceconnect.simulator.platforms import MINUTE
from franceconnect.simulator.store import ExpiringStore

TIMEOUT = 3
LARGEST_SET = 64 * 1024
NOT_REFRESHED = "client JSON Web Key Set failed to be refreshed"


class ServiceKeys:
    """What each service published, fetched at most once a minute."""

    def __init__(self, clock: Clock):
        self._fetched: ExpiringStore[dict] = ExpiringStore(clock, lifetime=MINUTE)
        self._replacement: dict | None = None

    def replace(self, key_set: dict | None) -> None:
        """From now on, this set for every service; None: each one's own, fetched anew."""
        if key_set is not None and not isinstance(key_set, dict):
            raise TypeError("'jwks' must be a JSON object, or null for the services' own keys")
        self.clear()
        self._replacement = key_set

    def clear(self) -> None:
        self._replacement = None
        self._fetched.clear()

    def key_of(self, client: Client) -> EncryptionKey:
        """The key to encrypt with for this service; raises ``UnusableKeySet``."""
        if self._replacement is not None and client.client_id != OTHER_SERVICE_ID:
            return choose_key(self._replacement)
        if client.jwks is not None:
            return choose_key(client.jwks)
        known = self._fetched.get(client.jwks_uri)
        return choose_key(known or self._fetched.put(client.jwks_uri, fetch(client.jwks_uri)))


def fetch(url: str) -> dict[str, Any]:
    """The JSON object at this address, asked without proxy nor redirection."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(url, timeout=TIMEOUT, allow_redirects=False, stream=True)
            if answer.status_code != requests.codes.ok:
                raise UnusableKeySet(f"{NOT_REFRESHED} (status {answer.status_code})")
            document = json.loads(_read_body(answer))
    except (requests.RequestException, ValueError, RecursionError) as error:
        raise UnusableKeySet(f"{NOT_REFRESHED} ({type(error).__name__})") from error
    if not isinstance(document, dict):
        raise UnusableKeySet("client JSON Web Key Set is invalid")
    return document


def _read_body(answer: requests.Response) -> bytes:
    body = b""
    for chunk in answer.iter_content(8192):
        body += chunk
        if len(body) > LARGEST_SET:
            raise UnusableKeySet(f"{NOT_REFRESHED} (too large)")
    return body
