"""The code of the counter, typed by somebody whom nothing else lets in any more.

No page before the last says whose space the code opens, nor what it holds: the paper may have been
found. The code travels in the body of a POST, never in an address.
"""

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from accounts import counter, counter_recovery
from accounts.contact_views import WRONG_CODE as WRONG_DIGITS
from accounts.counter_forms import (
    TOO_MANY_TRIES,
    WRONG_CODE_OR_DATE,
    CounterEmailCodeForm,
    CounterEmailForm,
    CounterEntryForm,
)
from accounts.counter_recovery import Recovery
from accounts.forms import PasswordSetForm
from accounts.limits import within_rate
from accounts.models import CounterCode, User
from accounts.sessions import record_proof
from accounts.views import SpaceMixin

# A code has 57 bits: these limits are for whoever would try all the same, from one address (that
# of everybody in a library), then from many. The second is loose, for nobody to close the page.
RATES_BY_ADDRESS = "30/h/ip"
RATE_IN_ALL = "1000/h/key"
# Of whoever has found a paper, and guesses at birth dates: about a hundred in its seven days.
RATES_OF_ONE_CODE = "5/h/key,15/d/key"
# Six digits, five tries each, as for a contact e-mail: by code of the counter, by address written.
MAILS_OF_ONE_CODE = "5/h/key,10/d/key"
MAILS_TO_ONE_ADDRESS = "6/h/key,12/d/key"
BACKEND = "accounts.backends.CredentialsBackend"
TOO_MANY_MAILS = "Trop de codes ont été demandés. Attendez une heure, puis recommencez."
CODE_IS_DEAD = "Le code remis en mairie ne vaut plus rien. Demandez-en un autre à la mairie."
EMAIL_IS_TAKEN = "Cette adresse e-mail ne peut pas être utilisée. Choisissez-en une autre."
OPENED = (
    "Votre espace est ouvert. Le code remis en mairie ne sert plus, et un message vous le confirme."
)
AFTERWARDS = (
    "Vos anciens moyens d’entrer ont été retirés. Ajoutez ici une clé d’accès ou la double "
    "authentification, puis vérifiez vos coordonnées dans votre profil."
)

secret = method_decorator(sensitive_post_parameters(), name="dispatch")


@method_decorator([login_not_required, never_cache], name="dispatch")
class CounterMixin:
    """One step for a visitor: `self.recovery` is how far they got, `self.code` what they typed."""

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            # Their own space, or the town hall's side, is open here: it would end in two people.
            context = {"is_agent": request.user.is_staff}
            return render(request, "accounts/counter/signed_in.html", context, status=403)
        self.recovery = Recovery.of(request.session)
        self.code = self.recovery and counter.live_code(self.recovery.code)
        if not self.is_ready():
            return self.go_back()
        return super().dispatch(request, *args, **kwargs)

    def is_ready(self) -> bool:
        return self.code is not None

    def go_back(self):
        """Out of order, too late, or the code has died."""
        if self.recovery and self.code is None:
            return self.start_again(CODE_IS_DEAD)
        return redirect("counter:email" if self.code else "counter:code")

    def start_again(self, message: str):
        self.request.session.pop(counter_recovery.SESSION_KEY, None)
        messages.error(self.request, message)
        return redirect("counter:code")

    def refuse(self, form, field: str, message: str):
        form.add_error(field, message)
        return self.form_invalid(form)


@secret
class CounterCodeView(CounterMixin, FormView):
    """The twelve letters of the paper, and a birth date that it does not say."""

    template_name = "accounts/counter/code.html"
    form_class = CounterEntryForm

    def is_ready(self) -> bool:
        return True

    def form_valid(self, form):
        found = counter.find_code(form.cleaned_data["code"])
        if not self.may_try(found):
            return self.refuse(form, "code", TOO_MANY_TRIES)
        if not found or not counter_recovery.is_owners(found, form.cleaned_data["birthdate"]):
            return self.refuse(form, "code", WRONG_CODE_OR_DATE)
        counter_recovery.start(self.request, found)
        return redirect("counter:email")

    def may_try(self, found: CounterCode | None) -> bool:
        """Whether this address, all of them together, and this very code may still be tried."""
        limits = [
            ("counter_code", RATES_BY_ADDRESS, None),
            ("counter_code_all", RATE_IN_ALL, "everybody"),
        ]
        if found:
            limits.append(("counter_birthdate", RATES_OF_ONE_CODE, str(found.pk)))
        return all(within_rate(self.request, name, rate, key=key) for name, rate, key in limits)


class CounterEmailView(CounterMixin, FormView):
    """What is about to happen, and the new login; the mail that leaves says nothing of a space."""

    template_name = "accounts/counter/email.html"
    form_class = CounterEmailForm

    def get_initial(self):
        return {"email": self.recovery.email}

    def form_valid(self, form):
        email = form.cleaned_data["email"]
        if not self.may_send(email):
            return self.refuse(form, "email", TOO_MANY_MAILS)
        is_taken = form.is_taken(self.code.space.user)
        recovery = counter_recovery.send_email_code(
            self.recovery, self.code, email=email, is_taken=is_taken
        )
        recovery.keep(self.request.session)
        return redirect("counter:proof")

    def may_send(self, email: str) -> bool:
        limits = (
            ("counter_mail", MAILS_OF_ONE_CODE, str(self.code.pk)),
            ("counter_addressee", MAILS_TO_ONE_ADDRESS, email),
        )
        return all(within_rate(self.request, name, rate, key=key) for name, rate, key in limits)


@secret
class CounterProofView(CounterMixin, FormView):
    """The six digits, typed in the browser that asked for them."""

    template_name = "accounts/counter/proof.html"
    form_class = CounterEmailCodeForm

    def is_ready(self) -> bool:
        return super().is_ready() and bool(self.recovery.key)

    def form_valid(self, form):
        recovery = counter_recovery.prove_email(
            self.recovery, self.code, digits=form.cleaned_data["code"]
        )
        if recovery is None:
            return self.refuse(form, "code", WRONG_DIGITS)
        recovery.keep(self.request.session)
        return redirect("counter:password")


@secret
class CounterPasswordView(CounterMixin, FormView):
    """The new password; the space is open."""

    template_name = "accounts/counter/password.html"
    form_class = PasswordSetForm

    def is_ready(self) -> bool:
        return super().is_ready() and self.recovery.is_proven

    def get_form_kwargs(self):
        # A password is compared with the login that goes with it.
        return super().get_form_kwargs() | {"user": User(email=self.recovery.email)}

    def form_valid(self, form):
        try:
            user = counter_recovery.open_space(
                self.recovery, password=form.cleaned_data["password1"]
            )
        except counter_recovery.CodeIsDead:
            return self.start_again(CODE_IS_DEAD)
        except counter_recovery.EmailIsTaken:
            messages.error(self.request, EMAIL_IS_TAKEN)
            return redirect("counter:email")
        enter(self.request, user)
        return redirect("accounts:credentials")


def enter(request, user: User) -> None:
    """Sign in the owner of the code, in a session of their own: nothing of the visitor's stays."""
    request.session.flush()
    user.backend = BACKEND
    auth.login(request, user)
    record_proof(request, user, means="counter_code", label=counter_recovery.MEANS)
    messages.success(request, OPENED)
    messages.info(request, AFTERWARDS)


class CounterCancelView(SpaceMixin):
    """The citizen signed in ends a code that they did not ask for."""

    http_method_names = ["post"]
    button_page = "accounts:credentials"

    def post(self, request):
        if counter.cancel_codes(self.space):
            messages.success(request, "Le code d’accès est annulé : il n’ouvre plus rien.")
        else:
            messages.info(request, "Aucun code d’accès n’attend : il n’y a rien à annuler.")
        return redirect(self.button_page)
