"""Somebody who asked for their space to go decides first, whatever page they come to."""

from django.http import HttpResponseRedirect
from django.urls import reverse

KEEP_PAGE = "accounts:space_keep"
# Asking for nothing of the space: to decide, and to leave.
ALLOWED = {KEEP_PAGE, "account_logout"}


class KeepOrLetGoMiddleware:
    """Leads to the page that keeps the space; costs nothing, the space comes with the user.

    Here rather than in the pages: one that an app adds later, or allauth's own, is covered too.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        """None for a page that goes on; public pages read nobody's session."""
        if not getattr(view, "login_required", True) or request.resolver_match.view_name in ALLOWED:
            return None
        if not request.user.is_authenticated or request.user.is_staff:
            return None
        space = getattr(request.user, "space", None)
        if space is None or space.deletion_asked_at is None:
            return None
        return HttpResponseRedirect(reverse(KEEP_PAGE))
