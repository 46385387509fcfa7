"""`python -m espace_citoyens.demo.prepare`: database, static files and people, before the start."""

import django
from django.conf import settings
from django.core.management import call_command


def main() -> None:
    """Runs in its own process, whose environment is the demonstration's."""
    django.setup()
    # Models need django.setup first.
    from accounts.models import Commune  # noqa: PLC0415
    from espace_citoyens.demo.seed import seed  # noqa: PLC0415

    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    if not Commune.objects.exists():
        call_command("import_insee", verbosity=0)
    seed(settings.FRANCECONNECT["issuer"], settings.FRANCECONNECT_PLUS["issuer"])


if __name__ == "__main__":
    main()
