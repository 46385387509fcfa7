"""The only file that knows every app."""

from django.contrib import admin
from django.urls import include, path

from espace_citoyens import views

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("", include("accounts.urls")),
    path("", include("franceconnect.urls")),
    path("aide/franceconnect/", views.FranceConnectHelpView.as_view(), name="help_franceconnect"),
    path("health/live/", views.live, name="health_live"),
    path("health/ready/", views.ready, name="health_ready"),
    path("admin/", admin.site.urls),
]
