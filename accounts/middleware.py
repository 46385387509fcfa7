"""What stands before every page of a citizen: their session still good, their space not leaving."""

from allauth.core import context
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from accounts import open_sessions, typed
from accounts.open_sessions import SessionEnd

KEEP_PAGE = "accounts:space_keep"
# Asking for nothing of the space: to decide, to take one's time, and to leave.
ALLOWED = {KEEP_PAGE, "account_logout", "accounts:session_extend"}
WHAT_HAPPENED = {
    SessionEnd.IDLE: "Votre session s’est fermée, faute d’activité.",
    SessionEnd.EXPIRED: "Votre session s’est fermée : elle a duré le temps maximal.",
}
WHAT_IS_KEPT = (
    "Ce que vous aviez saisi est gardé une heure : reconnectez-vous pour le retrouver. "
    "Rien n’a été envoyé."
)


class CitizenSessionMiddleware:
    """Ends a session whose time is up, before anything is done in it; writes down the others.

    It needs no JavaScript: the page warns, the server decides.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        # The journal says from which device: allauth's own middleware comes too late for it.
        with context.request_context(request):
            request.session_end = open_sessions.end_if_over(request)
        response = self.get_response(request)
        if response.status_code < 500:
            open_sessions.follow(request)
        return response

    def process_view(self, request, view_func, view_args, view_kwargs):
        """A form of the personal space sent by nobody any more is kept, and its owner asked in."""
        is_late = request.method == "POST" and request.user.is_anonymous
        kept_url = typed.keep(request) if is_late else None
        say_what_happened(request, is_kept=kept_url is not None)
        return ask_to_sign_in(kept_url) if kept_url else None


def say_what_happened(request: HttpRequest, *, is_kept: bool) -> None:
    """One message: why the session is over, and what becomes of what was typed."""
    sentences = [WHAT_HAPPENED.get(request.session_end, "")]
    if is_kept:
        sentences = [sentences[0] or "Votre session est fermée.", WHAT_IS_KEPT]
    if text := " ".join(sentences).strip():
        messages.info(request, text)


def ask_to_sign_in(next_url: str):
    """The sign-in page, which leads back to `next_url`."""
    return redirect_to_login(next_url, settings.LOGIN_URL)


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Django's, which would lead whoever opens most pages of the admin to the citizens' door."""

    def process_view(self, request, view_func, view_args, view_kwargs):
        answer = super().process_view(request, view_func, view_args, view_kwargs)
        if answer and request.resolver_match.app_name == "admin":
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        return answer


class KeepOrLetGoMiddleware:
    """Leads whoever asked for their space to go to the page that keeps it, wherever they come.

    Costs nothing: the space comes with the user.

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
