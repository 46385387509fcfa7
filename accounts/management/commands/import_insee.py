"""`manage.py import_insee`: names of communes and countries, for the codes of civil status."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from accounts import insee


class Command(BaseCommand):
    help = (
        "Importe les noms des communes et des pays (Code officiel géographique de l’Insee). "
        "Peut être relancée : seul ce qui est nouveau ou changé est écrit, et rien n’est retiré."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "files",
            nargs="*",
            type=Path,
            metavar="FICHIER",
            help=(
                "fichiers CSV de l’Insee (communes, communes depuis 1943, collectivités "
                "d’outre-mer, pays) ; sans fichier, les noms livrés avec le portail"
            ),
        )

    def handle(self, *, files: list[Path], verbosity: int, **options):
        self.verbosity = verbosity
        tables = self.read(files) if files else insee.packaged()
        for model, change in zip(tables, insee.store(tables, self.progress), strict=True):
            self.say(
                f"{model._meta.verbose_name_plural} : {change.read} lus, {change.added} ajoutés, "
                f"{change.changed} changés"
            )

    def read(self, files: list[Path]) -> dict:
        """The names of every file, the later ones first in importance."""
        tables = {}
        for path in files:
            try:
                model, names = insee.read_csv(path)
            except insee.UnreadableFile as error:
                raise CommandError(f"{path} : {error}") from error
            tables[model] = tables.get(model, {}) | names
        return tables

    def progress(self, done: int, total: int) -> None:
        if total > insee.BATCH:
            self.say(f"  {done} sur {total}")

    def say(self, line: str) -> None:
        if self.verbosity:
            self.stdout.write(line)
