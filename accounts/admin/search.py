"""The page where agents find a person: one box, nothing to browse, and every search journalled."""

from django import forms
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from accounts import files, places, search
from accounts.limits import within_rate
from accounts.models import Commune, Country

# Far more than a counter needs, far less than reading a town person by person.
RATE = "60/10m/key"
TOO_MANY = (
    "Vous avez fait beaucoup de recherches en peu de temps. Attendez quelques minutes, puis "
    "recommencez."
)


class PersonSearchForm(forms.Form):
    """What an agent types. Sent by POST: a name or an e-mail has no place in an address."""

    recherche = forms.CharField(
        label="Personne à trouver",
        max_length=200,
        required=False,
        help_text=(
            "Nom et prénom dans n’importe quel ordre, même leur début, date de naissance, adresse "
            "e-mail, téléphone ou référence de l’espace. Exemple\u00a0: durand léa 24/08/1962"
        ),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        ),
        error_messages={
            "max_length": "Cette recherche est trop longue. Gardez le nom et un prénom.",
        },
    )

    def clean_recherche(self) -> search.Criteria:
        return search.understood(self.cleaned_data["recherche"])


class SearchPageMixin:
    """The changelist of people: empty until a search, which is a POST and leaves no address."""

    @method_decorator(sensitive_post_parameters("recherche"))
    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        is_sent = request.method == "POST"
        form, found, status = PersonSearchForm(request.POST if is_sent else None), None, 200
        if is_sent:
            if not within_rate(request, "agent_search", RATE, key=str(request.user.pk)):
                form.full_clean()
                form.add_error("recherche", TOO_MANY)
                status = 429
            elif form.is_valid():
                found = self._find(request.user, form.cleaned_data["recherche"])
        context = self.admin_site.each_context(request) | {
            "title": "Trouver une personne",
            "opts": self.opts,
            "form": form,
            "found": found,
            "may_export": request.user.has_perm("accounts.export_spaces"),
        }
        template = "admin/accounts/personalspace/search.html"
        return TemplateResponse(request, template, context, status=status)

    @staticmethod
    def _find(agent, criteria: search.Criteria) -> search.Found:
        """Nobody is shown whose finding could not be journalled."""
        found = search.find(criteria)
        citizens = [space.user for space in found.spaces]
        places.learn(Commune, {space.birthplace for space in found.spaces})
        places.learn(Country, {space.birthcountry for space in found.spaces})
        files.record_search(agent, kinds=criteria.kinds, found=citizens)
        return found
