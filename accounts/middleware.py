"""The sessions of citizens: how long they last, and what becomes of a form that comes too late."""

from allauth.core import context
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest

from accounts import open_sessions, typed
from accounts.open_sessions import SessionEnd

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
