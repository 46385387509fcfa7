from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import BACKEND_SESSION_KEY
from django.urls import path

from espace_citoyens.dashboard_views import show_dashboard


class AgentAuthenticationForm(AdminAuthenticationForm):
    """The agents' door: the same throttling as the citizens', and the same answer to everybody."""

    def clean(self):
        username = self.cleaned_data.get("username")
        password = self.cleaned_data.get("password")
        if username and password:
            self.user_cache = get_adapter().authenticate(
                self.request, email=username, password=password
            )
            if self.user_cache is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data


class AgentAdminSite(admin.AdminSite):
    site_title = "Espace Citoyens"
    site_header = "Espace Citoyens — agents"
    index_title = "Administration"
    login_form = AgentAuthenticationForm
    enable_nav_sidebar = False

    def get_urls(self):
        dashboard = self.admin_view(show_dashboard)
        return [
            path("tableau-de-bord/", dashboard, name="espace_citoyens_dashboard"),
            *super().get_urls(),
        ]

    def has_permission(self, request):
        """Signed in by a password: whoever became an agent since is not one by FranceConnect."""
        backend = request.session.get(BACKEND_SESSION_KEY)
        return super().has_permission(request) and backend == settings.AUTHENTICATION_BACKENDS[0]
