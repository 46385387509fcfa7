"""The spaces of citizens: passwords, sessions, django-allauth, what apps tell each other.

Part of `settings`, which imports it whole: the same for every town, nothing of it is read from the
environment.
"""

from django.urls import reverse_lazy

# --- Users, passwords ---

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accounts.backends.CredentialsBackend",
    "franceconnect.backends.FranceConnectBackend",
    "accounts.backends.AgentBackend",
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

# --- Sessions ---

# A citizen's session ends after so long without a request, and so long after it was opened.
SESSION_IDLE_SECONDS = 30 * 60
SESSION_COOKIE_AGE = 4 * 60 * 60
# An agent's: shorter when nobody is at the desk, and no longer than a day of work.
SESSION_AGENT_IDLE_SECONDS = 15 * 60
SESSION_AGENT_AGE = 10 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# Not in a cookie, where a message would outlive the session of whom it was for.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- django-allauth: sign-in, sign-up, codes ---

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

# --- django-allauth: second factor and passkeys ---

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

# --- What other apps tell `accounts`, which knows none of them ---

# Asked before a session ends: the address that ends the provider's own session, or None.
PROVIDER_SIGN_OUT_URL = "franceconnect.sign_out.end_session_url"
# Asked before a way in is taken away, and when a password opens nothing: the names of the providers
# that open a space of at least one of these citizens (`even_off`: those switched off too).
PROVIDER_WAYS_IN = "franceconnect.services.ways_in"
# The module asked when agents make two spaces of one person one, or take that back: what it ties to
# each, whether it knows two persons, and moving the ties (see `franceconnect.merging`).
PROVIDER_MERGING = "franceconnect.merging"
# What apps and machines write beside the codes and passkeys of this portal.
SERVICE_NAME_OF_PORTAL = "espace_citoyens.models.service_name"
# What each app holds of a person, how it goes, how long it stays (see `accounts.privacy`).
PERSONAL_DATA_EXPORTERS = [
    "accounts.export_sections.sections",
    "accounts.merge_privacy.sections",
    "franceconnect.privacy.sections",
]
PERSONAL_DATA_ERASERS = [
    "accounts.merge_privacy.erase",
    "franceconnect.privacy.erase",
    "accounts.erasure.erase_traces",
]
RETENTION_CATEGORIES = [
    "accounts.merge_privacy.categories",
    "accounts.retention_categories.categories",
    "franceconnect.privacy.categories",
]
# What an agent may send again: notices that hold no code, no link that opens anything, and that
# stay true (see `accounts.resending`). A mail that is not named here never is.
RESENDABLE_MAILS = {
    "account/email/password_changed",
    "account/email/password_reset",
    "account/email/password_set",
    "accounts/email/access_blocked",
    "accounts/email/access_restored",
    "accounts/email/counter_code_used",
    "accounts/email/deletion_asked",
    "accounts/email/deletion_cancelled",
    "accounts/email/deletion_started",
    "accounts/email/deletion_stopped",
    "accounts/email/identity_checked",
    "accounts/email/new_device",
    "accounts/email/sessions_ended",
    "accounts/email/space_corrected",
    "accounts/email/space_opened",
    "franceconnect/email/linked",
    "franceconnect/email/unlinked",
    "mfa/email/recovery_code_used",
    "mfa/email/second_factor_off",
    "mfa/email/totp_activated",
    "mfa/email/totp_deactivated",
    "mfa/email/webauthn_added",
    "mfa/email/webauthn_removed",
}
