"""An OpenID provider that nobody here wrote, as a separate process on loopback.

npm's `oidc-provider`, the engine of FranceConnect: `provider.mjs` only configures it.
"""

import json
import re
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import requests

from tests.franceconnect.fixtures import CLIENT, INES
from tests.settings import free_port

FOLDER = Path(__file__).parent
PATIENCE = 20
TIMEOUT = 10
FORM = re.compile(r'<form[^>]* action="([^"]+)">(.*?)</form>', re.S)
HIDDEN_FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


# What is certified of its resident: Ines, who has no usual name, like most people.
CLAIMS = {name: value for name, value in INES.items() if name != "login"} | {"given_name": "Ines"}


@contextmanager
def running_provider(*, level: str, signing_alg: str = "ES256", **metadata):
    """A provider that knows the portal; `metadata` adds to, or replaces, that of its client."""
    client = {name: value for name, value in CLIENT.items() if name != "service_name"} | metadata
    provider = ThirdPartyProvider(
        level=level, signing_alg=signing_alg, client=client, person=CLAIMS
    )
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()


class ThirdPartyProvider:
    """One provider, on one port for life: a restart changes its keys, never its issuer.

    `settings` are those of `provider.mjs`, without the port. Its pages are gone through with
    requests, by the names that `Traveller` knows of the simulator.
    """

    def __init__(self, **settings):
        self.settings = settings | {"port": free_port()}
        self.url = f"http://127.0.0.1:{self.settings['port']}"
        self.issuer = f"{self.url}/api/v2"
        self._process = None

    def start(self) -> None:
        """Start, and wait until it answers. Raises RuntimeError with what to do, or its words."""
        with tempfile.TemporaryFile("w+") as words:
            self._process = subprocess.Popen(
                [_node(), "provider.mjs", json.dumps(self.settings)],
                cwd=FOLDER,
                stdin=subprocess.PIPE,
                stdout=words,
                stderr=words,
            )
            if not self._is_ready():
                self.stop()
                words.seek(0)
                raise RuntimeError(f"Le fournisseur OpenID n’a pas démarré :\n{words.read()}")

    def _is_ready(self) -> bool:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.get("/jwks")
            except requests.ConnectionError:
                time.sleep(0.05)
            else:
                return True
        return False

    def stop(self) -> None:
        """End the process, if it runs."""
        if self._process is None:
            return
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self) -> None:
        """As after a ceremony of keys: none of the former ones signs or is published any more."""
        self.stop()
        self.start()

    def get(self, path: str) -> dict:
        """A JSON document of the provider, under its issuer."""
        return requests.get(self.issuer + path, timeout=TIMEOUT).json()

    def sign_in(self, browser: requests.Session, authorize_url: str, login: str = "") -> str:
        """Identify at the provider; the callback address, not followed.

        It has one resident, so `login` changes nothing; and asks nothing of whoever has a session.
        """
        return self._go_through(browser, authorize_url, form=0)

    def asks_who_is_there(self, browser: requests.Session, authorize_url: str) -> bool:
        """Whether a page is shown to this browser: not under single sign-on."""
        answer = browser.get(authorize_url, timeout=TIMEOUT, allow_redirects=False)
        return f"{self.issuer}/interaction/" in urljoin(answer.url, answer.headers["Location"])

    def turn_back(self, browser: requests.Session, authorize_url: str) -> str:
        """Give up on the provider's page; the callback address, not followed."""
        return self._go_through(browser, authorize_url, form=1)

    def sign_out(self, browser: requests.Session, end_session_url: str) -> str:
        """Confirm the end of the provider's session; the return address, not followed."""
        return self._go_through(browser, end_session_url, form=0, logout="yes")

    def _go_through(self, browser, url: str, *, form: int, **fields: str) -> str:
        """Follow the provider's redirections and send that form of its page, up to a way out."""
        answer = browser.get(url, timeout=TIMEOUT, allow_redirects=False)
        while True:
            if "Location" in answer.headers:
                url = urljoin(answer.url, answer.headers["Location"])
                if not url.startswith(f"{self.url}/"):
                    return url
                answer = browser.get(url, timeout=TIMEOUT, allow_redirects=False)
                continue
            forms = FORM.findall(answer.text)
            assert forms, f"{answer.status_code} {answer.text}"
            action, content = forms[form]
            answer = browser.post(
                urljoin(answer.url, action),
                data=dict(HIDDEN_FIELD.findall(content)) | fields,
                timeout=TIMEOUT,
                allow_redirects=False,
            )


def _node() -> str:
    """The path of Node. Raises RuntimeError with what to install."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        raise RuntimeError(
            "Il manque Node ou le fournisseur OpenID des tests : lancez "
            "« .ci/install-node tests/third_party », puis recommencez."
        )
    return node
