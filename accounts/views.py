"""Pages of the personal space. Sign-in pages are allauth's, with our forms and templates."""

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth import logout
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import FormView, TemplateView, View

from accounts import services
from accounts.adapter import AccountAdapter
from accounts.forms import ProfileForm, SpaceDeleteForm
from accounts.models import JournalKind
from accounts.sessions import citizens_only, reauthentication_required, session_opening

RECENT_SIGN_INS = 3


@method_decorator([never_cache, citizens_only], name="dispatch")
class SpaceMixin(View):
    """For citizens signed in: `self.space` is theirs, and no address names another."""

    def dispatch(self, request, *args, **kwargs):
        return super().dispatch(request, *args, **kwargs)

    @property
    def space(self):
        return self.request.user.space

    def get_context_data(self, **kwargs):
        return super().get_context_data(space=self.space, **kwargs)


class SpaceView(SpaceMixin, TemplateView):
    template_name = "accounts/space.html"

    def get_context_data(self, **kwargs):
        sign_ins = self.request.user.journal.filter(kind=JournalKind.SIGNED_IN)
        return super().get_context_data(
            opening=session_opening(self.request),
            recent_sign_ins=sign_ins[:RECENT_SIGN_INS],
            **kwargs,
        )


class ProfileView(SpaceMixin, TemplateView):
    template_name = "accounts/profile.html"


class ProfileUpdateView(SpaceMixin, FormView):
    template_name = "accounts/profile_update.html"
    form_class = ProfileForm
    success_url = reverse_lazy("accounts:profile")

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"space": self.space}

    def form_valid(self, form):
        form.save()
        messages.success(self.request, "Votre profil est à jour.")
        return super().form_valid(form)


class CredentialsView(SpaceMixin, TemplateView):
    template_name = "accounts/credentials.html"

    def get_context_data(self, **kwargs):
        pending = EmailAddress.objects.filter(user=self.request.user, verified=False)
        return super().get_context_data(
            pending_email=pending.first(), opening=session_opening(self.request), **kwargs
        )


@method_decorator(reauthentication_required, name="dispatch")
class SpaceDeleteView(SpaceMixin, FormView):
    template_name = "accounts/space_delete.html"
    form_class = SpaceDeleteForm

    def form_valid(self, form):
        next_url = AccountAdapter(self.request).get_logout_redirect_url(self.request)
        services.close_space(self.space)
        logout(self.request)
        messages.success(self.request, "Votre espace personnel est supprimé.")
        return redirect(next_url)
