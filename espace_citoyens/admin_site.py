from django.contrib import admin
from django.urls import path

from accounts import agent_door


class AgentAdminSite(admin.AdminSite):
    site_title = "Espace Citoyens"
    site_header = "Espace Citoyens — agents"
    index_title = "Administration"
    enable_nav_sidebar = False

    def has_permission(self, request):
        """A session opened by the agents' door, with its second factor, and no other."""
        return agent_door.has_passed(request)

    def get_urls(self):
        """Ours first: they take the place of Django's own sign-in and change of password."""
        # The site exists before the models do.
        from accounts.agent_urls import door_urls  # noqa: PLC0415
        from espace_citoyens.dashboard_views import show_dashboard  # noqa: PLC0415

        dashboard = self.admin_view(show_dashboard)
        return [
            *door_urls(self.admin_view),
            path("tableau-de-bord/", dashboard, name="espace_citoyens_dashboard"),
            *super().get_urls(),
        ]
