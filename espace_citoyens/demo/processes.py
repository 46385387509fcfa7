"""Start several programs, watch them, stop them all."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from espace_citoyens.demo.environment import DemoError

PROJECT = Path(__file__).parents[2]
STOP_SECONDS = 8
READY_SECONDS = 60
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Program:
    """A module to run. `name` is in French; `ready` (port, path) answers 200 once it works."""

    name: str
    log: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    ready: tuple[int, str] | None = None


class Supervisor:
    """Each program in its own process group, with its own log file."""

    def __init__(self, logs: Path, stop: threading.Event):
        self.logs = logs
        self.stop_asked = stop
        self.running: list[tuple[Program, subprocess.Popen]] = []

    def start(self, program: Program) -> subprocess.Popen:
        """Run `python -m …` in the background; Ctrl-C reaches this process only."""
        with self.log_of(program).open("w", encoding="utf-8") as log:
            process = subprocess.Popen(  # noqa: S603 our own interpreter and modules
                [sys.executable, "-m", *program.arguments],
                cwd=PROJECT,
                env=dict(program.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        self.running.append((program, process))
        return process

    def run(self, program: Program) -> None:
        """Run `program` to its end; raises DemoError when it fails."""
        process = self.start(program)
        while process.poll() is None and not self.stop_asked.wait(POLL_SECONDS):
            pass
        if process.poll() is not None:
            self.running.remove((program, process))
            if process.returncode:
                raise self.failure_of(program, process)

    def wait_until_ready(self) -> None:
        """Raise DemoError when a program dies, or does not answer in time."""
        deadline = time.monotonic() + READY_SECONDS
        for program, _ in self.running:
            while program.ready and not answers(*program.ready):
                self.raise_if_one_died()
                if time.monotonic() > deadline:
                    raise DemoError(
                        f"Pas de réponse : {program.name}. Voyez {self.log_of(program)}."
                    )
                if self.stop_asked.wait(POLL_SECONDS):
                    return

    def watch(self) -> None:
        """Return when asked to stop; raise DemoError when a program dies by itself."""
        while not self.stop_asked.wait(POLL_SECONDS):
            self.raise_if_one_died()

    def raise_if_one_died(self) -> None:
        for program, process in self.running:
            if process.poll() is not None:
                raise self.failure_of(program, process)

    def failure_of(self, program: Program, process: subprocess.Popen) -> DemoError:
        log = self.log_of(program)
        last_lines = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-5:])
        return DemoError(
            f"Un programme s’est arrêté tout seul : {program.name} (code {process.returncode}). "
            f"Tout le reste est arrêté aussi. Voyez {log} :\n{last_lines}"
        )

    def stop(self) -> None:
        """Ask each program to stop, wait, then end whatever is left of its group."""
        for _, process in self.running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for _, process in self.running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0, deadline - time.monotonic()))
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.running.clear()

    def log_of(self, program: Program) -> Path:
        return self.logs / program.log


def answers(port: int, path: str) -> bool:
    """Whether GET `path` on this port of the loopback answers 200 (no proxy is asked)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        # The portal answers to its own name alone.
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
