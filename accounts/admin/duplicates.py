"""The queue of probable duplicates: two spaces side by side, dismissed, made one, taken back.

A work queue, so it is listed; of people it shows names, birth date and reference alone. Opening a
comparison opens both files, and is journalled so. Only whoever has taken a pair decides about it.
"""

from functools import wraps

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts import comparison, duplicates, files, merging
from accounts.admin.base import ReadOnlyAdmin
from accounts.admin.duplicate_forms import ConfirmForm, ReasonForm, WishForm
from accounts.merge_plan import LABELS, SIDES, Wish, make_plan
from accounts.merge_rules import REFUSALS, MergeRefused, best_survivor, refusal_of, refusal_to_undo
from accounts.merging import Grounds
from accounts.models import Duplicate, IdentityDocument, Merge
from accounts.models.duplicate import UNDO_LIFETIME

PER_PAGE = 50
TEMPLATES = "admin/accounts/duplicate"
QUEUE = "admin:accounts_duplicate_changelist"
COMPARISON = "admin:accounts_duplicate_compare"
PEOPLE = ("first__user", "second__user", "locked_by")
DECIDED = "Cette paire est déjà traitée. Il n’y a plus rien à décider."
TAKEN = "Un collègue s’en occupe. Rien n’a été fait : attendez qu’il ait fini."
NOBODYS = "Vous ne vous occupez plus de cette paire. Reprenez-la, puis recommencez."


def deciding(view):
    """A form about a pair: for whoever may decide; a refusal by a rule is told, nothing is lost."""

    @wraps(view)
    def wrapper(request, pk):
        if request.method != "POST":  # after signing in again, for instance
            return HttpResponseRedirect(reverse(COMPARISON, args=[pk]))
        try:
            return view(request, pk)
        except duplicates.AlreadyDecided:
            messages.error(request, DECIDED)
            return HttpResponseRedirect(reverse(QUEUE))
        except duplicates.NotYours as error:
            messages.error(request, TAKEN if error.holder else NOBODYS)
        except Duplicate.DoesNotExist:
            messages.error(request, DECIDED)
            return HttpResponseRedirect(reverse(QUEUE))
        return HttpResponseRedirect(reverse(COMPARISON, args=[pk]))

    return wrapper


@admin.register(Duplicate)
class DuplicateAdmin(ReadOnlyAdmin):
    def get_urls(self):
        """Our own pages only: Django's would show rows, and journal nothing."""
        pages = {
            "": (self.queue, "changelist"),
            "<int:pk>/": (require_GET(self.compare), "compare"),
            "<int:pk>/prendre/": (deciding(self.take), "take"),
            "<int:pk>/laisser/": (deciding(self.leave), "leave"),
            "<int:pk>/ecarter/": (deciding(self.dismiss), "dismiss"),
            "<int:pk>/apercu/": (deciding(self.preview), "preview"),
            "<int:pk>/reunir/": (deciding(self.merge), "merge"),
            "<int:pk>/annuler/": (self.undo, "undo"),
        }
        return [
            path(route, self._guarded(view, name), name=f"accounts_duplicate_{name}")
            for route, (view, name) in pages.items()
        ]

    def _guarded(self, view, name: str):
        """Whoever may see the queue may not always decide."""
        rights = ["accounts.view_duplicate"]
        if name not in ("changelist", "compare"):
            rights.append("accounts.merge_spaces")

        @wraps(view)
        def checked(request, *args, **kwargs):
            if not request.user.has_perms(rights):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return self.admin_site.admin_view(checked)

    def _page(self, request, name: str, title: str, **context):
        trail = [] if name == "queue" else [(reverse(QUEUE), "Doublons possibles")]
        base = self.admin_site.each_context(request) | {"title": title, "trail": trail}
        may_decide = request.user.has_perm("accounts.merge_spaces")
        context |= {"opts": self.opts, "may_decide": may_decide}
        return TemplateResponse(request, f"{TEMPLATES}/{name}.html", base | context)

    # --- Seeing ---

    def queue(self, request):
        waiting = Duplicate.objects.waiting().select_related(*PEOPLE)
        page = Paginator(waiting, PER_PAGE).get_page(request.GET.get("page"))
        undoable = Merge.objects.filter(merged_at__gt=timezone.now() - UNDO_LIFETIME)
        recent = undoable.select_related("survivor", "absorbed").order_by("-merged_at")[:PER_PAGE]
        return self._page(request, "queue", "Doublons possibles", page=page, recent=recent)

    def compare(self, request, pk):
        duplicate = get_object_or_404(Duplicate.objects.select_related(*PEOPLE), pk=pk)
        if not duplicate.is_waiting:
            messages.info(request, DECIDED)
            return HttpResponseRedirect(reverse(QUEUE))
        return self._comparison(request, duplicate)

    def _comparison(self, request, duplicate: Duplicate, **forms):
        first, second = duplicate.spaces
        for space in duplicate.spaces:
            files.record_opening(request.user, space.user)
        suggested = best_survivor(duplicate)
        plan = make_plan(first, second, Wish(suggested))
        initial = {"survivor": suggested} | {
            group: SIDES[source == second] for group, source in plan.sources.items()
        }
        context = {
            "duplicate": duplicate,
            "is_mine": duplicate.holder == request.user,
            "rows": comparison.rows_of_data(first, second),
            "use": comparison.rows_of_use(first, second),
            "refusal": REFUSALS.get(_refusal_either_way(first, second), ""),
            "reason_form": ReasonForm(auto_id="dismiss_%s"),
            "wish_form": WishForm(duplicate=duplicate, initial=initial),
        }
        return self._page(request, "compare", "Comparer deux espaces", **context | forms)

    # --- Deciding ---

    def take(self, request, pk):
        duplicates.take(pk, request.user)
        return HttpResponseRedirect(reverse(COMPARISON, args=[pk]))

    def leave(self, request, pk):
        duplicates.leave(pk, request.user)
        return HttpResponseRedirect(reverse(QUEUE))

    def dismiss(self, request, pk):
        duplicate = self._taken(request, pk)
        form = ReasonForm(request.POST, auto_id="dismiss_%s")
        if not form.is_valid():
            return self._comparison(request, duplicate, reason_form=form)
        duplicates.dismiss(pk, agent=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, "C’est noté : cette paire ne reviendra plus dans la liste.")
        return HttpResponseRedirect(reverse(QUEUE))

    def preview(self, request, pk):
        duplicate = self._taken(request, pk)
        wishes = WishForm(request.POST, duplicate=duplicate)
        if not wishes.is_valid():
            return self._comparison(request, duplicate, wish_form=wishes)
        return self._preview(request, duplicate, wishes)

    def _preview(self, request, duplicate: Duplicate, wishes: WishForm, form=None):
        """Exactly the result: the fingerprint of this page comes back with the confirmation."""
        plan = make_plan(*duplicate.spaces, wishes.wish())
        context = {
            "duplicate": duplicate,
            "plan": plan,
            "shown": plan.fingerprint(),
            "result": comparison.rows_of_result(plan),
            "doors": comparison.doors_of(plan.survivor.user, plan.absorbed.user),
            "wishes": wishes,
            "refusal": REFUSALS.get(refusal_of(plan), ""),
            "form": form or ConfirmForm(auto_id="merge_%s"),
        }
        return self._page(request, "preview", "Aperçu de l’espace réuni", **context)

    def merge(self, request, pk):
        duplicate = self._taken(request, pk)
        wishes = WishForm(request.POST, duplicate=duplicate)
        if not wishes.is_valid():
            return self._comparison(request, duplicate, wish_form=wishes)
        form = ConfirmForm(request.POST, auto_id="merge_%s")
        if not form.is_valid():
            return self._preview(request, duplicate, wishes, form)
        document = IdentityDocument(form.cleaned_data["document"]).label
        grounds = Grounds(request.user, form.cleaned_data["reason"], document)
        try:
            made = merging.merge(
                pk, wishes.wish(), shown=form.cleaned_data["shown"], grounds=grounds
            )
        except MergeRefused as error:
            form.add_error(None, error.user_message)
            return self._preview(request, self._taken(request, pk), wishes, form)
        messages.success(request, f"Les deux espaces n’en font qu’un : {made.survivor.reference}.")
        return HttpResponseRedirect(reverse(QUEUE))

    @staticmethod
    def _taken(request, pk) -> Duplicate:
        """The pair, taken for fifteen minutes more by whoever has it; as it is now."""
        duplicate = Duplicate.objects.select_related(*PEOPLE).get(pk=pk)
        if duplicate.holder != request.user:
            raise duplicates.NotYours(duplicate.holder)
        duplicates.take(pk, request.user)
        return duplicate

    # --- Taking it back ---

    def undo(self, request, pk):
        merges = Merge.objects.select_related(
            "duplicate", "survivor__user", "absorbed__user", "merged_by"
        )
        made = merges.filter(duplicate=pk).first()
        if made is None:
            messages.error(request, REFUSALS["undone"])
            return HttpResponseRedirect(reverse(QUEUE))
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            try:
                kept = merging.undo(pk, grounds=Grounds(request.user, form.cleaned_data["reason"]))
                messages.success(request, _words_of_undo(kept))
                return HttpResponseRedirect(reverse(QUEUE))
            except MergeRefused as error:
                form.add_error(None, error.user_message)
        return self._undo_page(request, made, form)

    def _undo_page(self, request, made: Merge, form):
        for space in (made.survivor, made.absorbed):
            files.record_opening(request.user, space.user)
        refusal, undoing = REFUSALS.get(refusal_to_undo(made), ""), None
        try:
            undoing = merging.undoing_of(made)
        except MergeRefused as error:
            refusal = error.user_message
        context = {
            "made": made,
            "refusal": refusal,
            "restored": [LABELS[group] for group in undoing.restored] if undoing else [],
            "kept": [LABELS[group] for group in undoing.kept] if undoing else [],
            "doors": comparison.doors_of(made.survivor.user),
            "form": form,
        }
        return self._page(request, "undo", "Annuler une réunion", **context)


def _refusal_either_way(first, second) -> str:
    """Why these two may not be made one, whichever stays."""
    found = [refusal_of(make_plan(first, second, Wish(side))) for side in SIDES]
    return found[0] if all(found) else ""


def _words_of_undo(kept: tuple[str, ...]) -> str:
    words = "La réunion est annulée : les deux espaces sont rétablis."
    if kept:
        groups = ", ".join(LABELS[group].lower() for group in kept)
        words += f" Changé depuis, et laissé tel quel : {groups}."
    return words
