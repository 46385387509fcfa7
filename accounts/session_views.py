"""The open sessions of a citizen: seen, ended one by one or together, prolonged, left to end."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import JsonResponse
from django.shortcuts import redirect, resolve_url
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView, View

from accounts import open_sessions, typed
from accounts.middleware import ask_to_sign_in, say_what_happened
from accounts.open_sessions import SessionEnd
from accounts.sessions import is_local_path
from accounts.views import SpaceMixin


class SessionListView(SpaceMixin, TemplateView):
    template_name = "accounts/sessions.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            sessions=open_sessions.open_sessions(self.request),
            idle_minutes=settings.SESSION_IDLE_SECONDS // 60,
            **kwargs,
        )


class SessionEndView(SpaceMixin):
    """Ends one other session, named by its handle."""

    http_method_names = ["post"]
    button_page = "accounts:sessions"

    def post(self, request):
        if open_sessions.end_one(request, request.POST.get("session", "")):
            messages.success(request, "La session est fermée.")
        else:
            messages.info(request, "Cette session était déjà fermée.")
        return redirect("accounts:sessions")


class OtherSessionsEndView(SpaceMixin, TemplateView):
    """Asks, then ends every session but this one."""

    template_name = "accounts/sessions_end_others.html"
    http_method_names = ["get", "post"]

    def get_context_data(self, **kwargs):
        others = [s for s in open_sessions.open_sessions(self.request) if not s.is_current]
        return super().get_context_data(others=others, **kwargs)

    def post(self, request):
        if open_sessions.end_others(request):
            messages.success(request, "Vos autres sessions sont fermées.")
        else:
            messages.info(request, "Aucune autre session n’était ouverte.")
        return redirect("accounts:sessions")


class SessionExtendView(SpaceMixin):
    """The button of the warning: a visit like any other, written down at once."""

    http_method_names = ["post"]

    def post(self, request):
        open_sessions.refresh(request)
        return JsonResponse({"seconds": open_sessions.seconds_left(request)})


@method_decorator([login_not_required, never_cache], name="dispatch")
class SessionOverView(View):
    """Where a page goes by itself when its time is up, with what was typed in it.

    It only puts aside, and ends: nothing sent here is ever done. A session in use in another tab
    goes on, and the page comes back as it was.
    """

    http_method_names = ["post"]

    def http_method_not_allowed(self, request, *args, **kwargs):
        """An address restored by the browser: nothing ends."""
        return redirect(settings.LOGIN_REDIRECT_URL)

    def post(self, request):
        page = request.POST.get(typed.PAGE_FIELD, "")
        page = page if is_local_path(page) else resolve_url(settings.LOGIN_REDIRECT_URL)
        kept_url = typed.keep(request)
        if request.user.is_authenticated:
            if open_sessions.is_in_use(request):
                return redirect(kept_url or page)
            request.session_end = SessionEnd.IDLE
            open_sessions.end_present(request, SessionEnd.IDLE)
        say_what_happened(request, is_kept=kept_url is not None)
        return ask_to_sign_in(kept_url or page)
