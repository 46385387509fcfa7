"""These paths are a promise to integrators: they are declared to FranceConnect."""

from django.urls import path

from franceconnect import pending_views, views

app_name = "franceconnect"
urlpatterns = [
    path("franceconnect/connexion/", views.StartView.as_view(), name="start"),
    path("franceconnect/callback/", views.CallbackView.as_view(), name="callback"),
    path(
        "franceconnect/premiere-connexion/",
        pending_views.FirstTimeView.as_view(),
        name="first_time",
    ),
    path("franceconnect/echec/", views.FailureView.as_view(), name="failure"),
    path("franceconnect/certifier/", pending_views.LinkView.as_view(), name="link"),
    path("franceconnect/changer-de-personne/", pending_views.SwitchView.as_view(), name="switch"),
    path("franceconnect/dissocier/", pending_views.UnlinkView.as_view(), name="unlink"),
    path(
        "franceconnect/logout-callback/",
        views.LogoutCallbackView.as_view(),
        name="logout_callback",
    ),
    path("franceconnect/bouton/", views.artwork, name="artwork"),
]
