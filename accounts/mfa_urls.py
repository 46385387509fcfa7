"""Second factors and passkeys. Paths are read by citizens; names are those allauth looks up.

`mfa_reauthenticate` has no page: an app's code alone is no fresh proof (accounts.sessions).
"""

from django.urls import path, reverse_lazy
from django.views.generic import RedirectView

from accounts import credential_views as credentials
from accounts import mfa_views

FACTOR = "mon-espace/identifiants/double-authentification/"
PASSKEYS = "mon-espace/identifiants/cles-d-acces/"

sign_in_urlpatterns = [
    path("connexion/code/", mfa_views.SecondFactorView.as_view(), name="mfa_authenticate"),
    path(
        "connexion/code-par-e-mail/",
        mfa_views.EmailSignInCodeView.as_view(),
        name="account_confirm_login_code",
    ),
    path(
        "connexion/cle-d-acces/", mfa_views.PasskeySignInView.as_view(), name="mfa_login_webauthn"
    ),
    path(
        "confirmation-identite/",
        mfa_views.ReauthenticateView.as_view(),
        name="account_reauthenticate",
    ),
    path(
        "confirmation-identite/cle-d-acces/",
        mfa_views.PasskeyReauthenticateView.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
]

factor_urlpatterns = [
    path(FACTOR, credentials.SecondFactorPageView.as_view(), name="mfa_index"),
    path(f"{FACTOR}application/", credentials.AppActivateView.as_view(), name="mfa_activate_totp"),
    path(
        f"{FACTOR}application/desactiver/",
        credentials.AppDeactivateView.as_view(),
        name="mfa_deactivate_totp",
    ),
    path(
        f"{FACTOR}code-par-e-mail/",
        credentials.EmailCodeView.as_view(),
        name="account_email_code",
    ),
    path(
        f"{FACTOR}codes-de-secours/",
        credentials.RecoveryCodesView.as_view(),
        name="mfa_view_recovery_codes",
    ),
    path(
        f"{FACTOR}codes-de-secours/fichier/",
        credentials.RecoveryCodesDownloadView.as_view(),
        name="mfa_download_recovery_codes",
    ),
    path(
        f"{FACTOR}codes-de-secours/nouveaux/",
        credentials.RecoveryCodesMakeView.as_view(),
        name="mfa_generate_recovery_codes",
    ),
]

passkey_urlpatterns = [
    path(
        PASSKEYS,
        RedirectView.as_view(url=reverse_lazy("accounts:credentials")),
        name="mfa_list_webauthn",
    ),
    path(f"{PASSKEYS}ajouter/", credentials.PasskeyAddView.as_view(), name="mfa_add_webauthn"),
    path(
        f"{PASSKEYS}<int:pk>/renommer/",
        credentials.PasskeyRenameView.as_view(),
        name="mfa_edit_webauthn",
    ),
    path(
        f"{PASSKEYS}<int:pk>/retirer/",
        credentials.PasskeyRemoveView.as_view(),
        name="mfa_remove_webauthn",
    ),
]

urlpatterns = sign_in_urlpatterns + factor_urlpatterns + passkey_urlpatterns
