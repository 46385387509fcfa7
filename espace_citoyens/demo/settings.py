"""The portal's own settings, held to the folder of the demonstration."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from espace_citoyens.settings import *  # noqa: F403
from espace_citoyens.settings import DATABASES, EMAIL_FILE_PATH, IS_LOCAL, STORAGES

DEMO_FOLDER = Path(os.environ["DEMO_FOLDER"])

# The demo has known passwords, an agent's among them: whatever a `.env` file or a secret of this
# machine says, it must never touch a real database, nor send a real mail.
for place in (DATABASES["default"]["NAME"], EMAIL_FILE_PATH):
    if not IS_LOCAL or not place or DEMO_FOLDER not in Path(place).parents:
        raise ImproperlyConfigured(
            "La démonstration ne travaille que dans son dossier et sur cette machine : retirez du "
            "fichier .env ou de l’environnement les réglages d’un vrai portail."
        )

STATIC_ROOT = DEMO_FOLDER / "static"
# As in production, less the compression: it takes longer than all the rest of a start.
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
}
