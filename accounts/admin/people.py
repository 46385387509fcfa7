"""People, found by a search and never listed."""

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path

from accounts import counter, files
from accounts.admin import actions
from accounts.admin.base import CitizenFileMixin, ReadOnlyAdmin
from accounts.admin.exports import ExportPageMixin
from accounts.admin.person import person_page
from accounts.admin.search import SearchPageMixin
from accounts.models import IdentityDocument, PersonalSpace


class CounterCodeGiveForm(forms.Form):
    """What the agent was shown; without it, no code."""

    document = forms.ChoiceField(
        label="Pièce d’identité vue",
        choices=IdentityDocument.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Dites quelle pièce d’identité vous avez vue."},
    )

    def give(self, space, *, agent) -> str | None:
        """The code; None, with an error on the form, for a space that no code may open."""
        try:
            return counter.give_code(space, agent=agent, document=self.cleaned_data["document"])
        except counter.SpaceCannotBeOpened:
            self.add_error(
                None,
                "L’accès à cet espace est bloqué, ou la personne est devenue agent : aucun code ne "
                "l’ouvrirait. Rien n’a été créé.",
            )
            return None


@admin.register(PersonalSpace)
class PersonalSpaceAdmin(SearchPageMixin, ExportPageMixin, CitizenFileMixin, ReadOnlyAdmin):
    def citizen_of(self, row):
        return row.user

    def get_urls(self):
        give_code = self.admin_site.admin_view(self.give_code)
        export_list = self.admin_site.admin_view(self.export_list)
        return [
            path("liste/", export_list, name="accounts_personalspace_export"),
            path("<int:pk>/code-acces/", give_code, name="accounts_personalspace_give_code"),
            *actions.urls(self),
            *super().get_urls(),
        ]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The page of one person, in the place of Django's form."""
        space = self.get_object(request, unquote(object_id))
        if space is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return person_page(self, request, space)

    def give_code(self, request, pk):
        """Asks which document was seen, then shows the new code, once, on a page to print."""
        may_give = request.user.has_perm("accounts.give_counter_code")
        if not (may_give and self.has_view_permission(request)):
            raise PermissionDenied
        space = get_object_or_404(self.get_queryset(request), pk=pk)
        files.record_opening(request.user, space.user)
        form = CounterCodeGiveForm(request.POST if request.method == "POST" else None)
        context = self.admin_site.each_context(request) | {
            "title": "Remettre un code d’accès",
            "opts": self.opts,
            "space": space,
            "form": form,
        }
        if request.method == "POST" and form.is_valid():
            context["code"] = form.give(space, agent=request.user)
        return TemplateResponse(request, "admin/accounts/personalspace/give_code.html", context)
