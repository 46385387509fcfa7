import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from accounts.models import PersonalSpace, User
from espace_citoyens.demo.command_line import (
    erase,
    own_folder,
    problem_of,
    refuse_busy_ports,
)
from espace_citoyens.demo.environment import (
    ADDRESSES,
    Demo,
    DemoError,
    portal_environment,
    read_key,
    read_secrets,
    refuse_real_portal,
    simulator_environment,
    simulator_plus_environment,
)
from espace_citoyens.demo.people import (
    AGENT_CODES,
    AGENT_EMAIL,
    PASSWORD,
    read_people,
    write_simulator_people,
    write_simulator_plus_people,
)
from espace_citoyens.demo.seed import pivot_identity, seed
from espace_citoyens.demo.table import aligned, welcome
from espace_citoyens.models import Town
from franceconnect.models import Link
from franceconnect.simulator.people import read_people as read_simulator_people

ROOT = Path(__file__).parents[2]
ISSUER = "http://127.0.0.1:8100/api/v2"
PLUS_ISSUER = "http://127.0.0.1:8101/api/v2"
INES = "ines.perrer@rivemont.example"


@pytest.fixture
def demo(tmp_path):
    """A demonstration on four free ports."""
    ports = free_ports(4)
    return Demo(tmp_path / "demo", *ports)


def free_ports(count: int) -> list[int]:
    """Ports under those that the kernel hands out: nobody takes them by chance meanwhile."""
    candidates = random.SystemRandom().sample(range(20000, 32000), 20 * count)
    return [port for port in candidates if not problem_of(port)][:count]


# --- The people ---------------------------------------------------------------------------------


def test_the_people_are_those_promised():
    people = {person.name: person for person in read_people()}
    logins = {person.login_email for person in people.values()}

    assert people["Ines PERRER"].space["street"] == "10 avenue Victor Hugo"
    assert people["Ines PERRER"].login_email == INES
    assert any(not person.space for person in people.values())
    assert any(person.sub and person.space for person in people.values())
    assert any(person.identity["birthcountry"] != "99100" for person in people.values())
    assert any(
        person.franceconnect["email"] in logins - {person.login_email} for person in people.values()
    )


def test_the_simulator_reads_them(tmp_path):
    people = read_people()
    write_simulator_people(people, tmp_path / "people.json")

    read = read_simulator_people(tmp_path / "people.json")

    assert [person.login for person in read] == [p.franceconnect["login"] for p in people]


def test_franceconnect_plus_knows_the_same_people_without_the_subs_of_franceconnect(tmp_path):
    people = read_people()
    write_simulator_people(people, tmp_path / "low.json")
    write_simulator_plus_people(people, tmp_path / "high.json")

    low = read_simulator_people(tmp_path / "low.json")
    high = read_simulator_people(tmp_path / "high.json")

    assert [person.identity.status for person in low] == [p.identity.status for p in high]
    assert any(person.identity.stored_sub for person in low)
    assert not any(person.identity.stored_sub for person in high)


def test_every_mail_address_leads_nowhere():
    """RFC 2606 reserves .example: no real mailbox can hear of the demonstration."""
    addresses = [person.franceconnect["email"] for person in read_people()]

    assert all(address.endswith(".example") for address in [*addresses, AGENT_EMAIL])


# --- The seed -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_seed_opens_the_spaces_of_the_table():
    seed(ISSUER, PLUS_ISSUER)

    for person in read_people():
        if person.login_email:
            user = User.objects.get(email=person.login_email)
            assert user.check_password(PASSWORD)
            assert user.emailaddress_set.get().verified
            assert not user.franceconnect_links.exists()
    assert Town.objects.get().name == "Ville de Rivemont"


@pytest.mark.django_db
def test_seed_gives_ines_the_identity_that_franceconnect_will_send():
    seed(ISSUER, PLUS_ISSUER)
    [ines] = [person for person in read_people() if person.login_email == INES]

    space = PersonalSpace.objects.get(user__email=INES)

    assert not space.is_certified
    assert not pivot_identity(ines).differs_strongly(space)
    assert space.address_lines == ["10 avenue Victor Hugo", "44000 Nantes"]


@pytest.mark.django_db
def test_seed_links_who_is_already_linked():
    seed(ISSUER, PLUS_ISSUER)

    [link] = Link.objects.active()
    assert link.sub in [person.sub for person in read_people()]
    assert link.issuer == ISSUER
    assert link.citizen.space.is_certified
    assert not link.citizen.has_password_door


@pytest.mark.django_db
def test_seed_makes_an_agent_without_a_space():
    seed(ISSUER, PLUS_ISSUER)

    agent = User.objects.get(email=AGENT_EMAIL)
    assert agent.is_staff
    assert agent.check_password(PASSWORD)
    assert not PersonalSpace.objects.filter(user=agent).exists()


@pytest.mark.django_db
def test_the_demos_agent_comes_in_without_a_telephone(client):
    seed(ISSUER, PLUS_ISSUER)
    client.post("/admin/login/", {"username": AGENT_EMAIL, "password": PASSWORD})

    response = client.post("/admin/connexion/code/", {"code": AGENT_CODES[0]})

    assert response["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


@pytest.mark.django_db
def test_a_second_seed_leaves_what_visitors_did():
    seed(ISSUER, PLUS_ISSUER)
    User.objects.get(email=INES).delete()
    before = sorted(User.objects.values_list("pk", flat=True))

    seed(ISSUER, PLUS_ISSUER)

    assert sorted(User.objects.values_list("pk", flat=True)) == before


@pytest.mark.django_db
def test_links_follow_the_simulator_to_another_port():
    seed(ISSUER, PLUS_ISSUER)

    seed("http://127.0.0.1:9100/api/v2", PLUS_ISSUER)

    assert [link.issuer for link in Link.objects.all()] == ["http://127.0.0.1:9100/api/v2"]


@pytest.mark.django_db
def test_links_of_each_platform_follow_their_own_simulator():
    seed(ISSUER, PLUS_ISSUER)
    citizen = Link.objects.get().citizen
    Link.objects.create(issuer=PLUS_ISSUER, sub="autre", citizen=citizen, level="eidas3")
    moved = ("http://127.0.0.1:9100/api/v2", "http://127.0.0.1:9101/api/v2")

    seed(*moved)

    links = Link.objects.order_by("level").values_list("level", "issuer")
    assert list(links) == list(zip(("eidas1", "eidas3"), moved, strict=True))


# --- What each process is told ------------------------------------------------------------------


def test_secrets_are_made_once_and_kept_to_oneself(tmp_path):
    first = read_secrets(tmp_path / "secrets.json")

    assert read_secrets(tmp_path / "secrets.json") == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert len(first["secret_key"]) > 50


def test_secrets_of_an_earlier_version_are_completed(tmp_path):
    (tmp_path / "secrets.json").write_text('{"secret_key": "k", "client_secret": "c"}')

    first = read_secrets(tmp_path / "secrets.json")

    assert (first["secret_key"], first["client_secret"]) == ("k", "c")
    assert len(first["plus_client_secret"]) > 50
    assert read_secrets(tmp_path / "secrets.json") == first


def test_the_encryption_key_is_made_once_and_kept_to_oneself(tmp_path):
    first = read_key(tmp_path / "key.pem")

    key = serialization.load_pem_private_key(first.encode(), password=None)
    assert key.curve.name == "secp256r1"
    assert read_key(tmp_path / "key.pem") == first
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


def test_nothing_of_a_real_portal_is_inherited(demo):
    demo.folder.mkdir()
    real = {
        "SECRET_KEY": "of-production",
        "SECRET_KEY_FILE": "/run/secrets/secret_key",
        "DATABASE_URL": "postgres://of-production",
        "DATABASE_URL_FILE": "/run/secrets/database",
        "EMAIL_URL": "smtp://of-production",
        "PATH": "/usr/bin",
    }

    portal = portal_environment(demo, real)

    assert portal["PATH"] == "/usr/bin"
    assert not [name for name in portal if name.endswith("_FILE")]
    assert "of-production" not in "".join(portal.values())


@pytest.mark.parametrize(
    ("environment_of", "platform", "folder"),
    [
        (simulator_environment, "FRANCECONNECT", "franceconnect"),
        (simulator_plus_environment, "FRANCECONNECT_PLUS", "franceconnect-plus"),
    ],
)
def test_a_simulator_knows_no_secret_of_the_portal_but_its_own(
    demo, environment_of, platform, folder
):
    demo.folder.mkdir()
    portal = portal_environment(demo, {})

    simulator = environment_of(demo, portal)

    own = portal[f"{platform}_CLIENT_SECRET"]
    names = ("SECRET_KEY", "CLIENT_SECRET", "ENCRYPTION_KEY")
    others = {value for name, value in portal.items() if name.endswith(names)} - {own}
    assert len(others) == 3
    assert simulator["FRANCECONNECT_SIMULATOR_CLIENT_SECRET"] == own
    assert not others & set(simulator.values())
    callback = f"{portal['BASE_URL']}/{folder}/callback/"
    assert simulator["FRANCECONNECT_SIMULATOR_REDIRECT_URI"] == callback


def test_franceconnect_plus_is_told_where_the_portal_publishes_its_keys(demo):
    demo.folder.mkdir()

    simulator = simulator_plus_environment(demo, portal_environment(demo, {}))

    address = simulator["FRANCECONNECT_SIMULATOR_JWKS_URI"]
    assert address == f"{demo.portal_url}/franceconnect-plus/jwks/"


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_real_portal_in_the_environment_is_refused(name, tmp_path):
    with pytest.raises(DemoError, match=name):
        refuse_real_portal({name: "https://portail.example.fr"}, tmp_path / ".env")


def test_a_real_portal_in_the_env_file_is_refused(tmp_path):
    (tmp_path / ".env").write_text("# production\nBASE_URL=https://portail.example.fr\n")

    with pytest.raises(DemoError, match="BASE_URL"):
        refuse_real_portal({}, tmp_path / ".env")
    assert "BASE_URL" not in os.environ or os.environ["BASE_URL"] != "https://portail.example.fr"


def test_a_portal_of_this_machine_is_no_obstacle(tmp_path):
    (tmp_path / ".env").write_text("BASE_URL=http://127.0.0.1:8000\nSECRET_KEY=k\n")

    refuse_real_portal({}, tmp_path / ".env")


@pytest.mark.parametrize(
    "variables",
    [{"DATABASE_URL": "sqlite:////tmp/real.sqlite3"}, {"EMAIL_URL": "smtp://127.0.0.1:25"}],
)
def test_the_demo_settings_refuse_what_is_not_in_their_folder(demo, variables):
    demo.folder.mkdir()

    result = subprocess.run(
        [sys.executable, "-c", "import espace_citoyens.demo.settings"],
        cwd=ROOT,
        env=portal_environment(demo, os.environ) | variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode != 0
    assert "que dans son dossier" in result.stderr


# --- Ports and folder ---------------------------------------------------------------------------


def test_a_busy_port_is_named_with_what_to_do(demo):
    with (
        closing(socket.create_server(("127.0.0.1", demo.simulator_port))),
        pytest.raises(DemoError) as refusal,
    ):
        refuse_busy_ports(demo)

    assert str(demo.simulator_port) in str(refusal.value)
    assert "make demo PORT=" in str(refusal.value)


def test_the_same_port_twice_is_refused(tmp_path):
    with pytest.raises(DemoError, match="quatre ports différents"):
        refuse_busy_ports(Demo(tmp_path, 8000, 8100, 8000, 8025))


def test_a_port_that_does_not_exist_is_refused(tmp_path):
    free = free_ports(3)

    with pytest.raises(DemoError, match="n’existe pas"):
        refuse_busy_ports(Demo(tmp_path, *free, 70000))


def test_two_demos_cannot_share_a_folder(tmp_path):
    with own_folder(tmp_path), pytest.raises(DemoError, match="déjà"), own_folder(tmp_path):
        pass


def test_reset_erases_all_but_the_lock(tmp_path):
    with own_folder(tmp_path):
        read_secrets(tmp_path / "secrets.json")
        (tmp_path / "mails").mkdir()
        (tmp_path / "mails" / "1.log").write_text("mail")

        erase(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_reset_erases_nothing_in_a_folder_of_somebody_else(tmp_path):
    (tmp_path / "thesis.txt").write_text("ten years of work")

    with own_folder(tmp_path), pytest.raises(DemoError):
        erase(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


# --- What is printed ----------------------------------------------------------------------------


def test_the_welcome_names_every_address_and_everybody(demo):
    text = welcome(demo, read_people())

    assert AGENT_CODES[0] in text

    urls = (demo.portal_url, demo.simulator_url, demo.simulator_plus_url, demo.mailbox_url)
    for url in urls:
        assert f"{url}/" in text
    assert "Ines PERRER" in text
    assert AGENT_EMAIL in text
    assert PASSWORD in text


def test_columns_are_aligned_and_the_last_one_wrapped(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    lines = aligned([("Nom", "Note"), ("Ines", "un " * 30)]).splitlines()

    assert lines[0].index("Note") == lines[1].index("un") == lines[2].index("un") == 8
    assert max(len(line) for line in lines) <= 50


# --- The whole ----------------------------------------------------------------------------------


@contextmanager
def running(demo: Demo, *options: str):
    """The demonstration as `make demo` starts it, once it has said that it is ready."""
    ports = {
        "--port": demo.port,
        "--simulator-port": demo.simulator_port,
        "--simulator-plus-port": demo.simulator_plus_port,
        "--mailbox-port": demo.mailbox_port,
    }
    arguments = [str(part) for pair in ports.items() for part in pair]
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "espace_citoyens.demo", "--folder", str(demo.folder)),
            *arguments,
            *options,
        ],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in inherited_names()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            next((line for line in process.stdout if "Ctrl-C" in line), None)
            yield process
        finally:
            process.terminate()


def inherited_names() -> set[str]:
    """What the tests' own settings have put in this process's environment."""
    return {
        *("BASE_URL", "DJANGO_SETTINGS_MODULE", "DATABASE_URL"),
        *("FRANCECONNECT_ISSUER", "FRANCECONNECT_PLUS_ISSUER"),
    }


def status_of(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": f"localhost:{port}"})
    with closing(connection):
        return connection.getresponse().status


def children_of(process: subprocess.Popen) -> list[int]:
    tasks = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in tasks.read_text().split()]


def test_the_demo_starts_stops_and_finds_its_data_again(demo):
    with running(demo) as process:
        assert status_of(demo.port, "/") == 200
        assert status_of(demo.port, "/aide/franceconnect/") == 200
        assert status_of(demo.simulator_port, "/autre-service/") == 200
        assert status_of(demo.simulator_port, "/api/v2/.well-known/openid-configuration") == 200
        assert status_of(demo.simulator_plus_port, "/api/v2/jwks") == 200
        assert status_of(demo.mailbox_port, "/") == 200
        children = children_of(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0

    assert len(children) == 5
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    refuse_busy_ports(demo)
    with closing(sqlite3.connect(demo.folder / "db.sqlite3")) as data:
        born = "SELECT name FROM accounts_commune WHERE code = '44109'"
        assert data.execute(born).fetchall() == [("Nantes",)]
    kept = json.loads((demo.folder / "secrets.json").read_text())

    with running(demo) as process:
        assert status_of(demo.port, "/") == 200
        assert json.loads((demo.folder / "secrets.json").read_text()) == kept


def test_a_closed_terminal_leaves_no_orphan(demo):
    with running(demo) as process:
        children = children_of(process)
        process.stdout.close()
        process.stderr.close()
        process.send_signal(signal.SIGHUP)
        process.wait(timeout=20)

    assert len(children) == 5
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_when_a_process_dies_the_demo_says_which_and_stops(demo):
    with running(demo) as process:
        children = children_of(process)
        os.kill(children[0], signal.SIGKILL)
        assert process.wait(timeout=20) == 1
        told = process.stderr.read()

    assert "le simulateur de FranceConnect (code -9)" in told
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    refuse_busy_ports(demo)


def test_the_demo_says_that_a_port_is_taken(demo):
    with closing(socket.create_server(("127.0.0.1", demo.port))), running(demo) as process:
        assert process.wait(timeout=20) == 1
        assert f"Le port {demo.port}" in process.stderr.read()

    assert not demo.folder.exists()
