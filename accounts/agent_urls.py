"""The agents' door and their own pages, under /admin/: the site puts them before Django's."""

from django.urls import path

from accounts import agent_pages, agent_views


def door_urls(admin_view) -> list:
    """`admin_view` is the site's own guard, for the pages of those who are in."""
    return [
        path("login/", agent_views.AgentSignInView.as_view(), name="login"),
        path("connexion/code/", agent_views.SecondFactorView.as_view(), name="agent_second_factor"),
        path("connexion/protection/", agent_views.EnrolView.as_view(), name="agent_enrol"),
        path("connexion/quitter/", agent_views.LeaveView.as_view(), name="agent_leave"),
        path("invitation/", agent_views.InvitationView.as_view(), name="agent_invitation"),
        path(
            "password_change/",
            admin_view(agent_pages.OwnPasswordView.as_view()),
            name="password_change",
        ),
        path("mon-acces/", admin_view(agent_pages.AccessView.as_view()), name="agent_access"),
        path(
            "mon-acces/fermer/",
            admin_view(agent_pages.SessionEndView.as_view()),
            name="agent_session_end",
        ),
        path(
            "mon-acces/codes-de-secours/",
            admin_view(agent_pages.RecoveryCodesView.as_view()),
            name="agent_recovery_codes",
        ),
        path(
            "mon-acces/double-authentification/",
            admin_view(agent_pages.FactorChangeView.as_view()),
            name="agent_factor_change",
        ),
    ]
