import json
import signal
import subprocess
import sys
import time

import pytest
import requests

from tests.simulator.process import (
    PROJECT,
    TIMEOUT,
    SimulatorProcess,
    clean_environment,
    default_client,
    default_plus_client,
    free_port,
)


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "franceconnect.simulator", *arguments],
        cwd=PROJECT,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


@pytest.mark.parametrize("base_url", ["https://127.0.0.1:8000", "http://ville.example"])
def test_refuses_to_run_beside_a_production_portal(base_url):
    result = run(BASE_URL=base_url)

    assert result.returncode == 1
    assert "ne démarre pas à côté d’un portail de production" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_busy_port_gives_one_clear_message(simulator):
    port = simulator.url.rsplit(":", 1)[1]

    result = run("--port", port)

    assert result.returncode == 1
    assert f"Le port {port} de 127.0.0.1 est déjà pris." in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_broken_clients_file_gives_one_clear_message(tmp_path):
    path = tmp_path / "clients.json"
    path.write_text("{")

    result = run("--clients", str(path))

    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "change",
    [{"client_secret": "court"}, {"signing_alg": "HS256"}, {"scopes": ["inconnue"]}, {"autre": 1}],
)
def test_an_unusable_client_is_refused(tmp_path, change):
    path = tmp_path / "clients.json"
    path.write_text(json.dumps([default_client(**change)]))

    result = run("--clients", str(path))

    assert result.returncode == 1
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"signing_alg": "RS256"}, "ES256"),
        ({"jwks_uri": ""}, "jwks_uri"),
        ({"scopes": ["openid", "idp_birthdate"]}, "idp_birthdate"),
        ({"scopes": ["openid", "cnaf_enfants"]}, "cnaf_enfants"),
    ],
)
def test_franceconnect_plus_refuses_a_client_it_cannot_serve(tmp_path, change, word):
    path = tmp_path / "clients.json"
    path.write_text(json.dumps([default_plus_client(**change)]))

    result = run("--platform", "high", "--clients", str(path))

    assert result.returncode == 1
    assert word in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_an_unknown_platform_is_refused():
    result = run(FRANCECONNECT_SIMULATOR_PLATFORM="moyenne")

    assert result.returncode == 1
    assert "La plateforme «\u00a0moyenne\u00a0» n’existe pas." in result.stderr


def test_an_unusable_person_is_refused(tmp_path):
    path = tmp_path / "people.json"
    path.write_text('[{"login": "x", "gender": "autre"}]')

    result = run("--people", str(path))

    assert result.returncode == 1
    assert "birthdate" in result.stderr
    assert "gender" in result.stderr


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly_when_asked(sent):
    simulator = SimulatorProcess.start()
    simulator.process.send_signal(sent)

    assert simulator.process.wait(10) == 0
    assert "Traceback" not in simulator.log.read_text()
    simulator.stop()


def test_environment_configures_the_default_client_and_a_secret_is_made_up(tmp_path):
    port = free_port()
    log = tmp_path / "log"
    environment = clean_environment(
        FRANCECONNECT_SIMULATOR_PORT=str(port),
        FRANCECONNECT_SIMULATOR_SERVICE_NAME="Ville d’essai",
        FRANCECONNECT_SIMULATOR_REDIRECT_URI="http://127.0.0.1:9/a/ http://127.0.0.1:9/b/",
    )
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "franceconnect.simulator"],
            cwd=PROJECT,
            env=environment,
            stdout=output,
        )
    try:
        page = _first_page(f"http://127.0.0.1:{port}/")
    finally:
        process.terminate()
        process.wait(10)

    secret = log.read_text().split("Secret généré pour espace-citoyens-demo")[1].split()[-1]
    assert "Ville d’essai" in page
    assert "http://127.0.0.1:9/b/" in page
    assert len(secret) >= 32
    assert secret not in page


def test_environment_makes_it_franceconnect_plus_for_the_portal_beside_it(tmp_path):
    port = free_port()
    environment = clean_environment(
        FRANCECONNECT_SIMULATOR_PORT=str(port), FRANCECONNECT_SIMULATOR_PLATFORM="high"
    )
    with (tmp_path / "log").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "franceconnect.simulator"],
            cwd=PROJECT,
            env=environment,
            stdout=output,
        )
    try:
        page = _first_page(f"http://127.0.0.1:{port}/")
    finally:
        process.terminate()
        process.wait(10)

    for path in ("callback/", "logout-callback/", "jwks/"):
        assert f"http://127.0.0.1:8000/franceconnect-plus/{path}" in page
    assert "Simulateur de FranceConnect+\u00a0:" in (tmp_path / "log").read_text()


def _first_page(url):
    for _ in range(100):
        try:
            return requests.get(url, timeout=TIMEOUT).text
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError("no answer")


COMMAND = """
import sys
from django.conf import settings
settings.configure(BASE_URL={base_url!r})
from franceconnect.management.commands.franceconnect_simulator import Command
Command().run_from_argv(["manage.py", "franceconnect_simulator", "--settings=x", "--help"])
"""


def test_management_command_becomes_the_simulator_with_its_own_options():
    result = subprocess.run(
        [sys.executable, "-c", COMMAND.format(base_url="http://127.0.0.1:8000")],
        cwd=PROJECT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )

    assert result.returncode == 0
    assert "--mail-folder" in result.stdout


def test_management_command_refuses_the_portals_production_settings():
    result = subprocess.run(
        [sys.executable, "-c", COMMAND.format(base_url="https://ville.example")],
        cwd=PROJECT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )

    assert result.returncode == 1
    assert "portail de production" in result.stderr
