"""Pages of the contact details, and the word about an identity that was refreshed."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.views.generic import FormView

from accounts import contact, services
from accounts.contact import PendingContact
from accounts.contact_forms import ContactCodeForm
from accounts.profile_forms import ProfileForm
from accounts.sessions import is_local_path
from accounts.views import SpaceMixin

TOO_MANY_CODES = (
    "Trop de codes ont été demandés. Attendez une heure, puis recommencez : votre adresse "
    "actuelle reste valable."
)
WRONG_CODE = (
    "Ce code n’est pas le bon, ou il a expiré. Vérifiez les six chiffres du dernier message ; "
    "après cinq essais, demandez un nouveau code."
)


class ProfileUpdateView(SpaceMixin, FormView):
    """Changes the profile; a new contact e-mail waits for its code on the next page."""

    template_name = "accounts/profile_update.html"
    form_class = ProfileForm
    success_url = reverse_lazy("accounts:profile")

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"space": self.space}

    def form_valid(self, form):
        email = form.new_contact_email
        needs_code = email and not contact.is_proven(self.space, email)
        if needs_code and not contact.may_ask_code(self.request, email):
            form.add_error("contact_email", TOO_MANY_CODES)
            return self.form_invalid(form)
        form.save()
        if needs_code:
            contact.ask_code(self.request, email)
            messages.success(
                self.request,
                "Votre profil est à jour. Il reste à vérifier votre nouvelle adresse e-mail.",
            )
            return redirect("accounts:contact_email")
        if email:
            contact.put_in_force(self.space, email)
        messages.success(self.request, "Votre profil est à jour.")
        return super().form_valid(form)


class ContactEmailView(SpaceMixin, FormView):
    """The code of a new contact e-mail, or of the present one when nobody has proven it yet."""

    template_name = "accounts/contact_email.html"
    form_class = ContactCodeForm

    @property
    def pending(self) -> PendingContact | None:
        return PendingContact.of(self.request.session)

    @property
    def email(self) -> str:
        """The address in question: the one that waits, else the present one, not proven yet."""
        if self.pending:
            return self.pending.email
        return "" if self.space.contact_email_verified_at else self.space.contact_email

    def get(self, request, *args, **kwargs):
        if not self.email:
            return redirect("accounts:profile_update")
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        if request.POST.get("action") == "cancel":
            return self.give_up()
        if not self.email:
            return redirect("accounts:profile")
        if self.pending is None or request.POST.get("action") == "send":
            return self.send_code()
        return super().post(request, *args, **kwargs)

    def send_code(self):
        if contact.is_proven(self.space, self.email):
            contact.put_in_force(self.space, self.email)
            return self.done()
        if contact.may_ask_code(self.request, self.email):
            contact.ask_code(self.request, self.email)
            messages.success(self.request, "Un code est parti. Un code plus ancien ne sert plus.")
        else:
            messages.error(self.request, TOO_MANY_CODES)
        return redirect("accounts:contact_email")

    def give_up(self):
        contact.give_up(self.request)
        messages.info(self.request, "Votre adresse e-mail de contact n’a pas changé.")
        return redirect("accounts:profile")

    def form_valid(self, form):
        if not contact.confirm(self.space, self.pending, form.cleaned_data["code"]):
            form.add_error("code", WRONG_CODE)
            return self.form_invalid(form)
        return self.done()

    def done(self):
        contact.forget(self.request)
        messages.success(self.request, "Votre adresse e-mail de contact est vérifiée.")
        return redirect("accounts:profile")

    def get_context_data(self, **kwargs):
        return super().get_context_data(pending=self.pending, email=self.email, **kwargs)


class RefreshSeenView(SpaceMixin):
    """The citizen has read what FranceConnect changed: the word about it goes."""

    http_method_names = ["post"]

    def post(self, request):
        services.mark_refresh_seen(self.space)
        next_url = request.POST.get("next", "")
        return redirect(next_url if is_local_path(next_url) else reverse("accounts:space"))
