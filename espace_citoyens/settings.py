"""Settings of the portal: every value comes from the environment (see `.env.example`)."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from espace_citoyens.environment import (
    Environment,
    checked_base_url,
    franceconnect_settings,
    is_loopback,
    retention_settings,
)

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
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "espace_citoyens.middleware.sound_requests",
    "espace_citoyens.middleware.security_headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # After the proof that a form is ours, before a visitor is sent to the sign-in page.
    "accounts.middleware.CitizenSessionMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
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
CACHE_IS_SHARED = "locmem" not in CACHES["default"]["BACKEND"]

# --- Sessions and cookies -------------------------------------------------------------------

# A cache of one process must not hold sessions: another process would go on trusting a session
# that was ended.
SESSION_ENGINE = (
    "accounts.session_store" if CACHE_IS_SHARED else "django.contrib.sessions.backends.db"
)
# A citizen's session ends after so long without a request, and so long after it was opened.
SESSION_IDLE_SECONDS = 30 * 60
SESSION_COOKIE_AGE = 4 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not IS_LOCAL
# Lax, not Strict: a Strict cookie is not sent on the way back from FranceConnect.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
_COOKIE_PREFIX = "espace_" if IS_LOCAL else "__Host-espace_"
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}session"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}csrf"
# Not in a cookie, where a message would outlive the session of whom it was for.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Transport and headers ------------------------------------------------------------------

if not IS_LOCAL:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/"]
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

# --- Accounts -------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accounts.backends.CredentialsBackend",
    "franceconnect.backends.FranceConnectBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = reverse_lazy("accounts:space")
LOGOUT_REDIRECT_URL = "/"
# OWASP's parameters for Argon2id live in the hasher; Django's own cost four times as much.
PASSWORD_HASHERS = [
    "accounts.hashers.OWASPArgon2PasswordHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# CNIL recommendation 2022-100: at least 12 characters when nothing else protects the account.
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email"]},
    },
]
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "dashed": False, "length": 6}
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.forms.SignInForm",
    "signup": "accounts.forms.SignUpForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
    "change_password": "accounts.forms.PasswordChangeForm",
    "set_password": "accounts.forms.PasswordSetForm",
    "reset_password": "accounts.forms.PasswordResetForm",
    "reset_password_from_key": "accounts.forms.PasswordResetCompleteForm",
    "add_email": "accounts.forms.LoginEmailForm",
    "confirm_email_verification_code": "accounts.forms.EmailCodeForm",
    "confirm_password_reset_code": "accounts.forms.PasswordResetCodeForm",
}
# Asked before a session ends: the address that ends the provider's own session, or None.
PROVIDER_SIGN_OUT_URL = "franceconnect.sign_out.end_session_url"
# Asked before a way in is taken away, and when a password opens nothing: the names of the providers
# that open a space of at least one of these citizens.
PROVIDER_WAYS_IN = "franceconnect.services.ways_in"
# What apps and machines write beside the codes and passkeys of this portal.
SERVICE_NAME_OF_PORTAL = "espace_citoyens.models.service_name"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
ACCOUNT_SESSION_REMEMBER = False
# After a password, for whoever asks for it: never a way in by itself (LOGIN_BY_CODE_ENABLED).
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    # A counter of the town hall has one address for everybody; one account has few tries.
    "login_failed": "30/m/ip,5/5m/key",
    # Six digits, five tries a code: few codes an hour keep guessing hopeless (and fewer still
    # from one address, see PasswordResetView: nobody is to use up somebody else's).
    "reset_password": "20/m/ip,20/h/key",
    "confirm_email": "10/h/key",
    # At a borrowed screen, where the limits of sign-in do not count: no door to guess a password.
    "reauthenticate": "10/10m/user",
    "change_password": "10/10m/user",
}

# Second factor and passkeys.
MFA_ADAPTER = "accounts.mfa_adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
# A telephone's clock may be half a minute wrong.
MFA_TOTP_TOLERANCE = 1
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
# Nobody is inside a space before an e-mail is verified or FranceConnect has proven them: an
# address that waits to be verified is no reason to refuse them a passkey.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}

# --- Privacy: what each app holds of a person, how it goes, how long it stays ----------------

RETENTION = retention_settings(env)
PERSONAL_DATA_EXPORTERS = ["accounts.export_sections.sections", "franceconnect.privacy.sections"]
PERSONAL_DATA_ERASERS = ["franceconnect.privacy.erase", "accounts.erasure.erase_traces"]
RETENTION_CATEGORIES = [
    "accounts.retention_categories.categories",
    "franceconnect.privacy.categories",
]

# --- Mail: queued in the database, sent by `manage.py worker` -------------------------------

_email = env.email_url("EMAIL_URL", default="consolemail://")
EMAIL_HOST, EMAIL_PORT = _email["EMAIL_HOST"], _email["EMAIL_PORT"]
EMAIL_HOST_USER = _email["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_PASSWORD"]
EMAIL_FILE_PATH = _email["EMAIL_FILE_PATH"] or None
EMAIL_USE_TLS = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _email.get("EMAIL_USE_SSL", False)
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

# --- Language, files, logs ------------------------------------------------------------------

LANGUAGE_CODE = "fr"
TIME_ZONE = "Europe/Paris"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # The warnings of one quote what a provider sent; the other names each passkey that it sees.
    "loggers": {"urllib3": {"level": "ERROR"}, "fido2": {"level": "WARNING"}},
}
