"""The only file that knows every app."""

from django.contrib import admin
from django.urls import include, path

from espace_citoyens import health, metrics, views

handler500 = "espace_citoyens.health.server_error"

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("", include("accounts.urls")),
    path("", include("franceconnect.urls")),
    path("aide/franceconnect/", views.FranceConnectHelpView.as_view(), name="help_franceconnect"),
    path("health/live/", health.live, name="health_live"),
    path("health/ready/", health.ready, name="health_ready"),
    path("metrics/", metrics.metrics, name="metrics"),
    path("mentions-legales/", views.LegalNoticeView.as_view(), name="legal_notice"),
    path("donnees-personnelles/", views.PersonalDataView.as_view(), name="personal_data"),
    path("ville/couleurs/<str:main>-<str:accent>/", views.town_colours, name="town_colours"),
    path("ville/logo/<str:digest>/", views.town_logo, name="town_logo"),
    path("admin/", admin.site.urls),
]
