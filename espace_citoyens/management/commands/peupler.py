"""`manage.py peupler 200000`: a fictional population, to see a big town's portal at work."""

import time

from django.core.management.base import BaseCommand, CommandError

from espace_citoyens import population

BATCH = 2000


class Command(BaseCommand):
    help = (
        "Peuple un portail d’essai d’habitants fictifs, pour en mesurer la recherche. Refuse un "
        "portail où quelqu’un a un espace que cette commande n’a pas créé."
    )

    def add_arguments(self, parser):
        parser.add_argument("nombre", type=int, help="combien de personnes ajouter")
        parser.add_argument("--graine", type=int, default=1, help="la même graine, les mêmes noms")

    def handle(self, *, nombre: int, graine: int, **options):
        if nombre < 1:
            raise CommandError("Il faut au moins une personne. Donnez un nombre plus grand.")
        if population.has_other_people():
            raise CommandError(
                "Ce portail a déjà des habitants que cette commande n’a pas créés. Utilisez une "
                "base d’essai."
            )
        people, started = population.People(graine), time.monotonic()
        for done in range(0, nombre, BATCH):
            size = min(BATCH, nombre - done)
            population.add([people.next() for _ in range(size)])
            self._tell(done + size, nombre)
        seconds = time.monotonic() - started
        self.stdout.write(f"\n{nombre} personnes fictives ajoutées en {seconds:.0f} s.")

    def _tell(self, done: int, total: int) -> None:
        """One line that moves on a terminal; elsewhere, one each twenty batches."""
        line = f"{done:>9} / {total} ({100 * done // total} %)"
        if self.stdout.isatty():
            self.stdout.write(f"\r{line}", ending="")
            self.stdout.flush()
        elif done == total or done % (20 * BATCH) == 0:
            self.stdout.write(line)
