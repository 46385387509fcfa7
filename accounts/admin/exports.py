"""The page where the data protection officer takes a list of people out, and says why."""

from allauth.account.adapter import get_adapter
from django import forms
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.formats import number_format
from django.views.decorators.debug import sensitive_post_parameters

from accounts import list_exports
from accounts.fields import current_password
from accounts.list_exports import CERTIFIED, FILES_A_DAY, MOST_LINES, NOT_CERTIFIED
from accounts.spreadsheets import csv_response


class DayField(forms.DateField):
    """A day of the calendar, chosen in the browser's own or typed in French."""

    default_error_messages = {
        "invalid": "Cette date n’est pas lisible. Écrivez-la comme 24/08/2025."
    }

    def __init__(self, label: str):
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        formats = ["%Y-%m-%d", "%d/%m/%Y"]
        super().__init__(label=label, required=False, widget=widget, input_formats=formats)


class ListExportForm(forms.Form):
    """Who is in the list, why it is needed, and that its reader is who they say."""

    created_from = DayField("Espace créé à partir du")
    created_to = DayField("Espace créé jusqu’au")
    unused_since = DayField("Aucune connexion depuis le")
    identity = forms.ChoiceField(
        label="Identité",
        required=False,
        choices=[
            ("", "Certifiée ou non"),
            (CERTIFIED, "Certifiée par FranceConnect"),
            (NOT_CERTIFIED, "Non certifiée"),
        ],
    )
    reason = forms.CharField(
        label="Motif",
        min_length=10,
        max_length=200,
        help_text="Chaque personne de la liste le lira dans son activité.",
        error_messages={
            "required": "Dites à quoi servira cette liste.",
            "min_length": "Ce motif est trop court. Dites à quoi servira cette liste.",
            "max_length": "Ce motif est trop long. Gardez 200 caractères au plus.",
        },
    )
    password = current_password("Votre mot de passe")

    def __init__(self, *args, request, **kwargs):
        self.request = request
        super().__init__(*args, **kwargs)

    def clean_password(self):
        """Typed again: a screen left open takes no list. Throttled as the agents' door is."""
        password = self.cleaned_data["password"]
        email = self.request.user.email
        if get_adapter().authenticate(self.request, email=email, password=password) is None:
            raise forms.ValidationError("Ce mot de passe n’est pas le vôtre.", code="wrong")
        return password

    def clean(self):
        first, last = self.cleaned_data.get("created_from"), self.cleaned_data.get("created_to")
        if first and last and first > last:
            self.add_error("created_to", "Cette date est avant l’autre. Corrigez l’une des deux.")

    @property
    def criteria(self) -> list_exports.Criteria:
        names = ("created_from", "created_to", "identity", "unused_since")
        return list_exports.Criteria(**{name: self.cleaned_data[name] for name in names})

    def export(self) -> list_exports.ListExport | None:
        """The list; None, with an error on the form, when there is none to take."""
        try:
            return list_exports.export(
                self.request.user, self.criteria, reason=self.cleaned_data["reason"]
            )
        except forms.ValidationError as refusal:
            self.add_error(None, refusal)
            return None


class ExportPageMixin:
    """For the admin of people: a page of its own, behind a right of its own."""

    @method_decorator(sensitive_post_parameters("password"))
    def export_list(self, request):
        if not request.user.has_perm("accounts.export_spaces"):
            raise PermissionDenied
        is_sent = request.method == "POST"
        form = ListExportForm(request.POST if is_sent else None, request=request)
        if is_sent and form.is_valid() and (taken := form.export()):
            return csv_response(taken.file_name, taken.table())
        search = (reverse("admin:accounts_personalspace_changelist"), "Trouver une personne")
        context = self.admin_site.each_context(request) | {
            "title": "Exporter une liste de personnes",
            "trail": [search] if self.has_view_permission(request) else [],
            "form": form,
            "most_lines": number_format(MOST_LINES, force_grouping=True),
            "files_a_day": FILES_A_DAY,
        }
        template = "admin/accounts/personalspace/export.html"
        return TemplateResponse(request, template, context)
