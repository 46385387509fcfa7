from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from espace_citoyens.dashboard import Dashboard


@require_safe
def show_dashboard(request):
    """Numbers for whoever may read them; nobody's name is among them."""
    if not request.user.has_perm("espace_citoyens.view_dashboard"):
        raise PermissionDenied
    context = admin.site.each_context(request) | {
        "title": "Tableau de bord",
        "trail": [],
        "dashboard": Dashboard(),
    }
    return TemplateResponse(request, "admin/espace_citoyens/dashboard.html", context)
