"""Django settings of the simulator alone: no database, no application of the portal."""

import secrets
from pathlib import Path

from franceconnect.simulator.runtime import current

HERE = Path(__file__).parent

DEBUG = False
SECRET_KEY = secrets.token_urlsafe(48)  # signs cookies whose meaning dies with the process
ALLOWED_HOSTS = current().configuration.allowed_hosts
ROOT_URLCONF = "franceconnect.simulator.urls"
INSTALLED_APPS = ["django.contrib.staticfiles", "django.forms"]
APPEND_SLASH = False
DATABASES = {}

MIDDLEWARE = [
    "franceconnect.simulator.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "franceconnect.simulator.middleware.CallCountMiddleware",
    "franceconnect.simulator.middleware.BrowserSessionMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "franceconnect.simulator.pages.platform_context",
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

STATIC_URL = "/static/"
STATICFILES_DIRS = [HERE / "static"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

LANGUAGE_CODE = "fr"
TIME_ZONE = "Europe/Paris"
USE_TZ = True
DEFAULT_FROM_EMAIL = "Simulateur de FranceConnect <simulateur@personnes.example>"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
}
