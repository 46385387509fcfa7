"""Settings of the portal. What a town chooses comes from the environment (see `.env.example`)."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from espace_citoyens.account_settings import *  # noqa: F403
from espace_citoyens.environment import (
    Environment,
    checked_base_url,
    data_settings,
    franceconnect_settings,
    is_loopback,
    retention_settings,
)
from espace_citoyens.reports import logging_settings, start_error_reports

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()
env.read_env(BASE_DIR / ".env")

# --- Identity of the site -------------------------------------------------------------------

SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "La variable SECRET_KEY manque : donnez une longue suite aléatoire, propre à ce portail."
    )
# Those it replaced: they still open what they encrypted, and sign nothing new.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = env.bool("DEBUG", default=False)
BASE_URL = checked_base_url(env.str("BASE_URL", default="http://127.0.0.1:8000"))
IS_LOCAL = is_loopback(BASE_URL)
if DEBUG and not IS_LOCAL:
    raise ImproperlyConfigured(
        "DEBUG montre des secrets dans les pages d’erreur : il ne s’active que sur cette machine."
    )
if len(SECRET_KEY) < 32 and not IS_LOCAL:
    raise ImproperlyConfigured("SECRET_KEY est trop courte : donnez au moins 32 caractères.")
_host = urlsplit(BASE_URL).hostname
ALLOWED_HOSTS = [f"[{_host}]" if ":" in _host else _host]
CSRF_TRUSTED_ORIGINS = [BASE_URL]

# --- Applications ---------------------------------------------------------------------------

INSTALLED_APPS = [
    # Before ours, which takes some of their pages out of the admin.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "accounts.apps.OpenSessionsConfig",
    "post_office",
    "espace_citoyens.apps.EspaceCitoyensConfig",
    "franceconnect.apps.FranceConnectConfig",
    "accounts.apps.AccountsConfig",
    "espace_citoyens.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "csp",
]

MIDDLEWARE = [
    # Around all the rest: an error has an identifier too, and is counted.
    "espace_citoyens.observation.identified",
    "espace_citoyens.metrics.measured",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "espace_citoyens.middleware.sound_requests",
    "espace_citoyens.middleware.security_headers",
    "espace_citoyens.middleware.looks_of_the_town",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # After the proof that a form is ours, before a visitor is sent to the sign-in page.
    "accounts.middleware.CitizenSessionMiddleware",
    "accounts.middleware.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.KeepOrLetGoMiddleware",
]

CSRF_FAILURE_VIEW = "espace_citoyens.views.csrf_failure"
ROOT_URLCONF = "espace_citoyens.urls"
WSGI_APPLICATION = "espace_citoyens.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": [
                "espace_citoyens.templatetags.town",
                "accounts.templatetags.owned_forms",
            ],
        },
    }
]
FORM_RENDERER = "espace_citoyens.forms.PortalRenderer"

# --- Data -----------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
if "sqlite" in DATABASES["default"]["ENGINE"]:
    # Write-ahead log and early locks: readers never wait, writers queue instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"].update({"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}
if "redis" in CACHES["default"]["BACKEND"].lower():
    # One that hangs must not hold a worker: people are asked to come back (espace_citoyens.health).
    CACHES["default"].setdefault("OPTIONS", {}).update(
        {"socket_connect_timeout": 2, "socket_timeout": 2}
    )
CACHE_IS_SHARED = "locmem" not in CACHES["default"]["BACKEND"]

# --- Sessions and cookies -------------------------------------------------------------------

# A cache of one process must not hold sessions: another process would go on trusting a session
# that was ended.
SESSION_ENGINE = (
    "accounts.session_store" if CACHE_IS_SHARED else "django.contrib.sessions.backends.db"
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not IS_LOCAL
# Lax, not Strict: a Strict cookie is not sent on the way back from FranceConnect.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
_COOKIE_PREFIX = "espace_" if IS_LOCAL else "__Host-espace_"
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}session"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}csrf"

# --- Transport and headers ------------------------------------------------------------------

if not IS_LOCAL:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics/"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# How many proxies stand in front: the address that rate limits count is read behind them.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0 if IS_LOCAL else 1)

# --- FranceConnect --------------------------------------------------------------------------

FRANCECONNECT = {
    **franceconnect_settings(env, "FRANCECONNECT", base_url=BASE_URL, level="eidas1"),
    "rate_limit": env.str("FRANCECONNECT_RATE_LIMIT", default="300/m"),
    "session_rate_limit": env.str("FRANCECONNECT_SESSION_RATE_LIMIT", default="30/m"),
    "max_exchanges": env.int("FRANCECONNECT_MAX_EXCHANGES", default=4),
    "other_base_urls": [checked_base_url(url) for url in env.list("OTHER_BASE_URLS", default=[])],
    "button_artwork": env.str("FRANCECONNECT_BUTTON_ARTWORK", default=""),
    "data": data_settings(env, base_url=BASE_URL),
}
FRANCECONNECT_PLUS = {
    **franceconnect_settings(env, "FRANCECONNECT_PLUS", base_url=BASE_URL, level="eidas2"),
    "encryption_key": env.str("FRANCECONNECT_PLUS_ENCRYPTION_KEY", default="", multiline=True),
}

_franceconnect_origins = [
    "{0.scheme}://{0.netloc}".format(urlsplit(values["issuer"]))
    for values in (FRANCECONNECT, FRANCECONNECT_PLUS)
    if values["issuer"]
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        # Chromium applies form-action to the redirection that follows a form: without
        # FranceConnect's origins, the sign-in and sign-out buttons would do nothing.
        "form-action": ["'self'", *_franceconnect_origins],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- Privacy: how long each kind of data stays ----------------------------------------------

RETENTION = retention_settings(env)

# --- Mail: queued in the database, sent by `manage.py worker` -------------------------------

_email = env.email_url("EMAIL_URL", default="consolemail://")
EMAIL_HOST, EMAIL_PORT = _email["EMAIL_HOST"], _email["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_USER"], _email["EMAIL_HOST_PASSWORD"]
EMAIL_FILE_PATH = _email["EMAIL_FILE_PATH"] or None
EMAIL_USE_TLS, EMAIL_USE_SSL = (_email.get(f"EMAIL_USE_{name}", False) for name in ("TLS", "SSL"))
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = "accounts.mail_queue.QueueBackend"
POST_OFFICE = {
    "BACKENDS": {"default": _email["EMAIL_BACKEND"]},
    "DEFAULT_PRIORITY": "medium",
    # Five days, as the worker spaces them out.
    "MAX_RETRIES": 125,
    "RETRY_INTERVAL": timedelta(minutes=1),
    # The oldest first among those of one priority: none waits behind newer ones for ever.
    "SENDING_ORDER": ["-priority", "pk"],
    # A stop waits for the batch in hand, and a killed worker sends at most one batch twice.
    "BATCH_SIZE": 10,
    "LOG_LEVEL": 1,
    "MESSAGE_ID_ENABLED": True,
    "MESSAGE_ID_FQDN": urlsplit(BASE_URL).hostname,
}
# Who is told when only somebody of the town hall or its provider can mend what is wrong.
ALERT_EMAIL = env.str("ALERT_EMAIL", default="")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", default="Espace Citoyens <ne-pas-repondre@localhost>"
)

# --- Backups: made by the worker, encrypted for a key that is not here ------------------------

BACKUP = {
    "folder": env.str("BACKUP_FOLDER", default=""),
    "recipient": env.str("BACKUP_RECIPIENT", default=""),
}

# --- Language, files, logs ------------------------------------------------------------------

LANGUAGE_CODE = "fr"
TIME_ZONE = "Europe/Paris"
USE_TZ = True

STATIC_URL, STATIC_ROOT = "/static/", BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# For whoever reads the log: lines for people, or JSON for a collector.
LOG_FORMAT = env.str("LOG_FORMAT", default="text")
# PostgreSQL's log then names the request that each statement is for.
COMMENTED_STATEMENTS = env.bool("COMMENTED_STATEMENTS", default=False)
LOGGING = logging_settings(LOG_FORMAT)

# Errors, to a Sentry of the town's: without it, nothing leaves.
start_error_reports(env.str("SENTRY_DSN", default=""))

# What a backup tells of how it was made.
CHOSEN_SETTINGS = env.chosen
