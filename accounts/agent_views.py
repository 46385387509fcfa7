"""The agents' door, page by page: password, second factor, enrolment, invitation."""

import base64

from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.webauthn.internal import auth as webauthn_auth
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, View

from accounts import agent_door, agent_factors, passkeys
from accounts.agent_forms import AgentCodeForm, AgentSignInForm, InvitationForm
from accounts.agent_lockout import remember_device
from accounts.agent_pages import show_codes
from accounts.credentials import passkeys_of
from accounts.mfa_forms import AppActivateForm, PasskeyAddForm, PasskeySecondFactorForm

SIGN_IN = "admin:login"
START_AGAIN = "Recommencez : cette étape a duré plus de dix minutes, ou votre compte a changé."


# On each class that has a `dispatch` of its own: the mark is the method's.
door_page = method_decorator(
    [sensitive_post_parameters(), never_cache, login_not_required], name="dispatch"
)


@door_page
class DoorView(FormView):
    """A page before the admin: it shows nothing of it, and needs nobody signed in."""

    title = ""

    def get_context_data(self, **kwargs):
        site = admin.site.each_context(self.request)
        return site | super().get_context_data(title=self.title, subtitle=None, **kwargs)


class AgentSignInView(DoorView):
    """E-mail and password. Who has given them already goes on to the second step."""

    title = "Connexion"
    template_name = "admin/door/sign_in.html"
    form_class = AgentSignInForm

    def get(self, request, *args, **kwargs):
        if agent_door.has_passed(request):
            return redirect("admin:index")
        if agent := agent_door.pending_agent(request):
            return _next_step(agent)
        return super().get(request, *args, **kwargs)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"request": self.request}

    def get_context_data(self, **kwargs):
        asked = self.request.POST.get("next") or self.request.GET.get("next", "")
        context = super().get_context_data(**kwargs)
        return context | {"app_path": self.request.path, "next": asked, "username": "un habitant"}

    def form_valid(self, form):
        next_url = self.request.POST.get("next", "")
        agent_door.begin(self.request, form.agent, next_url=next_url)
        return _next_step(form.agent)


@door_page
class PendingView(DoorView):
    """A second step: for whoever has passed the first in this browser, and for nobody else."""

    def dispatch(self, request, *args, **kwargs):
        self.agent = agent_door.pending_agent(request)
        if self.agent is None:
            messages.info(request, START_AGAIN)
            return redirect(SIGN_IN)
        return self.right_step() or super().dispatch(request, *args, **kwargs)

    def right_step(self):
        """The answer that leads to another step; None when it is this one."""

    def enter(self, *, means: str, page: str = ""):
        """Open the session, and remember this browser."""
        next_url = agent_door.finish(self.request, self.agent, means=f"mot de passe + {means}")
        response = redirect(page or next_url or "admin:index")
        remember_device(self.request, response, self.agent.email)
        return response

    def passkey_context(self, name: str, make_options) -> dict:
        """What the browser is asked, where it would make or show a passkey at all."""
        if not passkeys.are_possible(self.request):
            return {}
        return {"js_data": {name: make_options()}}


class SecondFactorView(PendingView):
    """An app's code, a recovery code, or a passkey."""

    title = "Double authentification"
    template_name = "admin/door/second_factor.html"

    def right_step(self):
        return None if agent_factors.has_factor(self.agent) else redirect("admin:agent_enrol")

    def get_form(self, form_class=None):
        kwargs = self.get_form_kwargs()
        if "credential" in self.request.POST:
            return PasskeySecondFactorForm(**kwargs, user=self.agent)
        return AgentCodeForm(**kwargs, agent=self.agent, request=self.request)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        if passkeys_of(self.agent).exists():
            context |= self.passkey_context(
                "request_options", lambda: webauthn_auth.begin_authentication(self.agent)
            )
        return context

    def form_valid(self, form):
        is_passkey = isinstance(form, PasskeySecondFactorForm)
        return self.enter(means=agent_factors.PASSKEY if is_passkey else form.means)


class EnrolView(PendingView):
    """The first sign-in: an app or a passkey, then the admin, and not before."""

    title = "Protégez votre accès"
    template_name = "admin/door/enrol.html"

    def right_step(self):
        is_enrolled = agent_factors.has_factor(self.agent)
        return redirect("admin:agent_second_factor") if is_enrolled else None

    def get_form(self, form_class=None):
        is_passkey = "credential" in self.request.POST
        form_class = PasskeyAddForm if is_passkey else AppActivateForm
        return form_class(**self.get_form_kwargs(), user=self.agent)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        is_app = isinstance(context["form"], AppActivateForm)
        app = context["form"] if is_app else AppActivateForm(user=self.agent)
        options = self.passkey_context(
            "creation_options",
            lambda: webauthn_auth.begin_registration(self.agent, passwordless=False),
        )
        return context | {"app": app, **_to_scan(self.agent, app.secret), **options}

    def form_valid(self, form):
        if isinstance(form, AppActivateForm):
            means = "code"
            is_on = agent_factors.enrol_app(self.agent, secret=form.secret, counter=form.counter)
        else:
            means, values = agent_factors.PASSKEY, form.cleaned_data
            is_on = agent_factors.enrol_passkey(
                self.agent, name=values["name"], credential=values["credential"]
            )
        self.request.session.pop(SECRET_SESSION_KEY, None)
        if not is_on:
            return redirect("admin:agent_second_factor")
        show_codes(self.request)
        return self.enter(means=means, page="admin:agent_recovery_codes")


class InvitationView(DoorView):
    """A GET shows the form; the code that was mailed is typed, never part of an address."""

    title = "Choisir votre mot de passe"
    template_name = "admin/door/invitation.html"
    form_class = InvitationForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"request": self.request}

    def form_valid(self, form):
        agent_door.begin(self.request, form.agent, next_url="")
        return _next_step(form.agent)


@method_decorator([never_cache, login_not_required], name="dispatch")
class LeaveView(View):
    """Gives up between both steps; also signs out."""

    http_method_names = ["post"]

    def post(self, request):
        logout(request)
        return redirect(SIGN_IN)


def _to_scan(agent, secret: str) -> dict:
    """The drawing (as an address that holds it all) and the link that an app reads."""
    address = get_mfa_adapter().build_totp_url(agent, secret)
    drawing = base64.b64encode(get_mfa_adapter().build_totp_svg(address).encode()).decode()
    return {"totp_url": address, "totp_svg_data_uri": f"data:image/svg+xml;base64,{drawing}"}


def _next_step(agent):
    is_enrolled = agent_factors.has_factor(agent)
    return redirect("admin:agent_second_factor" if is_enrolled else "admin:agent_enrol")
