"""« Mes données », and the end of a space: asked for, or thought better of."""

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.generic import FormView, TemplateView

from accounts import erasure, exports
from accounts.forms import SpaceDeleteForm
from accounts.limits import within_rate
from accounts.sessions import (
    has_recent_proof,
    reauthentication_required,
    reauthentication_url,
)
from accounts.views import SpaceMixin

# An archive costs a reading of the whole journal.
EXPORTS_OF_ONE_PERSON = "5/h/user"


class DataView(SpaceMixin, TemplateView):
    """What is held, why, how long, and the copy: a proof under ten minutes old comes first."""

    template_name = "accounts/data.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            is_proven=has_recent_proof(self.request),
            proof_url=reauthentication_url(reverse("accounts:data")),
            is_long=exports.is_long(self.request.user),
            export=exports.export_of(self.request.user),
            kept=settings.RETENTION,
            **kwargs,
        )


class DataDownloadView(SpaceMixin):
    """The copy itself, made now or taken from the worker; POST, for the journal says so."""

    http_method_names = ["post"]
    button_page = "accounts:data"

    def post(self, request):
        if not has_recent_proof(request):
            return redirect(reauthentication_url(reverse("accounts:data")))
        if not within_rate(request, "data_export", EXPORTS_OF_ONE_PERSON):
            return ratelimit.respond_429(request)
        archive = exports.take_export(request.user)
        if archive is not None:
            return _attached(archive)
        if exports.is_long(request.user):
            return self._leave_to_worker(request)
        return _attached(exports.export_now(request.user))

    def _leave_to_worker(self, request):
        exports.ask_export(request.user)
        messages.info(
            request,
            "Votre journal est long : la copie se prépare. Un courriel vous prévient quand elle "
            "est prête, et vous la téléchargez ici.",
        )
        return redirect("accounts:data")


def _attached(archive: bytes) -> HttpResponse:
    """Saved to a file, and kept by no cache (RFC 9111 §5.2.2.5)."""
    response = HttpResponse(archive, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{exports.FILE_NAME}"'
    return response


@method_decorator(reauthentication_required, name="dispatch")
class SpaceDeleteView(SpaceMixin, FormView):
    """What goes, what stays, by when; a tick starts the delay and signs out of everything."""

    template_name = "accounts/space_delete.html"
    form_class = SpaceDeleteForm

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            erased_on=erasure.deletion_date(), kept=settings.RETENTION, **kwargs
        )

    def form_valid(self, form):
        # Asked first: it reads in the session what ends the provider's own.
        next_url = get_adapter().get_logout_redirect_url(self.request)
        erasure.ask_deletion(self.request.user)
        logout(self.request)
        messages.success(
            self.request,
            "Votre demande est enregistrée, et vous êtes déconnecté. Pour garder votre espace, "
            f"connectez-vous avant {settings.RETENTION['deletion_days']} jours.",
        )
        return redirect(next_url)


class SpaceKeepView(SpaceMixin, TemplateView):
    """Signing in during the delay leads here: to keep the space, or to let it go."""

    template_name = "accounts/space_keep.html"

    def get(self, request, *args, **kwargs):
        if self.space.deletion_asked_at is None:
            return redirect("accounts:space")
        return super().get(request, *args, **kwargs)

    def post(self, request):
        if erasure.cancel_deletion(request.user):
            messages.success(request, "Vous gardez votre espace. Rien n’a été effacé.")
        return redirect("accounts:space")

    def get_context_data(self, **kwargs):
        erased_on = erasure.deletion_date(self.space.deletion_asked_at)
        return super().get_context_data(erased_on=erased_on, **kwargs)
