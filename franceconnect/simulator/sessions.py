"""A browser's session at FranceConnect, and the sign-ins (interactions) under way in it."""

import secrets
from dataclasses import dataclass
from enum import StrEnum

from django.core import signing
from django.http import HttpRequest, HttpResponse

from franceconnect.simulator import error_pages
from franceconnect.simulator.authorization_request import AuthorizationRequest
from franceconnect.simulator.configuration import Client
from franceconnect.simulator.error_pages import PageError
from franceconnect.simulator.people import Identity
from franceconnect.simulator.providers import Provider
from franceconnect.simulator.runtime import current
from franceconnect.simulator.store import ExpiringStore, Value

COOKIE = "fc_session_id"
PASSWORD_ONLY = ("fc", "pwd")


class Step(StrEnum):
    CHOOSER = "chooser"
    PROVIDER = "provider"
    VERIFY = "verify"
    CONSENT = "consent"
    LOGIN = "login"


@dataclass(frozen=True)
class BrowserSession:
    """``is_signed_in`` opens single sign-on: a sign-in was confirmed with this identity."""

    session_id: str
    identity: Identity | None = None
    provider_uid: str = ""
    methods: tuple[str, ...] = PASSWORD_ONLY
    is_signed_in: bool = False
    services_notified: frozenset[str] = frozenset()
    latest_interaction: str = ""


@dataclass(frozen=True)
class Interaction:
    """One request of one service, from ``/authorize`` to the code. A browser may have several."""

    uid: str
    session_id: str
    request: AuthorizationRequest
    csrf_token: str
    provider_state: str
    step: Step
    is_sso: bool
    provider_uid: str = ""
    identity: Identity | None = None
    methods: tuple[str, ...] = PASSWORD_ONLY
    failure: str = ""
    failed_provider: str = ""

    @property
    def client(self) -> Client:
        return current().configuration.find_client(self.request.client_id)

    @property
    def provider(self) -> Provider | None:
        return current().platform.find_provider(self.provider_uid)

    @property
    def acr(self) -> str:
        """The level to answer: the provider's, or the only one that single sign-on serves."""
        return self.request.acr if self.is_sso else self.provider.level


def read_session(request: HttpRequest) -> BrowserSession | None:
    """The living session of this browser, which a visit lengthens where sessions slide."""
    try:
        session_id = signing.Signer(salt=COOKIE).unsign(request.COOKIES.get(cookie_name(), ""))
    except signing.BadSignature:
        return None
    return _read(current().store.sessions, session_id)


def cookie_name() -> str:
    return current().platform.cookie(COOKIE)


def _read(store: ExpiringStore[Value], key: str) -> Value | None:
    return store.touch(key) if current().platform.session_slides else store.get(key)


def write_cookie(response: HttpResponse, session: BrowserSession) -> None:
    response.set_cookie(
        cookie_name(),
        signing.Signer(salt=COOKIE).sign(session.session_id),
        max_age=current().platform.cookie_seconds,
        httponly=True,
        secure=current().configuration.is_https,
        samesite="Lax",
    )


def open_interaction(request: HttpRequest, wanted: AuthorizationRequest) -> Interaction:
    """Start a sign-in in this browser's session, or in a new session.

    A sign-in that begins at the chooser has a whole lifetime to end, sliding or not.
    """
    store, platform = current().store, current().platform
    session = request.browser_session or BrowserSession(secrets.token_urlsafe(32))
    is_sso = session.is_signed_in and wanted.acr == platform.sso_level
    interaction = Interaction(
        uid=secrets.token_urlsafe(16),
        session_id=session.session_id,
        request=wanted,
        csrf_token=secrets.token_urlsafe(32),
        provider_state=secrets.token_urlsafe(32),
        step=Step.VERIFY if is_sso else Step.CHOOSER,
        is_sso=is_sso,
        provider_uid=session.provider_uid if is_sso else "",
        identity=session.identity if is_sso else None,
        methods=session.methods,
    )
    store.interactions.put(interaction.uid, interaction)
    if not is_sso:
        store.sessions.put(session.session_id, session)
    request.browser_session = change_session(session, latest_interaction=interaction.uid)
    return interaction


def change_session(session: BrowserSession, **changes) -> BrowserSession:
    """Write to the session; the sign-in stops if it has ended meanwhile."""
    changed = current().store.sessions.change(session.session_id, **changes)
    if changed is None:
        raise PageError(error_pages.SESSION_EXPIRED)
    return changed


def close_session(request: HttpRequest) -> None:
    if request.browser_session:
        current().store.sessions.pop(request.browser_session.session_id)
        request.browser_session = None


def find_interaction(request: HttpRequest, uid: str, *steps: Step) -> Interaction:
    """This browser's interaction, at one of these steps; otherwise ``Y190001``."""
    session = request.browser_session
    interaction = _read(current().store.interactions, uid)
    expected = session and interaction and interaction.session_id == session.session_id
    if not expected or interaction.step not in steps:
        raise PageError(error_pages.SESSION_EXPIRED)
    return interaction


def find_posted_interaction(request: HttpRequest, *steps: Step) -> Interaction:
    """The interaction whose form was sent, told by its ``csrfToken``."""
    if request.browser_session is None:
        raise PageError(error_pages.SESSION_EXPIRED)
    token = request.POST.get("csrfToken")
    if not token:
        raise PageError(error_pages.CSRF_MISSING)
    return _find_own(request, steps, error_pages.CSRF_WRONG, csrf_token=token)


def find_returning_interaction(request: HttpRequest, state: str) -> Interaction:
    """The interaction that was sent to a provider with this ``state``."""
    if request.browser_session is None:
        raise PageError(error_pages.SESSION_EXPIRED)
    if not state:
        raise PageError(error_pages.PROVIDER_STATE_MISSING)
    steps = (Step.PROVIDER,)
    return _find_own(request, steps, error_pages.PROVIDER_STATE_WRONG, provider_state=state)


def _find_own(request, steps: tuple[Step, ...], code: str, **wanted: str) -> Interaction:
    (field, value), *_ = wanted.items()
    for interaction in current().store.interactions.values():
        is_own = interaction.session_id == request.browser_session.session_id
        if is_own and getattr(interaction, field) == value:
            return find_interaction(request, interaction.uid, *steps)
    raise PageError(code)


def advance(interaction: Interaction, step: Step, **changes) -> Interaction:
    """Write the interaction's next step; the sign-in stops if it has ended meanwhile."""
    changed = current().store.interactions.change(interaction.uid, step=step, **changes)
    if changed is None:
        raise PageError(error_pages.SESSION_EXPIRED)
    return changed
