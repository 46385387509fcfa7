"""The simulator as a separate process on loopback, for any test that needs a FranceConnect."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

PROJECT = Path(__file__).parents[2]
PATIENCE = 10
TIMEOUT = 10
SECRET = "un-secret-de-test-sans-valeur-0123456789"
PORTAL = "http://127.0.0.1:8000/franceconnect"
PORTAL_PLUS = "http://127.0.0.1:8000/franceconnect-plus"
IMPOTS = "8dfc4080-c90d-4234-969b-f6c961de3e90"
LA_POSTE_PLUS = "87e69e8d-dc70-40c7-9d9f-48a7a33d6dfd"  # eidas2
FRANCE_IDENTITE_PLUS = "eda17ef8-55a2-45b6-bf3f-e2406240949c"  # eidas3
USUAL_PROVIDER = {"low": IMPOTS, "high": LA_POSTE_PLUS}


def default_client(**changes: Any) -> dict[str, Any]:
    """A service as a clients file describes it, with the portal's promised addresses."""
    return {
        "client_id": "espace-citoyens-test",
        "client_secret": SECRET,
        "service_name": "Espace Citoyens",
        "redirect_uris": [f"{PORTAL}/callback/"],
        "post_logout_redirect_uris": [f"{PORTAL}/logout-callback/"],
    } | changes


def default_plus_client(**changes: Any) -> dict[str, Any]:
    """The same at FranceConnect+; give ``jwks`` instead of ``jwks_uri`` when no portal runs."""
    return (
        default_client(
            client_id="espace-citoyens-plus-test",
            redirect_uris=[f"{PORTAL_PLUS}/callback/"],
            post_logout_redirect_uris=[f"{PORTAL_PLUS}/logout-callback/"],
            jwks_uri=f"{PORTAL_PLUS}/jwks/",
        )
        | changes
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class SimulatorProcess:
    """One running simulator. ``start`` returns it, ready; ``stop`` ends it cleanly."""

    def __init__(
        self,
        process: subprocess.Popen,
        port: int,
        folder: tempfile.TemporaryDirectory,
        platform: str,
    ):
        self.process = process
        self.platform = platform
        self.url = f"http://127.0.0.1:{port}"
        self.issuer = f"{self.url}/api/v2"
        self.mail_folder = Path(folder.name) / "mails"
        self.log = Path(folder.name) / "log.txt"
        self._folder = folder

    @classmethod
    def start(
        cls,
        *,
        clients: list[dict[str, Any]] | None = None,
        people: list[dict[str, Any]] | None = None,
        control: bool = True,
        port: int | None = None,
        platform: str = "low",
    ) -> "SimulatorProcess":
        """Start on this port, or a free one, and wait until it answers.

        ``clients`` and ``people`` are what the JSON files hold; without clients, the one of
        ``default_client``, or of ``default_plus_client`` for the platform ``high``. Raises
        ``RuntimeError`` with the simulator's words if it stops.
        """
        folder = tempfile.TemporaryDirectory(prefix="simulator-")
        port = port or free_port()
        command = [sys.executable, "-m", "franceconnect.simulator", "--port", str(port)]
        command += ["--platform", platform]
        usual_client = default_client if platform == "low" else default_plus_client
        command += ["--clients", _write_json(folder, "clients", clients or [usual_client()])]
        command += ["--mail-folder", str(Path(folder.name) / "mails")]
        if people:
            command += ["--people", _write_json(folder, "people", people)]
        if control:
            command.append("--control")
        with (Path(folder.name) / "log.txt").open("w") as log:
            process = subprocess.Popen(
                command, cwd=PROJECT, env=clean_environment(), stdout=log, stderr=log
            )
        simulator = cls(process, port, folder, platform)
        simulator._wait()
        return simulator

    def _wait(self) -> None:
        """Ready once it has said its address (so the port is its own) and answers there."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.issuer in self.log.read_text():
                requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=TIMEOUT)
                return
            time.sleep(0.05)
        words = self.log.read_text()
        self.stop()
        raise RuntimeError(f"the simulator did not start: {words}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._folder.cleanup()

    def control(self, *faults: dict[str, Any], **orders: Any) -> dict[str, Any]:
        """Queue faults and give orders (``clock=31``, ``jwks={"keys": […]}``…); the new state."""
        return self._order(self.url + "/_control/", {"faults": list(faults), **orders})

    def put_person(self, **entry: Any) -> None:
        """Add or replace a person while the simulator runs."""
        self._order(self.url + "/_control/person", entry)

    def _order(self, url: str, document: dict[str, Any]) -> dict[str, Any]:
        response = requests.post(url, json=document, timeout=TIMEOUT)
        if response.status_code != 200:
            raise ValueError(response.text)
        return response.json()

    def calls(self) -> dict[str, int]:
        """Requests since the last reset, as ``{"POST /api/v2/token": 1}``."""
        return requests.get(f"{self.url}/_control/", timeout=TIMEOUT).json()["calls"]

    def mails(self) -> list[dict[str, str]]:
        """The alert mails, latest first: recipient, subject, text."""
        return requests.get(f"{self.url}/_control/mails", timeout=TIMEOUT).json()["mails"]

    def reset(self) -> None:
        """Forget faults, calls, sessions, mails, people and services' keys; its own stay."""
        requests.delete(f"{self.url}/_control/", timeout=TIMEOUT)

    def sign_in(
        self, browser: requests.Session, authorize_url: str, login: str = "test", provider: str = ""
    ) -> str:
        """Go through every page as a citizen would; the callback address, not followed.

        ``provider`` is the uid of a tile of the chooser. With single sign-on the pages of the
        provider are skipped, as they are for citizens.
        """
        page = browser.get(authorize_url, timeout=TIMEOUT)
        if "/consent" not in page.url:
            uid = provider or USUAL_PROVIDER[self.platform]
            page = self.send_form(browser, page, "redirect-to-idp", providerUid=uid)
            state = parse_qs(urlsplit(page.url).query)["state"][0]
            form = {"login": login, "password": "123", "state": state}
            page = browser.post(page.url, data=form, timeout=TIMEOUT)
        return self.confirm(browser, page)

    def confirm(self, browser: requests.Session, page: requests.Response) -> str:
        """Press “Continuer sur …”; the address of the service's callback, not followed."""
        form = {"csrfToken": csrf_token(page)}
        answer = browser.post(
            f"{self.issuer}/login", data=form, timeout=TIMEOUT, allow_redirects=False
        )
        end = urljoin(self.issuer, answer.headers["Location"])
        return browser.get(end, timeout=TIMEOUT, allow_redirects=False).headers["Location"]

    def send_form(
        self, browser: requests.Session, page: requests.Response, path: str, **fields: str
    ) -> requests.Response:
        """Send a form of the page to ``/api/v2/{path}``, with the page's ``csrfToken``."""
        form = {"csrfToken": csrf_token(page), **fields}
        return browser.post(f"{self.issuer}/{path}", data=form, timeout=TIMEOUT)


def csrf_token(page: requests.Response) -> str:
    return page.text.split('name="csrfToken" value="')[1].split('"')[0]


def clean_environment(**changes: str) -> dict[str, str]:
    """This environment without what would configure the simulator or the portal."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FRANCECONNECT_")
        and name not in ("BASE_URL", "DJANGO_SETTINGS_MODULE")
    }
    return kept | changes


def _write_json(folder: tempfile.TemporaryDirectory, name: str, document: list) -> str:
    path = Path(folder.name) / f"{name}.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)
