"""These paths are a promise to integrators: they are declared to FranceConnect."""

from django.urls import path

from franceconnect import views

app_name = "franceconnect"
urlpatterns = [
    path("franceconnect/connexion/", views.StartView.as_view(), name="start"),
    path("franceconnect/callback/", views.CallbackView.as_view(), name="callback"),
    path("franceconnect/premiere-connexion/", views.FirstTimeView.as_view(), name="first_time"),
    path("franceconnect/certifier/", views.LinkView.as_view(), name="link"),
    path("franceconnect/changer-de-personne/", views.SwitchView.as_view(), name="switch"),
    path("franceconnect/dissocier/", views.UnlinkView.as_view(), name="unlink"),
    path(
        "franceconnect/logout-callback/",
        views.LogoutCallbackView.as_view(),
        name="logout_callback",
    ),
    path("franceconnect/bouton/", views.artwork, name="artwork"),
]
