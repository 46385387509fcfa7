"""Mon activité: the whole journal of a citizen, filtered, page by page, and as a spreadsheet."""

from django import forms
from django.core.paginator import Paginator
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView

from accounts import activity, journal
from accounts.activity import Family, Period
from accounts.models import JournalKind
from accounts.sessions import recent_proof_required
from accounts.spreadsheets import csv_response
from accounts.views import SpaceMixin

LINES_ON_A_PAGE = 25
EVERYTHING = "tout"
EXPORT = "activity"


class ActivityFilterForm(forms.Form):
    """What to see of the journal: read from the address, so that a page can be kept or shared."""

    famille = forms.ChoiceField(
        label="Type d’activité", choices=[(EVERYTHING, "Toute mon activité"), *Family.choices]
    )
    periode = forms.ChoiceField(label="Période", choices=Period.choices)

    default_error_messages = {"invalid_choice": "Ce choix n’existe pas. Prenez-en un de la liste."}

    def __init__(self, query):
        chosen = {"famille": EVERYTHING, "periode": Period.ALL.value} | query.dict()
        super().__init__(chosen)
        for field in self.fields.values():
            field.error_messages |= self.default_error_messages

    def entries_of(self, citizen):
        """The journal of this citizen as filtered; all of it when a choice does not exist."""
        if not self.is_valid():
            return activity.entries_of(citizen)
        family = self.cleaned_data["famille"]
        return activity.entries_of(
            citizen,
            family="" if family == EVERYTHING else family,
            period=self.cleaned_data["periode"],
        )

    @property
    def is_filtering(self) -> bool:
        """Whether something may be hidden."""
        everything = {"famille": EVERYTHING, "periode": Period.ALL.value}
        return self.is_valid() and self.cleaned_data != everything

    @property
    def query_string(self) -> str:
        """These choices, for the links of the page; nothing else of the address is repeated."""
        values = self.cleaned_data if self.is_valid() else {}
        return "&".join(f"{name}={value}" for name, value in values.items())


class ActivityMixin(SpaceMixin, TemplateView):
    """For pages about the journal of the person signed in, and of nobody else."""

    def get_context_data(self, **kwargs):
        form = ActivityFilterForm(self.request.GET)
        entries = form.entries_of(self.request.user)
        return super().get_context_data(form=form, entries=entries, **kwargs)


class ActivityView(ActivityMixin):
    template_name = "accounts/activity.html"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        paginator = Paginator(context["entries"], LINES_ON_A_PAGE)
        page = paginator.get_page(self.request.GET.get("page"))
        return context | {"page": page, "days": activity.by_day(page.object_list)}


@method_decorator(recent_proof_required, name="dispatch")
class ActivityExportView(ActivityMixin):
    """A page with a button: getting an address downloads nothing."""

    template_name = "accounts/activity_export.html"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        return context | {"count": context["entries"].count()}

    def post(self, request):
        entries = ActivityFilterForm(request.GET).entries_of(request.user)
        name = f"mon-activite-{timezone.localdate():%Y-%m-%d}.csv"
        response = csv_response(name, activity.table_of(entries))
        journal.record(JournalKind.DATA_EXPORTED, citizen=request.user, code=EXPORT)
        return response
