""" "J'ai déjà un espace", proven by a code mailed to its login e-mail."""

from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.generic import FormView

from accounts.limits import within_rate
from franceconnect import codes, services, state
from franceconnect.forms import LinkCodeForm, LinkCodeRequestForm
from franceconnect.journey import rate_limited
from franceconnect.linking import Decision
from franceconnect.pending_views import PendingMixin

# Six digits, five tries each: few codes keep guessing hopeless, and a mailbox quiet. By address
# written to, and by person who asks: neither many people nor many addresses go around it.
RATES_BY_ADDRESSEE = "6/h/key,12/d/key"
RATES_BY_PERSON = "5/h/key,10/d/key"


def may_send_code(request, pending, email: str) -> bool:
    """Whether this person may still ask for a code, and this address be written to."""
    limits = (
        ("code_person", RATES_BY_PERSON, f"{pending.issuer} {pending.sub}"),
        ("code_addressee", RATES_BY_ADDRESSEE, email),
    )
    return all(within_rate(request, action, rate, key=key) for action, rate, key in limits)


class CodePageView(PendingMixin, FormView):
    """Pages of somebody identified, not signed in, who says that they have a space."""

    question = Decision.ASK_FIRST_TIME
    way_in = "franceconnect:code_request"

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            return redirect("franceconnect:link")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs) if self.is_ready() else self.leave(request)

    def post(self, request, *args, **kwargs):
        return super().post(request, *args, **kwargs) if self.is_ready() else self.leave(request)

    def is_ready(self) -> bool:
        return self.pending is not None

    def leave(self, request):
        """Too late, or out of order: back to where the way starts."""
        if self.pending is not None:
            return redirect(self.way_in)
        messages.info(request, "Votre demande a expiré. Identifiez-vous de nouveau.")
        return redirect("home")


@method_decorator([login_not_required, rate_limited], name="dispatch")
class CodeRequestView(CodePageView):
    """Asks which login e-mail; says the same whether or not it opens a space."""

    template_name = "franceconnect/code_request.html"
    form_class = LinkCodeRequestForm

    def get_initial(self):
        return {"email": self.pending.code_email}

    def form_valid(self, form):
        email = form.cleaned_data["email"].lower()
        if not may_send_code(self.request, self.pending, email):
            form.add_error(
                "email",
                "Trop de codes ont été demandés. Attendez une heure, ou entrez avec votre mot de "
                "passe.",
            )
            return self.form_invalid(form)
        key = codes.send_code(self.pending, email=email)
        waiting = replace(self.pending, code_key=key, code_email=email)
        state.stash_pending(self.request.session, waiting)
        return redirect("franceconnect:code_entry")


@method_decorator([login_not_required, rate_limited], name="dispatch")
class CodeEntryView(CodePageView):
    """The six digits, typed in the browser that asked; opens the space, then asks about the tie."""

    template_name = "franceconnect/code_entry.html"
    form_class = LinkCodeForm

    def is_ready(self) -> bool:
        return self.pending is not None and bool(self.pending.code_key)

    def form_valid(self, form):
        citizen = codes.redeem_code(
            key=self.pending.code_key,
            email=self.pending.code_email,
            code=form.cleaned_data["code"],
        )
        if citizen is None:
            form.add_error(
                "code",
                "Ce code n’est pas le bon, ou il a expiré. Vérifiez les six chiffres du dernier "
                "message ; après cinq essais, demandez un nouveau code.",
            )
            return self.form_invalid(form)
        services.open_session_by_code(self.request, citizen, self.pending)
        return redirect("franceconnect:link")
