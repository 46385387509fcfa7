"""« FranceConnect : paramétrage et activation »: what administrators decide, see and try."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from accounts.limits import within_rate
from franceconnect import conf, diagnosis, outage
from franceconnect.activation import Outdated
from franceconnect.admin import forms
from franceconnect.artwork import artwork_url
from franceconnect.backends import ALL_EXCHANGES_SECONDS
from franceconnect.declarations import declarations
from franceconnect.diagnosis import Finding, Status
from franceconnect.exchange import time_budget
from franceconnect.models import Activation
from franceconnect.statistics import statistics

TITLE = "FranceConnect : paramétrage et activation"
# Each asks the platform several times, and would hold a worker for nine seconds at worst.
TEST_RATE = "6/m/user"
DONE = {
    forms.SwitchForm: "C’est fait : le portail suit dans les secondes qui viennent.",
    forms.MaintenanceForm: "La maintenance est enregistrée : les habitants sont prévenus 24 heures "
    "avant, et tout revient de soi-même à la fin.",
    forms.MaintenanceRemovalForm: "La maintenance est retirée.",
    forms.ArtworkForm: "Le nouveau dessin est en place.",
    forms.ArtworkRemovalForm: "Le dessin déposé ici est retiré.",
}
OUTDATED = (
    "Un autre administrateur a modifié ce réglage entre-temps : rien n’a été enregistré. Relisez "
    "l’état ci-dessous, puis recommencez si besoin."
)


@dataclass(frozen=True)
class Panel:
    """One platform on the page: how it is configured (None: it is not), what is decided of it."""

    name: str
    platform: conf.Platform | None
    current: Activation

    @property
    def label(self) -> str:
        return conf.LABELS[self.name]

    @property
    def required_settings(self) -> list[str]:
        """The variables that make it possible."""
        return [f"{self.name.upper()}_{setting.upper()}" for setting in conf.REQUIRED[self.name]]

    @cached_property
    def technical(self) -> list[tuple[str, str]]:
        """What the environment says, name and value; of a secret, only that there is one."""
        platform = self.platform
        return [
            ("Émetteur", platform.issuer),
            ("Identifiant client", platform.client_id),
            ("Secret client", "renseigné"),
            ("Portées demandées", platform.scopes),
            ("Niveaux de garantie", platform.acr_values),
            ("Algorithme de signature", platform.signing_alg),
            ("Clé de chiffrement", "renseignée" if platform.is_encrypted else "sans objet"),
            ("Délai de réponse", f"{platform.timeout:g} secondes"),
            ("Échanges à la fois, par processus", settings.FRANCECONNECT["max_exchanges"]),
        ]

    @cached_property
    def declarations(self) -> list[tuple[str, list[str]]]:
        return list(declarations(self.platform))

    @property
    def is_down(self) -> bool:
        """Whether the platform has stopped answering."""
        return outage.is_down(self.platform)

    @property
    def artwork_url(self) -> str | None:
        return artwork_url(self.platform)


def panel_of(name: str) -> Panel:
    """This platform, read from the database itself: an administrator sees what they just did."""
    current = Activation.objects.defer("artwork").filter(platform=name).first()
    return Panel(name, conf.platform(name), current or Activation(platform=name))


@admin.register(Activation)
class ActivationAdmin(admin.ModelAdmin):
    """One page, and one page an action; nothing of Django's own list and form."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_urls(self):
        view = self.admin_site.admin_view
        actions = {
            "interrupteur": (self.switch, "switch"),
            "maintenance": (self.maintenance, "maintenance"),
            "maintenance/retirer": (self.maintenance_removal, "maintenance_removal"),
            "dessin": (self.artwork, "artwork"),
            "dessin/retirer": (self.artwork_removal, "artwork_removal"),
            "essai": (require_POST(self.test), "test"),
        }
        return [
            # Django's index leads to the list of a model: it is this page.
            path("", view(self.page), name="franceconnect_activation_changelist"),
            path("", view(self.page), name="franceconnect_activation"),
            *(
                path(f"<slug:name>/{place}/", view(action), name=f"franceconnect_activation_{word}")
                for place, (action, word) in actions.items()
            ),
        ]

    def page(self, request):
        """State, settings, addresses, figures; reading it changes nothing."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._page(request, "page", TITLE, figures=statistics(), panels=_panels())

    def switch(self, request, name):
        """Asks why, says what will follow, then switches."""
        panel = self._panel_to_change(request, name)
        verb = "Suspendre" if panel.current.is_on else "Rétablir"
        return self._change(request, panel, forms.SwitchForm, title=f"{verb} {panel.label}")

    def maintenance(self, request, name):
        """Plans a maintenance; shows what citizens will read before it is saved."""
        panel = self._panel_to_change(request, name)
        return self._change(
            request, panel, forms.MaintenanceForm, title=f"Maintenance de {panel.label}"
        )

    def maintenance_removal(self, request, name):
        """Forgets the maintenance."""
        panel = self._panel_to_change(request, name)
        title = f"Retirer la maintenance de {panel.label}"
        return self._change(request, panel, forms.MaintenanceRemovalForm, title=title)

    def artwork(self, request, name):
        """Takes the official drawing of the button."""
        panel = self._panel_to_change(request, name)
        title = f"Dessin du bouton {panel.label}"
        return self._change(request, panel, forms.ArtworkForm, title=title)

    def artwork_removal(self, request, name):
        """Goes back to the drawing of the environment, or to ours."""
        panel = self._panel_to_change(request, name)
        title = f"Retirer le dessin du bouton {panel.label}"
        return self._change(request, panel, forms.ArtworkRemovalForm, title=title)

    def test(self, request, name):
        """Tries the platform now, as `manage.py franceconnect_check` does."""
        panel = self._panel_to_change(request, name)
        if not within_rate(request, "franceconnect_test", TEST_RATE):
            messages.warning(
                request, "Trop d’essais à la suite. Attendez une minute, puis recommencez."
            )
            return redirect("admin:franceconnect_activation")
        findings = _tried(panel.platform)
        return self._page(
            request,
            "test",
            f"Essai de {panel.label}",
            panel=panel,
            findings=findings,
            wrong=sum(finding.status is Status.WRONG for finding in findings),
            doubtful=sum(finding.status is Status.DOUBTFUL for finding in findings),
        )

    def _panel_to_change(self, request, name) -> Panel:
        if not (self.has_view_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        if name not in conf.LABELS or conf.platform(name) is None:
            raise Http404
        return panel_of(name)

    def _change(self, request, panel: Panel, form_class, *, title: str):
        """The page of one change, then back to the state that it made."""
        data = (request.POST, request.FILES) if request.method == "POST" else ()
        form = form_class(*data, current=panel.current)
        is_preview = "preview" in request.POST
        if form.is_bound and form.is_valid() and not is_preview:
            try:
                form.save(request.user)
                messages.success(request, DONE[form_class])
            except Outdated:
                messages.error(request, OUTDATED)
            return redirect("admin:franceconnect_activation")
        template = form_class.__name__.removesuffix("Form").lower()
        planned = form.planned if is_preview and form.is_valid() else None
        context = {"panel": panel, "form": form, "planned": planned}
        return self._page(request, template, title, **context)

    def _page(self, request, template: str, title: str, **context):
        trail = [(reverse("admin:franceconnect_activation"), TITLE)] if title != TITLE else []
        context |= self.admin_site.each_context(request) | {
            "title": title,
            "trail": trail,
            "opts": self.opts,
            "can_change": self.has_change_permission(request),
        }
        return TemplateResponse(request, f"admin/franceconnect/{template}.html", context)


def _panels() -> list[Panel]:
    return [panel_of(name) for name in conf.LABELS]


@sensitive_variables()
def _tried(platform: conf.Platform) -> list[Finding]:
    """The diagnosis of this platform, in a bounded time whatever it answers."""
    with time_budget(ALL_EXCHANGES_SECONDS):
        return [*diagnosis.settings_findings(), *diagnosis.platform_findings(platform)]
