"""The compose file and the image, as the real Compose reads them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from espace_citoyens import probe

ROOT = Path(__file__).parents[2]
COMPOSE = Path(sys.executable).parent / "docker-compose"
NEEDED = {
    "DOMAINE": "espace.rivemont.example",
    "EMAIL_URL": "smtp+tls://portail:secret@courrier.rivemont.example:587",
    "DEFAULT_FROM_EMAIL": "portail@rivemont.example",
}


def read(tmp_path, **environment):
    """What Compose makes of the file, beside no `.env`."""
    command = [COMPOSE, "--file", ROOT / "docker-compose.yml", "--env-file", "/dev/null"]
    return subprocess.run(
        [*command, "config", "--format", "json"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def services(tmp_path):
    answer = read(tmp_path, **NEEDED)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)["services"]


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_missing_is_named_in_french(tmp_path, name):
    answer = read(tmp_path, **{key: value for key, value in NEEDED.items() if key != name})

    assert answer.returncode != 0
    assert f"Donnez {name} dans" in answer.stderr


def test_the_proxy_alone_is_published(services):
    assert [name for name, service in services.items() if service.get("ports")] == ["proxy"]
    assert set(services["db"]["networks"]) == set(services["cache"]["networks"]) == {"back"}


def test_every_service_gives_up_what_it_does_not_need(services):
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["logging"]["options"]["max-size"], name
        assert service["deploy"]["resources"]["limits"]["memory"], name
        assert service["restart"] in ("unless-stopped", "on-failure"), name


def test_what_serves_waits_for_the_migrations(services):
    for name in ("web", "worker"):
        conditions = {
            key: value["condition"] for key, value in services[name]["depends_on"].items()
        }
        assert conditions == {
            "migrate": "service_completed_successfully",
            "db": "service_healthy",
            "cache": "service_healthy",
        }


def test_no_secret_is_in_the_file_nor_in_a_variable(services):
    for name, service in services.items():
        for variable in service.get("environment", {}):
            if any(word in variable for word in ("SECRET", "PASSWORD", "DATABASE_URL")):
                assert variable.endswith("_FILE"), (name, variable)


def test_the_probe_speaks_under_the_name_of_the_portal(live_server, settings, monkeypatch):
    host, port = live_server.url.removeprefix("http://").split(":")
    monkeypatch.setattr(probe, "PORT", int(port))
    settings.ALLOWED_HOSTS = ["portail.rivemont.example"]
    monkeypatch.setenv("BASE_URL", "https://portail.rivemont.example")
    assert probe.main() == 0

    monkeypatch.setenv("BASE_URL", "https://ailleurs.example")
    assert probe.main() == 1
    monkeypatch.setattr(probe, "PORT", 9)
    assert probe.main() == 1
