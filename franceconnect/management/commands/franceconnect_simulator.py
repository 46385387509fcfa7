"""``manage.py franceconnect_simulator``: start the simulator in a process of its own."""

import argparse
import os
import sys
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

PROJECT = Path(__file__).parents[3]


class Command(BaseCommand):
    """Becomes ``python -m franceconnect.simulator``, which reads every option that follows."""

    help = "Démarre le simulateur local de FranceConnect, qui a son processus et ses réglages."
    requires_system_checks = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Leave the options to the simulator, which explains them with ``--help``."""
        portal_options = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        portal_options.add_argument("--settings")
        portal_options.add_argument("--pythonpath")
        _, simulator_options = portal_options.parse_known_args(argv[2:])
        self.handle(*simulator_options)

    def handle(self, *args, **options) -> None:
        """Replace this process; the simulator itself refuses a production portal's address."""
        environment = {
            name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"
        }
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, (str(PROJECT), os.environ.get("PYTHONPATH")))
        )
        if base_url := getattr(settings, "BASE_URL", ""):
            environment["BASE_URL"] = str(base_url)
        command = [sys.executable, "-m", "franceconnect.simulator", *args]
        sys.stdout.flush()
        os.execve(sys.executable, command, environment)  # noqa: S606 - our own interpreter
