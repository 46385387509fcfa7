"""Home and information pages."""

from allauth.account.forms import LoginForm
from allauth.utils import get_form_class
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from accounts import typed
from accounts.middleware import ask_to_sign_in, say_what_happened


@method_decorator([login_not_required, never_cache], name="dispatch")
class HomeView(TemplateView):
    template_name = "home.html"

    def get_context_data(self, **kwargs):
        if not self.request.user.is_authenticated:
            form_class = get_form_class(settings.ACCOUNT_FORMS, "login", LoginForm)
            kwargs["form"] = form_class(request=self.request)
        return super().get_context_data(**kwargs)


@method_decorator([login_not_required, never_cache], name="dispatch")
class FranceConnectHelpView(TemplateView):
    template_name = "help/franceconnect.html"


def csrf_failure(request, reason=""):
    """A form sent from a page opened before a sign-in or a sign-out: say so, and what to do.

    What was typed in a form of the personal space is shown again to its owner.
    """
    if kept_url := typed.keep(request):
        if request.user.is_authenticated:
            return redirect(kept_url)
        say_what_happened(request, is_kept=True)
        return ask_to_sign_in(kept_url)
    return render(request, "403_csrf.html", status=403)
