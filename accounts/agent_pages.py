"""What an agent who is in sees of their own access: sessions, second factor, recovery codes."""

import time

from django.contrib import admin, messages
from django.contrib.auth.views import PasswordChangeView
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import TemplateView, View

from accounts import agent_door, agent_factors, open_sessions, second_factor
from accounts.agent_forms import AgentFactorChangeForm, OwnPasswordForm

ACCESS = "admin:agent_access"
CODES_KEY = "accounts_agent_codes"
CODES_SHOWN_SECONDS = 10 * 60


def show_codes(request) -> None:
    """For ten minutes, this session reads the recovery codes just made."""
    request.session[CODES_KEY] = time.time()


class OwnPage(View):
    """A page of the admin about the agent who reads it; the site checks that they are in."""

    title = ""

    def get_context_data(self, **kwargs):
        site = admin.site.each_context(self.request)
        trail = [(reverse_lazy(ACCESS), AccessView.title)] if self.title != AccessView.title else []
        return site | super().get_context_data(title=self.title, trail=trail, **kwargs)


class AccessView(OwnPage, TemplateView):
    """The open sessions of this agent, and what protects their access."""

    title = "Mon accès"
    template_name = "admin/door/access.html"

    def get_context_data(self, **kwargs):
        agent = self.request.user
        return super().get_context_data(
            sessions=open_sessions.open_sessions(self.request),
            idle_minutes=agent_door.idle_minutes(),
            factors=agent_factors.names_of(agent),
            codes_left=len(second_factor.unused_recovery_codes(agent)),
            **kwargs,
        )


class SessionEndView(View):
    """Ends one other session, named by its handle, or all the others."""

    http_method_names = ["post"]

    def post(self, request):
        if "others" in request.POST:
            is_done = open_sessions.end_others(request)
        else:
            is_done = open_sessions.end_one(request, request.POST.get("session", ""))
        if is_done:
            messages.success(request, "C’est fait : il faudra s’y connecter de nouveau.")
        else:
            messages.info(request, "Il n’y avait plus de session à fermer.")
        return redirect(ACCESS)


class RecoveryCodesView(OwnPage, TemplateView):
    """The codes, shown until the agent says that they are put away; ten new ones on demand."""

    title = "Codes de secours"
    template_name = "admin/door/recovery_codes.html"

    def get(self, request, *args, **kwargs):
        made_at = request.session.get(CODES_KEY, 0)
        if time.time() - made_at > CODES_SHOWN_SECONDS:
            return redirect(ACCESS)
        return super().get(request, *args, **kwargs)

    def post(self, request):
        request.session.pop(CODES_KEY, None)
        messages.success(request, "Vous êtes dans l’administration.")
        return redirect("admin:index")

    def get_context_data(self, **kwargs):
        codes = second_factor.unused_recovery_codes(self.request.user)
        return super().get_context_data(codes=codes, **kwargs)


@method_decorator(sensitive_post_parameters(), name="dispatch")
class FactorChangeView(OwnPage, PasswordChangeView):
    """A new telephone, or new recovery codes: proven again by the password and a code."""

    title = "Changer de double authentification"
    template_name = "admin/door/factor_change.html"
    form_class = AgentFactorChangeForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form):
        if form.cleaned_data["wanted"] == form.CODES:
            agent_factors.make_recovery_codes(self.request.user)
            show_codes(self.request)
            return redirect("admin:agent_recovery_codes")
        agent = agent_factors.start_again(self.request.user)
        agent_door.begin(self.request, agent, next_url="")
        return redirect("admin:agent_enrol")


class OwnPasswordView(OwnPage, PasswordChangeView):
    """Django's page; every other session ends with the old password."""

    title = "Changer de mot de passe"
    form_class = OwnPasswordForm
    success_url = reverse_lazy("admin:password_change_done")

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"request": self.request}
