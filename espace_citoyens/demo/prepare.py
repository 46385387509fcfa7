"""`python -m espace_citoyens.demo.prepare`: database, static files and people, before the start."""

import django
from django.conf import settings
from django.core.management import call_command


def main() -> None:
    """Runs in its own process, whose environment is the demonstration's."""
    django.setup()
    from espace_citoyens.demo.seed import seed  # noqa: PLC0415 - models need django.setup first

    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    seed(settings.FRANCECONNECT["issuer"], settings.FRANCECONNECT_PLUS["issuer"])


if __name__ == "__main__":
    main()
