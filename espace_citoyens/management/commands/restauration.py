"""``manage.py restauration``: a backup back into an empty database."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from espace_citoyens import backups
from espace_citoyens.encrypted_files import BackupError


class Command(BaseCommand):
    help = "Rétablit une sauvegarde dans une base neuve, dont les tables sont prêtes (migrate)."

    def add_arguments(self, parser):
        parser.add_argument("fichier", type=Path, help="la sauvegarde")
        parser.add_argument(
            "--cle", type=Path, required=True, help="fichier qui contient la clé privée"
        )

    def handle(self, *, fichier: Path, cle: Path, **options) -> None:
        try:
            rows = backups.restore(fichier, cle.read_text("utf-8"))
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Rétabli : {sum(rows.values())} lignes, {len(rows)} tables.")
        self.stdout.write("Lancez maintenant manage.py purge --execute (docs/exploitation.md).")
