"""The code of the counter: handed over on paper, by two agents where its owner chose more."""

from urllib.parse import quote

from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.debug import sensitive_variables

from accounts import counter, files
from accounts.admin.base import ReadOnlyAdmin
from accounts.models import CounterCodeRequest, IdentityDocument, PersonalSpace

REFUSALS = {
    counter.SpaceCannotBeOpened: (
        "L’accès à cet espace est bloqué, ou la personne est devenue agent : aucun code ne "
        "l’ouvrirait. Rien n’a été créé."
    ),
    counter.SecondAgentNeeded: (
        "Cet espace demande deux agents, et aucun autre n’a encore vu la personne, ou sa demande a "
        "expiré. Rien n’a été créé : recommencez depuis cette page."
    ),
    counter.AskedAlready: (
        "Un autre agent vient de demander ce code. Rien n’a été créé : rechargez cette page."
    ),
    counter.TooManyCodes: (
        "Vous avez atteint le nombre de codes d’une journée. Rien n’a été créé : demandez à un "
        "autre agent."
    ),
}


class HandOverForm(forms.Form):
    """What the agent was shown and compared; without it, no code.

    No reason is asked: there is only one, that the owner stands there, and this is its proof.
    """

    document = forms.ChoiceField(
        label="Pièce d’identité vue",
        choices=IdentityDocument.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Dites quelle pièce d’identité vous avez vue."},
    )
    is_face = forms.BooleanField(
        label="La photo est celle de la personne qui est devant moi.",
        error_messages={"required": "Comparez la photo et la personne, puis cochez cette case."},
    )
    is_name = forms.BooleanField(
        label=(
            "Le nom, les prénoms et la date de naissance de la pièce sont ceux de cet espace, ou "
            "un acte d’état civil explique la différence."
        ),
        error_messages={"required": "Comparez l’identité, puis cochez cette case."},
    )

    @property
    def checked(self):
        """The boxes of what was compared."""
        return [self["is_face"], self["is_name"]]

    def do(self, act, space, *, agent):
        """What `act` (`counter.ask_code` or `give_code`) returns; None, with an error, if not."""
        try:
            return act(space, agent=agent, document=self.cleaned_data["document"])
        except counter.Refused as refused:
            self.add_error(None, REFUSALS[type(refused)])
            return None


@admin.register(CounterCodeRequest)
class CounterCodeRequestAdmin(ReadOnlyAdmin):
    """The codes that wait for a second agent, and the page where an agent hands one over.

    Its only pages: a request has none of its own, it is read on the page of its space.
    """

    def has_module_permission(self, request):
        return self.has_view_permission(request)

    def has_view_permission(self, request, obj=None):
        return request.user.has_perms([counter.PERMISSION, "accounts.view_personalspace"])

    def get_urls(self):
        own = self.admin_site.admin_view
        return [
            path("", own(self.changelist_view), name="accounts_countercoderequest_changelist"),
            path("<int:pk>/", own(self.hand_over), name="accounts_personalspace_give_code"),
            path("<int:pk>/annuler/", own(self.cancel), name="accounts_personalspace_cancel_code"),
        ]

    def changelist_view(self, request, extra_context=None):
        """What other agents have asked for; who is concerned is read on the next page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        waiting = counter.waiting_requests()
        context = {"requests": waiting, "title": "Codes d’accès à confirmer", "trail": []}
        return self._page(request, "queue", context)

    @sensitive_variables()
    def hand_over(self, request, pk):
        """Asks what was seen; then the code, once, on a sheet to print, or the wait for another."""
        space = self._space(request, pk)
        files.record_opening(request.user, space.user)
        form = HandOverForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            act = counter.ask_code if request.POST.get("action") == "ask" else counter.give_code
            code = form.do(act, space, agent=request.user)
            if code:
                return self._sheet(request, space, code)
            if form.is_valid():
                return redirect("admin:accounts_personalspace_give_code", pk)
        context = {"title": "Remettre un code d’accès", "form": form}
        return self._page(request, "hand_over", context | self._state(request, space))

    def _state(self, request, space) -> dict:
        """Where this space is on its way to a code."""
        waiting = counter.waiting_request(space)
        return self._about(space) | {
            "needs_two": counter.needs_two_agents(space),
            "waiting": waiting,
            "is_mine": waiting is not None and waiting.asked_by == request.user,
            "live_code": counter.live_code_of(space),
            "is_shut": space.user.is_staff or not space.user.is_active,
        }

    def cancel(self, request, pk):
        """Ends what opens this space, or waits to."""
        space = self._space(request, pk)
        if request.method == "POST" and counter.cancel_codes(space, agent=request.user):
            messages.success(request, "Le code d’accès est annulé : il n’ouvre plus rien.")
        return redirect("admin:accounts_personalspace_give_code", pk)

    def _sheet(self, request, space, code):
        url = settings.BASE_URL + reverse("counter:code")
        context = {
            "title": "Code d’accès",
            "code": code,
            "url": url,
            "drawing": drawing_of(url),
            "expires_at": counter.live_code_of(space).expires_at,
        }
        return self._page(request, "sheet", context | self._about(space))

    def _space(self, request, pk) -> PersonalSpace:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(PersonalSpace.objects.select_related("user"), pk=pk)

    def _about(self, space) -> dict:
        people = reverse("admin:accounts_personalspace_changelist")
        person = reverse("admin:accounts_personalspace_change", args=[space.pk])
        trail = [(people, "Espaces personnels"), (person, f"Espace {space.reference}")]
        return {"space": space, "trail": trail}

    def _page(self, request, name, context):
        template = f"admin/accounts/countercoderequest/{name}.html"
        context = self.admin_site.each_context(request) | context
        return TemplateResponse(request, template, context)


def drawing_of(url: str) -> str:
    """A QR code of this address, to put in an <img>.

    The address alone: in a query, the code would be in every log on the way; in a fragment, no
    server would see it, but telephones keep what they scan, browsers what they visit, and both
    send it to their maker's. Twelve letters are typed in less time than that is undone.
    """
    return "data:image/svg+xml;utf8," + quote(get_mfa_adapter().build_totp_svg(url))
