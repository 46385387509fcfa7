"""`manage.py purge`: what time erases (docs/conservation.md); counts unless told to do it."""

from django.core.management.base import BaseCommand, CommandError

from accounts.retention import Category, Outcome, all_categories


class Command(BaseCommand):
    help = (
        "Efface ce dont la durée de conservation est passée, et avertit les espaces inutilisés. "
        "Sans --execute, ne fait que compter."
    )

    def add_arguments(self, parser):
        parser.add_argument("--execute", action="store_true", help="efface vraiment")

    def handle(self, *, execute: bool, **options):
        outcomes = [(self._run if execute else self._count)(each) for each in all_categories()]
        failed = sum(outcome.failed for outcome in outcomes)
        if not execute:
            self.stdout.write("Rien n’a été effacé. Pour le faire : manage.py purge --execute")
        elif failed:
            raise CommandError(
                f"{failed} ligne(s) n’ont pas pu être traitées : voir le journal du serveur, puis "
                "relancez la commande."
            )

    def _count(self, category: Category) -> Outcome:
        self.stdout.write(f"{category.count():>9}  {category.label}")
        return Outcome(0, 0)

    def _run(self, category: Category) -> Outcome:
        """One line a category; on a terminal, it counts as batches end."""
        is_terminal = self.stdout.isatty()

        def progress(outcome: Outcome) -> None:
            if is_terminal:
                self.stdout.write(f"\r{outcome.done:>9}  {category.label}", ending="")
                self.stdout.flush()

        outcome = category.run(progress)
        start = "\r" if is_terminal else ""
        self.stdout.write(f"{start}{outcome.done:>9}  {category.label}")
        return outcome
