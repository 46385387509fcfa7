"""Paths are read by citizens: French. Names of the sign-in pages are those allauth looks up."""

from allauth.account import views as allauth_views
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.decorators.cache import never_cache

from accounts import (
    activity_views,
    contact_views,
    counter_views,
    privacy_views,
    session_views,
    views,
)
from accounts.sessions import citizens_only, recent_proof_required, returns


def citizen_page(view):
    """One of allauth's pages, for citizens signed in, kept by no cache."""
    return never_cache(citizens_only(view))


space_urlpatterns = (
    [
        path("", views.SpaceView.as_view(), name="space"),
        path("profil/", views.ProfileView.as_view(), name="profile"),
        path("profil/modifier/", contact_views.ProfileUpdateView.as_view(), name="profile_update"),
        path(
            "profil/adresse-e-mail/",
            contact_views.ContactEmailView.as_view(),
            name="contact_email",
        ),
        path(
            "profil/changements-vus/",
            contact_views.RefreshSeenView.as_view(),
            name="refresh_seen",
        ),
        path("identifiants/", views.CredentialsView.as_view(), name="credentials"),
        path("identifiants/sessions/", session_views.SessionListView.as_view(), name="sessions"),
        path(
            "identifiants/sessions/fermer/",
            session_views.SessionEndView.as_view(),
            name="session_end",
        ),
        path(
            "identifiants/sessions/fermer-les-autres/",
            session_views.OtherSessionsEndView.as_view(),
            name="sessions_end_others",
        ),
        path(
            "session/prolonger/", session_views.SessionExtendView.as_view(), name="session_extend"
        ),
        path("session/fin/", session_views.SessionOverView.as_view(), name="session_over"),
        path(
            "identifiants/code-mairie/annuler/",
            counter_views.CounterCancelView.as_view(),
            name="counter_cancel",
        ),
        path("activite/", activity_views.ActivityView.as_view(), name="activity"),
        path(
            "activite/telecharger/",
            activity_views.ActivityExportView.as_view(),
            name="activity_export",
        ),
        path("mes-donnees/", privacy_views.DataView.as_view(), name="data"),
        path(
            "mes-donnees/telecharger/",
            privacy_views.DataDownloadView.as_view(),
            name="data_download",
        ),
        path("supprimer/", privacy_views.SpaceDeleteView.as_view(), name="space_delete"),
        path("suppression-demandee/", privacy_views.SpaceKeepView.as_view(), name="space_keep"),
    ],
    "accounts",
)

counter_urlpatterns = (
    [
        path("", counter_views.CounterCodeView.as_view(), name="code"),
        path("adresse-e-mail/", counter_views.CounterEmailView.as_view(), name="email"),
        path("verification/", counter_views.CounterProofView.as_view(), name="proof"),
        path("mot-de-passe/", counter_views.CounterPasswordView.as_view(), name="password"),
    ],
    "counter",
)

urlpatterns = [
    path("mon-espace/", include(space_urlpatterns)),
    path("code-mairie/", include(counter_urlpatterns)),
    path("", include("accounts.mfa_urls")),
    path("connexion/", allauth_views.login, name="account_login"),
    path(
        "deconnexion/",
        views.SignOutView.as_view(),
        name="account_logout",
    ),
    path("acces-bloque/", views.BlockedView.as_view(), name="account_inactive"),
    path("inscription/", views.SignUpView.as_view(), name="account_signup"),
    path(
        "verification-adresse/",
        allauth_views.email_verification_sent,
        name="account_email_verification_sent",
    ),
    path(
        "mon-espace/identifiants/adresse-e-mail/",
        citizen_page(recent_proof_required(returns(allauth_views.email))),
        name="account_email",
    ),
    path(
        "mon-espace/identifiants/mot-de-passe/",
        citizen_page(allauth_views.password_change),
        name="account_change_password",
    ),
    path(
        "mon-espace/identifiants/nouveau-mot-de-passe/",
        citizen_page(recent_proof_required(returns(allauth_views.password_set))),
        name="account_set_password",
    ),
    path("mot-de-passe-oublie/", views.PasswordResetView.as_view(), name="account_reset_password"),
    path(
        "mot-de-passe-oublie/code/",
        login_not_required(views.PasswordResetCodeView.as_view()),
        name="account_confirm_password_reset_code",
    ),
    path(
        "mot-de-passe-oublie/nouveau/",
        login_not_required(views.PasswordResetCompleteView.as_view()),
        name="account_complete_password_reset",
    ),
    path(
        "mot-de-passe-oublie/termine/",
        allauth_views.password_reset_from_key_done,
        name="account_password_reset_completed",
    ),
]
