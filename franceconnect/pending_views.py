"""Pages where a citizen decides about a proven identity, or about the tie itself."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.generic import FormView, TemplateView

from accounts.credentials import passkeys_of
from accounts.sessions import reauthentication_required, recent_proof_required
from accounts.views import SpaceMixin
from franceconnect import conf, linking, matching, services, sign_out, state
from franceconnect.exceptions import SessionChanged, UnknownState
from franceconnect.forms import LinkConfirmForm, SpaceCreateForm
from franceconnect.journey import JourneyView
from franceconnect.linking import Decision
from franceconnect.state import CLAIM, Intent


class PendingMixin(JourneyView):
    """Pages that decide about an identity already proven in this browser, under 10 minutes ago.

    Each has its own `question`, and answers only whom it was asked of.
    """

    question: Decision
    lets_in = True

    def dispatch(self, request, *args, **kwargs):
        self.pending = state.pending_identity(
            request.session, question=self.question, user_id=request.user.pk
        )
        return super().dispatch(request, *args, **kwargs)

    def find_platform(self):
        """The one that proved the identity that waits."""
        return conf.platform_of(self.pending.issuer) if self.pending else conf.sign_in_platform()

    def get_context_data(self, **kwargs):
        return super().get_context_data(pending=self.pending, platform=self.platform, **kwargs)


@method_decorator(login_not_required, name="dispatch")
class FirstTimeView(PendingMixin, FormView):
    """Première connexion: two equal choices; says the same whoever the e-mail may belong to."""

    template_name = "franceconnect/first_time.html"
    form_class = SpaceCreateForm
    question = Decision.ASK_FIRST_TIME

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            return redirect("franceconnect:link")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request, *args, **kwargs):
        if self.pending is None:
            return redirect("home")
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        if self.pending is None:
            raise UnknownState("pending_expired")
        if "existing" in request.POST:
            claim = state.make_claim(request.session, self.pending)
            next_url = f"{reverse('franceconnect:link')}?{urlencode({CLAIM: claim})}"
            return redirect(f"{reverse('account_login')}?{urlencode({'next': next_url})}")
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self):
        # Nobody is stopped for want of an e-mail (row 18): without one, it is asked later.
        known = self.pending.identity.email
        return super().get_form_kwargs() | {"known_email": known}

    def get_context_data(self, **kwargs):
        ended_at = linking.ended_link_date(self.pending.issuer, self.pending.sub)
        prepared = None if ended_at else matching.prepared_space(self.pending.identity)
        return super().get_context_data(
            ended_at=ended_at,
            is_prepared=prepared is not None,
            has_prepared_email=prepared is not None and bool(prepared.contact_email),
            **kwargs,
        )

    def form_valid(self, form):
        user = linking.apply_creation(
            self.pending, contact_email=form.cleaned_data["contact_email"]
        )
        services.open_session(self.request, user, self.pending)
        messages.success(self.request, "Votre espace personnel est ouvert.")
        return redirect(self.pending.next_url)


@method_decorator(recent_proof_required, name="dispatch")
class LinkView(SpaceMixin, PendingMixin, FormView):
    """Both identities side by side, then the tie (row 10); without one, explains and leaves."""

    template_name = "franceconnect/link.html"
    form_class = LinkConfirmForm
    question = Decision.ASK_LINK

    def get(self, request, *args, **kwargs):
        if CLAIM in request.GET:
            state.adopt_pending(
                request.session,
                claim=request.GET[CLAIM],
                question=self.question,
                user_id=request.user.pk,
            )
            return redirect("franceconnect:link")
        if self.pending is None:
            context = {"space": self.space, "platform": self.platform}
            return render(request, "franceconnect/link_start.html", context)
        if linking.contradicts_a_link(request.user, self.pending):
            state.discard_pending(request.session)
            raise linking.refusal(Decision.REFUSE_ANOTHER_PERSON)
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        if self.pending is None:
            return self._nothing_waits(request)
        if "cancel" in request.POST:
            state.discard_pending(request.session)
            messages.info(request, "Rien n’a changé dans votre espace.")
            # Perhaps the wrong account: FranceConnect must not choose it again by itself.
            url = sign_out.end_platform_session_url(request, self.platform)
            return redirect(url or reverse("accounts:profile"))
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self):
        needs_tick = self.pending.identity.differs_strongly(self.space)
        return super().get_form_kwargs() | {"needs_tick": needs_tick}

    def _nothing_waits(self, request):
        """Confirmed in another tab, or too late."""
        if services.link_of(request) is None:
            raise UnknownState("pending_expired")
        messages.info(request, linking.already_linked(self.platform.label))
        return redirect("accounts:profile")

    def form_valid(self, form):
        try:
            linking.apply_link(self.request.user, self.pending)
        finally:
            state.discard_pending(self.request.session)
        # Who came back is who they are, not yet whose space it was: no fresh proof of its owner.
        services.raise_session(self.request, self.pending, reauthenticated=False)
        messages.success(
            self.request, f"Votre espace personnel est certifié avec {self.platform.label}."
        )
        return redirect(self.pending.next_url)


class SwitchView(PendingMixin, TemplateView):
    """Row 14: B is signed in, A came back; never a silent switch."""

    template_name = "franceconnect/switch.html"
    question = Decision.ASK_SWITCH

    def get(self, request, *args, **kwargs):
        if self.pending is None:
            return redirect("home")
        return super().get(request, *args, **kwargs)

    def post(self, request):
        if self.pending is None:
            raise UnknownState("pending_expired")
        if "continue" not in request.POST:
            state.discard_pending(request.session)
            return redirect(settings.LOGIN_REDIRECT_URL)
        # Decided before B is signed out: a refusal leaves B where they were.
        decision, link = self._decision(AnonymousUser())
        if decision is not Decision.SIGN_IN:
            raise SessionChanged()
        user = linking.apply_sign_in(link, acr=self.pending.acr, identity=self.pending.identity)
        id_tokens = sign_out.take_id_tokens(request.session)
        auth.logout(request)
        sign_out.restore(request.session, id_tokens)
        services.open_session(request, user, self.pending)
        return redirect(self.pending.next_url)

    def _decision(self, user):
        facts, link = linking.gather_facts(Intent.SIGN_IN, user, self.pending)
        return linking.decide(facts), link


@method_decorator(reauthentication_required, name="dispatch")
class UnlinkView(SpaceMixin, JourneyView, TemplateView):
    """Rows U1 and U2: ends the tie; first gives another way in to somebody who has none."""

    template_name = "franceconnect/unlink.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            link=services.link_of(self.request, self.platform_name),
            platform=self.platform,
            has_another_way_in=linking.has_another_way_in(self.request.user, self.platform.issuer),
            has_passkey=passkeys_of(self.request.user).exists(),
            has_two_platforms=len(conf.platforms()) > 1,
            **kwargs,
        )

    def post(self, request):
        if linking.apply_unlink(request.user, self.platform.issuer):
            request.user.refresh_from_db(fields=["session_epoch"])
            update_session_auth_hash(request, request.user)
            messages.success(request, f"Votre espace n’est plus rattaché à {self.platform.label}.")
        url = sign_out.end_platform_session_url(request, self.platform)
        return redirect(url or reverse("accounts:profile"))
