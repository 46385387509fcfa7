"""Asking for data of other administrations: what is asked and why, the departure, what came."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView

from accounts.sessions import citizens_only
from accounts.views import SpaceMixin
from franceconnect import conf, services
from franceconnect.data import asking, catalogue, circuit, waiting
from franceconnect.data.answers import Outcome
from franceconnect.data.asking import DEMAND
from franceconnect.journey import JourneyView
from franceconnect.start_views import StartView
from franceconnect.state import Intent


class DataMixin(JourneyView):
    """Pages that exist only where some datum may be asked, by FranceConnect alone.

    FranceConnect+ knows few of these scopes, and the quotient is not one of them.
    """

    def find_platform(self):
        return conf.platform(conf.FRANCECONNECT) if catalogue.offered() else None


@method_decorator(citizens_only, name="dispatch")
class DataRequestView(SpaceMixin, DataMixin, TemplateView):
    """Which data, whose, why; the button that leaves for FranceConnect, and the way without it."""

    template_name = "franceconnect/data_request.html"

    def get_context_data(self, **kwargs):
        signed = self.request.GET.get(DEMAND, "")
        asked = asking.read_request(signed)
        if asked is None:
            raise Http404("no request of ours")
        kinds = catalogue.kinds_of(asked.names)
        return super().get_context_data(
            asked=asked,
            signed=signed,
            kinds=kinds,
            is_linked=services.link_of(self.request, conf.FRANCECONNECT) is not None,
            silent=[kind for kind in kinds if _is_silent(kind.provider.NAME)],
            **kwargs,
        )


def _is_silent(provider: str) -> bool:
    return circuit.must_wait(provider) or circuit.is_down(provider)


@method_decorator([login_required, citizens_only], name="dispatch")
class DataStartView(DataMixin, StartView):
    """Leaves for FranceConnect with the scopes of what is asked: a linked citizen's own act."""

    def post(self, request):
        signed = request.POST.get(DEMAND, "")
        asked = asking.read_request(signed)
        if asked is None:
            raise Http404("no request of ours")
        if services.link_of(request, conf.FRANCECONNECT) is None:
            # Whoever came back could not be told to be this citizen.
            return redirect(asked.page_url)
        self.demand, self.extra_scopes = signed, tuple(catalogue.scopes_of(asked.names))
        return self.leave(request, Intent.DATA, asked.next_url)


@method_decorator(citizens_only, name="dispatch")
class DataReceivedView(SpaceMixin, DataMixin, TemplateView):
    """What came, with its source and month, and what did not; the citizen says what to do."""

    template_name = "franceconnect/data_received.html"

    def dispatch(self, request, *args, **kwargs):
        self.waiting = waiting.find(request.session, request.user.pk)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request, *args, **kwargs):
        if self.waiting is None:
            return self._nothing_waits(request)
        if self.waiting.is_decided:
            return redirect(self.waiting.request.next_url)
        return super().get(request, *args, **kwargs)

    def post(self, request):
        if self.waiting is None:
            return self._nothing_waits(request)
        if not self.waiting.is_decided:
            is_accepted = "use" in request.POST
            waiting.keep(request.session, self.waiting.decided(is_accepted=is_accepted))
        return redirect(self.waiting.request.next_url)

    @staticmethod
    def _nothing_waits(request):
        """Too late: the page that asked is forgotten with the data."""
        messages.info(
            request,
            "Ce que vous aviez reçu a été oublié au bout de dix minutes. Reprenez votre démarche "
            "pour le demander à nouveau.",
        )
        return redirect("accounts:space")

    def get_context_data(self, **kwargs):
        missing = [datum for datum in self.waiting.data if not datum.is_received]
        return super().get_context_data(
            asked=self.waiting.request,
            received=self.waiting.usable,
            missing=missing,
            # Only a new authorisation gives a new token.
            signed=self.waiting.request.signed() if _is_worth_asking_again(missing) else "",
            **kwargs,
        )


def _is_worth_asking_again(missing) -> bool:
    return any(datum.outcome is Outcome.EXPIRED for datum in missing)
