"""La ville: one row, typed on one page, seen before anybody else sees it."""

from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from espace_citoyens.models import MAX_MESSAGES, Town
from espace_citoyens.town import Draft, PublishedMeanwhile, forget_draft, publish
from espace_citoyens.town_forms import MessageFormSet, TownForm
from espace_citoyens.views import sign_in_form

EDIT = "admin:espace_citoyens_town_changelist"
PREVIEW = "admin:espace_citoyens_town_preview"


@admin.register(Town)
class TownAdmin(admin.ModelAdmin):
    """No list and no row to choose: the address of the list is the page of the town itself."""

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_urls(self):
        views = {
            "": (self.edit, "changelist"),
            "apercu/": (self.preview, "preview"),
            "publication/": (self.publish, "publish"),
            "abandon/": (self.discard, "discard"),
        }
        return [
            path(route, self.admin_site.admin_view(view), name=f"espace_citoyens_town_{name}")
            for route, (view, name) in views.items()
        ]

    def edit(self, request):
        """The page of the town, for whoever may see it; sent, a draft that only its agent sees."""
        may_change = self.has_change_permission(request)
        if not (may_change or self.has_view_permission(request)):
            raise PermissionDenied
        published = Town.objects.first() or Town()
        draft = Draft.of(request.session) if may_change else None
        town = draft.town if draft else published
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        if sent and not may_change:
            raise PermissionDenied
        form = TownForm(*sent, instance=town, initial={"version": published.version})
        rows = MessageFormSet(*sent[:1], prefix="messages", initial=_padded(town.messages))
        # Both are checked: the page shows every error at once.
        if sent and all([form.is_valid(), rows.is_valid()]):
            form.instance.messages = rows.as_json()
            Draft(town=form.instance, version=form.cleaned_data["version"]).keep(request.session)
            return redirect(PREVIEW)
        if not may_change:
            _only_to_read(form, rows)
        context = self._context(request, form=form, rows=rows, may_change=may_change)
        context |= {"logo": town.logo_url, "draft": draft and not sent}
        context |= {"is_late": draft is not None and draft.version != published.version}
        return TemplateResponse(request, "admin/espace_citoyens/town/edit.html", context)

    def _context(self, request, **kwargs) -> dict:
        return self.admin_site.each_context(request) | {"title": "La ville", "trail": []} | kwargs

    def preview(self, request):
        """The home page that a visitor would see, and the button that makes it theirs."""
        draft = self._draft_of(request)
        if draft is None:
            return redirect(EDIT)
        context = {
            "draft_town": draft.town,
            "changes": draft.changes(Town.objects.first() or Town()),
            "user": AnonymousUser(),
            "form": sign_in_form(request),
        }
        return TemplateResponse(request, "admin/espace_citoyens/town/preview.html", context)

    @method_decorator(require_POST)
    def publish(self, request):
        draft = self._draft_of(request)
        if draft is None:
            return redirect(EDIT)
        try:
            publish(draft, agent=request.user)
        except PublishedMeanwhile:
            messages.error(
                request,
                "Rien n’est publié : un collègue a publié une autre version pendant votre saisie. "
                "Relisez votre brouillon, puis prévisualisez-le de nouveau.",
            )
        else:
            forget_draft(request.session)
            messages.success(request, "C’est publié : les habitants le voient maintenant.")
        return redirect(EDIT)

    @method_decorator(require_POST)
    def discard(self, request):
        """Forget the draft: the page shows what is published again."""
        if self._draft_of(request):
            forget_draft(request.session)
            messages.success(request, "Brouillon abandonné. Rien n’a changé pour les habitants.")
        return redirect(EDIT)

    def _draft_of(self, request) -> Draft | None:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return Draft.of(request.session)


def _padded(rows: list[dict]) -> list[dict]:
    """The messages there are, then empty ones up to as many as there may be."""
    return [*rows, *[{}] * (MAX_MESSAGES - len(rows))]


def _only_to_read(form: TownForm, rows: MessageFormSet) -> None:
    for one in (form, *rows):
        for field in one.fields.values():
            field.disabled = True
    for name in ("logo_file", "remove_logo"):
        del form.fields[name]
