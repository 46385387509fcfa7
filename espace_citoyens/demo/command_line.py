"""Start the demonstration and keep it until it is stopped."""

import argparse
import errno
import fcntl
import os
import shutil
import signal
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

from espace_citoyens.demo import environment
from espace_citoyens.demo.environment import Demo, DemoError
from espace_citoyens.demo.people import (
    read_people,
    write_simulator_people,
    write_simulator_plus_people,
)
from espace_citoyens.demo.processes import PROJECT, Program, Supervisor
from espace_citoyens.demo.table import welcome

LOCK = "lock"
LAST_PORT = 65535


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; 1 when the demonstration cannot or must not start, or broke down."""
    options = options_parser().parse_args(arguments)
    demo = Demo(
        folder=options.folder.resolve(),
        port=options.port,
        simulator_port=options.simulator_port,
        simulator_plus_port=options.simulator_plus_port,
        mailbox_port=options.mailbox_port,
    )
    try:
        environment.refuse_real_portal(os.environ, PROJECT / ".env")
        refuse_busy_ports(demo)
        with own_folder(demo.folder):
            if options.reset:
                erase(demo.folder)
            serve(demo)
    except DemoError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    return 0


def options_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m espace_citoyens.demo",
        description="Démonstration d’Espace Citoyens, sur cette machine seulement.",
    )
    add = parser.add_argument
    add("--port", type=int, default=8000, help="port du portail (%(default)s)")
    add("--simulator-port", type=int, default=8100, help="port du simulateur (%(default)s)")
    add(
        "--simulator-plus-port",
        type=int,
        default=8101,
        help="port du simulateur de FranceConnect+ (%(default)s)",
    )
    add("--mailbox-port", type=int, default=8025, help="port des courriels (%(default)s)")
    add("--folder", type=Path, default=PROJECT / ".demo", help="dossier des données")
    add("--reset", action="store_true", help="efface d’abord les données de la démonstration")
    return parser


def refuse_busy_ports(demo: Demo) -> None:
    """Raise DemoError unless the four ports are different and free, before anything starts."""
    ports = {
        "PORT": demo.port,
        "SIMULATOR_PORT": demo.simulator_port,
        "SIMULATOR_PLUS_PORT": demo.simulator_plus_port,
        "MAILBOX_PORT": demo.mailbox_port,
    }
    advice = "make demo " + " ".join(f"{name}={port + 1000}" for name, port in ports.items())
    if len(set(ports.values())) < len(ports):
        raise DemoError(f"Il faut quatre ports différents, par exemple : {advice}")
    for name, port in ports.items():
        if problem := problem_of(port):
            raise DemoError(
                f"Le port {port} ({name}) {problem}. Arrêtez le programme qui l’occupe, ou "
                f"choisissez d’autres ports, par exemple : {advice}"
            )


def problem_of(port: int) -> str:
    """Why this port of the loopback cannot be opened; empty when it can."""
    if not 0 < port <= LAST_PORT:
        return "n’existe pas"
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        return "est déjà pris" if error.errno == errno.EADDRINUSE else "ne peut pas être ouvert"
    return ""


@contextmanager
def own_folder(folder: Path):
    """Make the folder and hold it: a second demonstration would write over the first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                f"Une démonstration se sert déjà de {folder}. Arrêtez-la d’abord avec Ctrl-C."
            ) from None
        yield


def erase(folder: Path) -> None:
    """Everything but the lock held; raises DemoError for a folder that is not a demo's."""
    if not (folder / "secrets.json").exists() and set(os.listdir(folder)) != {LOCK}:
        raise DemoError(f"{folder} n’est pas le dossier d’une démonstration : rien n’est effacé.")
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()


def serve(demo: Demo) -> None:
    """Prepare, start, say so, and stop everything when asked to, or when a program dies."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    for name in ("logs", "mails"):
        (demo.folder / name).mkdir(exist_ok=True)
    people = read_people()
    write_simulator_people(people, demo.simulator_people)
    write_simulator_plus_people(people, demo.simulator_plus_people)
    supervisor = Supervisor(demo.folder / "logs", stop)
    preparation, *programs = programs_of(demo)
    try:
        say("Préparation de la démonstration…")
        supervisor.run(preparation)
        if stop.is_set():
            return
        for program in programs:
            supervisor.start(program)
        supervisor.wait_until_ready()
        if not stop.is_set():
            say(welcome(demo, people))
        supervisor.watch()
    finally:
        say("Arrêt…")
        supervisor.stop()


def programs_of(demo: Demo) -> list[Program]:
    """The preparation, which ends, then everything that runs together."""
    portal = environment.portal_environment(demo, os.environ)
    gunicorn = (
        *("gunicorn", "espace_citoyens.wsgi", "--bind", f"127.0.0.1:{demo.port}"),
        *("--workers", "1", "--threads", "8", "--graceful-timeout", "3"),
    )
    mailbox = ("--folder", str(demo.mails), "--port", str(demo.mailbox_port))
    return [
        Program("la préparation", "prepare.log", ("espace_citoyens.demo.prepare",), portal),
        Program(
            *("le simulateur de FranceConnect", "simulator.log", ("franceconnect.simulator",)),
            environment.simulator_environment(demo, portal),
            ready=(demo.simulator_port, "/"),
        ),
        Program(
            *("le simulateur de FranceConnect+", "simulator-plus.log"),
            ("franceconnect.simulator",),
            environment.simulator_plus_environment(demo, portal),
            ready=(demo.simulator_plus_port, "/"),
        ),
        Program("le portail", "portal.log", gunicorn, portal, ready=(demo.port, "/health/ready/")),
        Program("l’envoi des courriels", "worker.log", ("django", "worker"), portal),
        Program(
            *("la lecture des courriels", "mailbox.log", ("espace_citoyens.mailbox", *mailbox)),
            portal,
            ready=(demo.mailbox_port, "/"),
        ),
    ]


def say(text: str) -> None:
    """Tell whoever still reads: a closed terminal must not stop the stopping."""
    with suppress(OSError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
