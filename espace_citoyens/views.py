"""Home and information pages."""

from allauth.account.forms import LoginForm
from allauth.utils import get_form_class
from csp.decorators import csp
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from accounts import typed
from accounts.middleware import ask_to_sign_in, say_what_happened
from espace_citoyens.colours import palette_of
from espace_citoyens.models import Logo


def sign_in_form(request) -> LoginForm:
    """The form of the home page's sign-in block."""
    return get_form_class(settings.ACCOUNT_FORMS, "login", LoginForm)(request=request)


@method_decorator([login_not_required, never_cache], name="dispatch")
class HomeView(TemplateView):
    template_name = "home.html"

    def get_context_data(self, **kwargs):
        if not self.request.user.is_authenticated:
            kwargs["form"] = sign_in_form(self.request)
        return super().get_context_data(**kwargs)


@method_decorator([login_not_required, never_cache], name="dispatch")
class FranceConnectHelpView(TemplateView):
    template_name = "help/franceconnect.html"


@method_decorator([login_not_required, never_cache], name="dispatch")
class LegalNoticeView(TemplateView):
    template_name = "legal/notice.html"


@method_decorator([login_not_required, never_cache], name="dispatch")
class PersonalDataView(TemplateView):
    template_name = "legal/personal_data.html"
    extra_context = {"kept": settings.RETENTION}


@login_not_required
def town_colours(request, main: str, accent: str):
    """The palette of these two colours; none for a pair that not everybody can read.

    The address says it all: it is the same in every process, before and after a change.
    """
    palette = palette_of(f"#{main}", f"#{accent}")
    if palette is None:
        raise Http404
    return _kept_for_ever(HttpResponse(palette.stylesheet, content_type="text/css"))


@login_not_required
@csp({"default-src": ["'none'"], "sandbox": True, "frame-ancestors": ["'none'"]})
def town_logo(request, digest: str):
    """A logo by the digest of what it holds; opened by itself, it may load and run nothing."""
    logo = get_object_or_404(Logo, pk=digest)
    return _kept_for_ever(HttpResponse(bytes(logo.content), content_type=logo.media_type))


def _kept_for_ever(response: HttpResponse) -> HttpResponse:
    """What an address names by its content never changes (RFC 8246)."""
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


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
