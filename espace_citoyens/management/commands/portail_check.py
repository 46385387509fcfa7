"""``manage.py portail_check``: what is to be mended before the portal opens."""

import json

from django.core.management.base import BaseCommand, CommandError

from espace_citoyens import opening
from franceconnect.diagnosis import Status

NAMES = {Status.RIGHT: "right", Status.DOUBTFUL: "doubtful", Status.WRONG: "wrong"}


class Command(BaseCommand):
    """Prints a diagnosis; the exit status is 1 as soon as one line is wrong."""

    help = "Dit tout ce qui est à corriger avant d’ouvrir le portail."
    # They are part of the diagnosis; and a portal with no database must be told so too.
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser):
        parser.add_argument("--courriel", default="", help="essaie un envoi à cette adresse")
        parser.add_argument("--json", action="store_true", help="répond en JSON")

    def handle(self, *, courriel: str, **options) -> None:
        found = [(name, list(find())) for name, find in opening.groups(courriel)]
        wrong = sum(line.status == Status.WRONG for _, lines in found for line in lines)
        if options["json"]:
            self.stdout.write(self._as_json(found))
        else:
            self._print(found)
        if wrong:
            raise CommandError(f"Lignes à corriger, marquées {Status.WRONG} : {wrong}.")

    def _print(self, found) -> None:
        for name, lines in found:
            self.stdout.write(name)
            for line in lines:
                self.stdout.write(f"  {line.status} {line.title}")
                if line.remedy:
                    self.stdout.write(f"      → {line.remedy}")
            self.stdout.write()

    def _as_json(self, found) -> str:
        lines = [
            {
                "group": name,
                "status": NAMES[line.status],
                "title": line.title,
                "remedy": line.remedy,
            }
            for name, lines in found
            for line in lines
        ]
        return json.dumps(lines, ensure_ascii=False, indent=2)
