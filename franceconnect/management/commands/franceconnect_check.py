"""``manage.py franceconnect_check``: what an integrator has to mend, and to declare."""

from collections.abc import Iterator

from django.core.management.base import BaseCommand, CommandError

from franceconnect import conf, diagnosis
from franceconnect.conf import Platform
from franceconnect.declarations import declarations
from franceconnect.diagnosis import Finding, Status


class Command(BaseCommand):
    """Prints a diagnosis; the exit status is 1 as soon as one line is wrong."""

    help = "Compare le portail à FranceConnect, et liste ce qui est à déclarer chez FranceConnect."
    # They are part of the diagnosis, in its own words.
    requires_system_checks = []

    def handle(self, *args, **options) -> None:
        self.wrong = 0
        self._print("Réglages", diagnosis.settings_findings())
        platforms = conf.platforms()
        for platform in platforms:
            self._print(platform.label, diagnosis.platform_findings(platform))
            self._print_declarations(platform)
        if not platforms:
            raise CommandError(
                "Aucune plateforme n’est configurée : donnez FRANCECONNECT_ISSUER, "
                "FRANCECONNECT_CLIENT_ID et FRANCECONNECT_CLIENT_SECRET."
            )
        if self.wrong:
            raise CommandError(f"Lignes à corriger, marquées {Status.WRONG} : {self.wrong}.")
        self.stdout.write("Rien à corriger.")

    def _print(self, heading: str, findings: list[Finding] | Iterator[Finding]) -> None:
        self.stdout.write(f"{heading}\n")
        for finding in findings:
            self.wrong += finding.status == Status.WRONG
            self.stdout.write(f"  {finding.status} {finding.title}")
            if finding.remedy:
                self.stdout.write(f"      → {finding.remedy}")
        self.stdout.write()

    def _print_declarations(self, platform: Platform) -> None:
        self.stdout.write(f"À déclarer dans l’espace partenaires de {platform.label}")
        for field, values in declarations(platform):
            self.stdout.write(f"  {field} :")
            for value in values:
                self.stdout.write(f"      {value}")
        self.stdout.write()
