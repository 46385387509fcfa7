"""The way of the town hall's counter: a code handed over there, a space prepared there."""

from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator

from accounts.counter import find_code, live_code
from accounts.counter_forms import TOO_MANY_TRIES, WRONG_CODE, CounterCodeForm
from accounts.limits import within_rate
from franceconnect import counter, matching, services, sign_out, state
from franceconnect.code_views import CodePageView, may_send_code
from franceconnect.forms import LinkCodeForm, LinkConfirmForm
from franceconnect.journey import rate_limited
from franceconnect.linking import REFUSALS, Decision

# A code has 57 bits: these limits are for whoever would try all the same. By person identified,
# then by address, which is that of everybody at the counter.
RATES_BY_PERSON = "10/h/key,20/d/key"
RATES_BY_ADDRESS = "60/h/ip"


@method_decorator([login_not_required, rate_limited], name="dispatch")
class CounterCodeView(CodePageView):
    """ "La mairie m’a donné un code": the code, typed by somebody just identified (row 9)."""

    template_name = "franceconnect/counter_code.html"
    form_class = CounterCodeForm

    def form_valid(self, form):
        if not self.may_try():
            form.add_error("code", TOO_MANY_TRIES)
            return self.form_invalid(form)
        found = find_code(form.cleaned_data["code"])
        if found is None:
            form.add_error("code", WRONG_CODE)
            return self.form_invalid(form)
        state.stash_pending(self.request.session, replace(self.pending, counter_code=found.pk))
        return redirect("franceconnect:counter_link")

    def may_try(self) -> bool:
        """Whether this person, and this address, may still try a code; counts the try."""
        person = f"{self.pending.issuer} {self.pending.sub}"
        is_within = within_rate(self.request, "counter_person", RATES_BY_PERSON, key=person)
        return is_within and within_rate(self.request, "counter_address", RATES_BY_ADDRESS)


@method_decorator([login_not_required, rate_limited], name="dispatch")
class CounterLinkView(CodePageView):
    """Both identities side by side, as in row 10; then the tie, and the space is open."""

    template_name = "franceconnect/counter_link.html"
    form_class = LinkConfirmForm
    way_in = "franceconnect:counter_code"

    def is_ready(self) -> bool:
        self.code = None
        if self.pending is not None and self.pending.counter_code is not None:
            self.code = live_code(self.pending.counter_code)
        return self.code is not None

    def leave(self, request):
        if self.pending is not None and self.pending.counter_code is not None:
            messages.error(request, REFUSALS[Decision.REFUSE_COUNTER_CODE])
        return super().leave(request)

    def post(self, request, *args, **kwargs):
        if "cancel" in request.POST:
            state.discard_pending(request.session)
            messages.info(request, "Rien n’a changé, et le code reste valable.")
            # Perhaps the wrong account: FranceConnect must not choose it again by itself.
            url = sign_out.end_platform_session_url(request, self.platform)
            return redirect(url or reverse("home"))
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self):
        needs_tick = self.pending.identity.differs_strongly(self.code.space)
        return super().get_form_kwargs() | {"needs_tick": needs_tick}

    def get_context_data(self, **kwargs):
        space = self.code.space
        replaces = counter.gives_way(space.user, self.pending).exists()
        return super().get_context_data(space=space, replaces=replaces, **kwargs)

    def form_valid(self, form):
        user = counter.apply_counter_code(self.pending)
        return enter(self.request, user, self.pending)


@method_decorator([login_not_required, rate_limited], name="dispatch")
class PreparedRequestView(CodePageView):
    """Row 7: mails a code to the address that the counter has on file, which is not shown."""

    http_method_names = ["get", "post"]

    def get(self, request, *args, **kwargs):
        return redirect("franceconnect:first_time")

    def post(self, request, *args, **kwargs):
        space = self.pending and matching.prepared_space(self.pending.identity)
        if not space or not space.contact_email:
            return redirect("franceconnect:first_time")
        if not may_send_code(request, self.pending, space.contact_email):
            messages.error(
                request, "Trop de codes ont été demandés. Attendez une heure, puis réessayez."
            )
            return redirect("franceconnect:first_time")
        key = counter.send_prepared_code(self.pending, space)
        state.stash_pending(request.session, replace(self.pending, prepared_key=key))
        return redirect("franceconnect:prepared_entry")


@method_decorator([login_not_required, rate_limited], name="dispatch")
class PreparedEntryView(CodePageView):
    """The six digits, typed in the browser that asked; open the prepared space."""

    template_name = "franceconnect/prepared_entry.html"
    form_class = LinkCodeForm
    way_in = "franceconnect:first_time"

    def is_ready(self) -> bool:
        return self.pending is not None and bool(self.pending.prepared_key)

    def form_valid(self, form):
        user = counter.apply_prepared(self.pending, code=form.cleaned_data["code"])
        if user is None:
            form.add_error(
                "code",
                "Ce code n’est pas le bon, ou il a expiré. Vérifiez les six chiffres du dernier "
                "message ; après cinq essais, demandez un nouveau code.",
            )
            return self.form_invalid(form)
        return enter(self.request, user, self.pending)


def enter(request, user, pending):
    """Sign in whoever FranceConnect identified, to the space that is now theirs."""
    services.open_session(request, user, pending)
    messages.success(request, "Votre espace personnel est ouvert et certifié.")
    return redirect(pending.next_url)
