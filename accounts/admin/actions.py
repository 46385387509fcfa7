"""What an agent may do from the page of one person: each act a page, all made alike.

A page says what will happen and asks for a reason; a POST does it in one transaction
(`accounts.desk`), journals it and writes to the citizen; the agent is back on the person's page.
"""

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.views.generic import FormView

from accounts import desk, erasure, files, resending
from accounts.activity import titled_mail
from accounts.admin.action_forms import IdentityCheckForm, ReasonForm
from accounts.admin.correction_form import CorrectionForm
from accounts.desk import FileChanged, NothingDone
from accounts.files import Act


class PersonActionView(FormView):
    """One act on one person, of which `model_admin` knows the file.

    A subclass gives the words and `act`; `consequences` is what will happen, a sentence each.
    """

    model_admin = None
    template_name = "admin/accounts/personalspace/action.html"
    form_class = ReasonForm
    permission = title = button = done = ""
    consequences: tuple[str, ...] = ()
    shows_identity = False

    def dispatch(self, request, *args, **kwargs):
        may_act = request.user.has_perm(f"accounts.{self.permission}")
        if not (may_act and self.model_admin.has_view_permission(request)):
            raise PermissionDenied
        spaces = self.model_admin.get_queryset(request).select_related("user")
        self.space = get_object_or_404(spaces, pk=kwargs["pk"])
        files.record_opening(request.user, self.space.user)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"space": self.space}

    def form_valid(self, form):
        try:
            self.act(form, Act(agent=self.request.user, reason=form.cleaned_data["reason"]))
        except FileChanged as error:
            form.add_error(None, error.message)
            form.show_present_version()
            return self.form_invalid(form)
        except NothingDone as error:
            messages.warning(self.request, error.message)
        except ObjectDoesNotExist:
            # The space was erased meanwhile.
            raise Http404 from None
        else:
            messages.success(self.request, self.done)
        return redirect(person_url(self.space))

    def act(self, form, act: Act) -> None:
        """Do it; raises NothingDone."""
        raise NotImplementedError

    def get_context_data(self, **kwargs):
        trail = [
            (reverse("admin:accounts_personalspace_changelist"), "Espaces personnels"),
            (person_url(self.space), f"Espace {self.space.reference}"),
        ]
        context = self.model_admin.admin_site.each_context(self.request)
        return context | super().get_context_data(
            title=self.title, trail=trail, space=self.space, action=self, **kwargs
        )


def person_url(space) -> str:
    """The page of one person."""
    return reverse("admin:accounts_personalspace_change", args=[space.pk])


class IdentityCheckView(PersonActionView):
    permission, form_class = "check_identity", IdentityCheckForm
    title, button = "Vérifier l’identité", "L’identité est vérifiée"
    done = "L’identité est vérifiée. La personne en est prévenue."
    shows_identity = True
    consequences = (
        "Comparez la pièce d’identité avec ce qui est écrit ici. Si elle dit autre chose, corrigez "
        "d’abord l’espace.",
        "Ne copiez pas la pièce et n’en notez pas le numéro : seule sa nature est gardée.",
        "L’identité devient « vérifiée en mairie » à la date d’aujourd’hui ; certifiée par "
        "FranceConnect, elle le reste.",
    )

    def act(self, form, act):
        data = form.cleaned_data
        desk.check_identity(self.space, act, document=data["document"], seen=data["seen"])


class CorrectionView(PersonActionView):
    permission, form_class = "correct_space", CorrectionForm
    title, button = "Corriger", "Enregistrer la correction"
    done = "L’espace est corrigé. La personne sait quelles parties ont changé."
    template_name = "admin/accounts/personalspace/correct.html"
    consequences = (
        "Le courriel envoyé à la personne dit ce qui a changé (son identité, ses coordonnées, son "
        "adresse), jamais les valeurs.",
    )

    def get_form_kwargs(self):
        may_check = self.request.user.has_perm("accounts.check_identity")
        return super().get_form_kwargs() | {"may_check": may_check}

    def act(self, form, act):
        desk.correct(self.space, act, form.correction())


class BlockView(PersonActionView):
    permission = "block_space"
    title, button = "Bloquer l’accès", "Bloquer l’accès"
    done = "L’accès est bloqué et les sessions sont fermées. La personne en est prévenue."
    consequences = (
        "Plus rien n’ouvre cet espace : ni mot de passe, ni clé d’accès, ni FranceConnect.",
        "Les sessions ouvertes se ferment tout de suite, et un code remis au guichet ne vaut plus "
        "rien.",
        "Qui prouve être la personne lit que l’accès n’est pas disponible, et une référence à "
        "donner au guichet : elle se cherche comme celle d’un espace.",
        "Rien n’est effacé : vous pourrez rétablir l’accès.",
    )

    def act(self, form, act):
        desk.block(self.space, act)


class UnblockView(PersonActionView):
    permission = "block_space"
    title, button = "Rétablir l’accès", "Rétablir l’accès"
    done = "L’accès est rétabli. La personne en est prévenue."
    shows_identity = True
    consequences = (
        "Assurez-vous d’abord que c’est bien la personne qui le demande.",
        "Ce qui ouvrait l’espace avant le blocage l’ouvre de nouveau ; les sessions d’alors "
        "restent fermées.",
    )

    def act(self, form, act):
        desk.unblock(self.space, act)


class SessionsEndView(PersonActionView):
    permission = "end_sessions"
    title, button = "Fermer les sessions", "Fermer toutes les sessions"
    done = "Les sessions sont fermées. La personne en est prévenue."
    consequences = (
        "Toutes les sessions ouvertes de cet espace se ferment tout de suite, sur chaque appareil.",
        "La personne peut se reconnecter aussitôt. Pour l’en empêcher, bloquez l’accès.",
    )

    def act(self, form, act):
        desk.end_sessions(self.space, act)


class ErasureStartView(PersonActionView):
    permission = "erase_space"
    title, button = "Commencer l’effacement", "Commencer l’effacement"
    done = "L’effacement est commencé. La personne en est prévenue."
    template_name = "admin/accounts/personalspace/erase.html"
    shows_identity = True

    def get_context_data(self, **kwargs):
        return super().get_context_data(erased_on=erasure.deletion_date(), **kwargs)

    def act(self, form, act):
        desk.start_erasure(self.space, act)


class ErasureStopView(PersonActionView):
    permission = "erase_space"
    title, button = "Annuler l’effacement", "Garder cet espace"
    done = "L’effacement est annulé. La personne en est prévenue."
    consequences = (
        "L’espace reste tel qu’il est, qui que ce soit qui ait demandé son effacement.",
        "Si la personne l’avait demandé elle-même, assurez-vous qu’elle y renonce.",
    )

    def act(self, form, act):
        desk.stop_erasure(self.space, act)


class MailResendView(PersonActionView):
    permission = "resend_mail"
    title, button = "Renvoyer un courriel", "Renvoyer ce courriel"
    done = "Le courriel va repartir."
    consequences = (
        "Il repart tel quel, aux adresses que l’espace a aujourd’hui ; vous n’en lisez pas le "
        "texte.",
        "Un courriel qui contenait un code n’est jamais renvoyé : la personne en demande un autre.",
    )

    def get_context_data(self, **kwargs):
        entry = self.find_entry()
        if not resending.resendable(self.space, [entry]):
            raise Http404
        return super().get_context_data(subject=titled_mail("Courriel", entry), **kwargs)

    def find_entry(self):
        """The line of the journal about this mail; 404 for anything else, or somebody else's."""
        return get_object_or_404(self.space.user.journal, pk=self.kwargs["line"])

    def act(self, form, act):
        resending.resend(self.space, act, self.find_entry())


ACTIONS = {
    "check_identity": ("verifier-identite/", IdentityCheckView),
    "correct": ("corriger/", CorrectionView),
    "block": ("bloquer/", BlockView),
    "unblock": ("retablir/", UnblockView),
    "end_sessions": ("fermer-sessions/", SessionsEndView),
    "start_erasure": ("effacer/", ErasureStartView),
    "stop_erasure": ("annuler-effacement/", ErasureStopView),
    "resend_mail": ("renvoyer/<int:line>/", MailResendView),
}


def urls(model_admin) -> list:
    """The addresses of these pages, named `accounts_personalspace_…`."""
    return [
        path(
            f"<int:pk>/{address}",
            model_admin.admin_site.admin_view(view.as_view(model_admin=model_admin)),
            name=f"accounts_personalspace_{name}",
        )
        for name, (address, view) in ACTIONS.items()
    ]
