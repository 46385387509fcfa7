"""``manage.py sauvegarde``: the whole database in one encrypted file."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from espace_citoyens import backups
from espace_citoyens.encrypted_files import BackupError, new_key


class Command(BaseCommand):
    help = "Sauvegarde la base dans un fichier chiffré, puis efface les plus anciens."

    def add_arguments(self, parser):
        add = parser.add_argument
        add("--dossier", default=settings.BACKUP["folder"], help="où l’écrire (BACKUP_FOLDER)")
        add(
            "--nouvelle-cle",
            action="store_true",
            help="fait une paire de clés, l’affiche, et ne sauvegarde rien",
        )

    def handle(self, *, dossier: str, nouvelle_cle: bool, **options) -> None:
        if nouvelle_cle:
            return self._show_new_key()
        if not (dossier and settings.BACKUP["recipient"]):
            raise CommandError("Donnez BACKUP_FOLDER et BACKUP_RECIPIENT (docs/exploitation.md).")
        try:
            path = backups.make(Path(dossier), settings.BACKUP["recipient"])
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Sauvegarde faite et relue : {path}")
        for old in backups.forget_old(Path(dossier), timezone.now()):
            self.stdout.write(f"Effacée, trop ancienne : {old.name}")
        return None

    def _show_new_key(self) -> None:
        private, public = new_key()
        self.stdout.write("À garder loin de ce serveur : sans elle, rien ne se rétablit.")
        self.stdout.write(f"  clé privée : {private}")
        self.stdout.write("À donner au portail (BACKUP_RECIPIENT) :")
        self.stdout.write(f"  clé publique : {public}")
