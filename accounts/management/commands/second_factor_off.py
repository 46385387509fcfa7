"""For whoever lost telephone and recovery codes, once an agent has seen their identity card."""

from django.core.management.base import BaseCommand, CommandError

from accounts import second_factor
from accounts.models import PersonalSpace, User

CAPACITY = "administrateur du portail"


class Command(BaseCommand):
    help = (
        "Désactive la double authentification d’un espace. Vérifiez d’abord l’identité de la "
        "personne : ensuite, son mot de passe suffit. Elle en est avertie par courriel."
    )

    def add_arguments(self, parser):
        parser.add_argument("reference", help="référence de l’espace, par exemple 7K3M-92QX")
        parser.add_argument(
            "--agent", required=True, help="adresse e-mail de l’agent qui a vérifié l’identité"
        )

    def handle(self, *, reference, agent, **options):
        space = PersonalSpace.objects.filter(reference=reference.upper()).first()
        if space is None:
            raise CommandError(f"Aucun espace n’a la référence {reference}.")
        actor = User.objects.filter(email=agent.lower(), is_staff=True, is_active=True).first()
        if actor is None:
            raise CommandError("Cette adresse n’est celle d’aucun agent.")
        if not second_factor.turn_all_off(space.user, actor=actor, capacity=CAPACITY):
            raise CommandError("Cet espace n’a pas de double authentification.")
        self.stdout.write("La double authentification est désactivée.")
