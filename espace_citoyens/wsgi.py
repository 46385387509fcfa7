"""What gunicorn serves: `gunicorn espace_citoyens.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "espace_citoyens.settings")

application = get_wsgi_application()
