"""What `franceconnect` answers to the rest of the portal."""

import datetime
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import wraps
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from django.contrib import auth
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import User
from accounts.sessions import record_proof
from accounts.sign_ins import record_sign_in
from franceconnect import activation, conf, linking, sign_out, state
from franceconnect.data import catalogue, waiting
from franceconnect.data.answers import Datum
from franceconnect.data.asking import DataRequest
from franceconnect.linking import Decision
from franceconnect.models import Link
from franceconnect.state import PendingIdentity

BACKEND = "franceconnect.backends.FranceConnectBackend"
METHOD = "franceconnect"
CODE_BACKEND = "accounts.backends.CredentialsBackend"
CODE_LABEL = "code reçu par e-mail"


@dataclass(frozen=True)
class Assurance:
    """How sure this session is of the person: `level` is eidas1 to eidas3, since `at`.

    `means` is the platform that proved it, as citizens name it.
    """

    level: str
    means: str
    at: datetime.datetime


def session_assurance(request: HttpRequest) -> Assurance | None:
    """The strongest proof by FranceConnect in this *session*, the latest of that level.

    None for a session that only a password opened, whatever the account is linked to. A proof
    counts no longer once its platform is unlinked, even tied anew: it may have been another
    person's.
    """
    tied = {
        conf.LABELS[name]: link.created_at.timestamp() for name, link in links_of(request).items()
    }
    records = [
        record
        for record in get_authentication_records(request, request.user)
        if record["method"] == METHOD and record["at"] >= tied.get(record["label"], math.inf)
    ]
    if not records:
        return None
    best = max(records, key=lambda record: (conf.LEVELS.index(record["acr"]), record["at"]))
    return Assurance(
        level=best["acr"],
        means=best["label"],
        at=datetime.datetime.fromtimestamp(best["at"], tz=datetime.UTC),
    )


def session_level(request: HttpRequest) -> str | None:
    """The strongest level (eidas1 to eidas3) that FranceConnect proved in this session."""
    assurance = session_assurance(request)
    return assurance and assurance.level


def has_level(request: HttpRequest, level: str) -> bool:
    """Whether this session reached at least `level` (eidas1 to eidas3)."""
    reached = session_level(request)
    return reached is not None and conf.LEVELS.index(reached) >= conf.LEVELS.index(level)


def step_up_url(next_url: str) -> str:
    """The page that offers FranceConnect+, then leads back to `next_url` (a local path)."""
    return f"{reverse('franceconnect:plus_step_up')}?{urlencode({'next': next_url})}"


def level_required(level: str):
    """For a view that asks a level of assurance of the session: `@level_required("eidas2")`.

    Whoever has not reached it is offered FranceConnect+, then comes back to the same page.
    Raises ImproperlyConfigured where no platform can give that level.
    """

    def decorator(view):
        @wraps(view)
        def wrapper(request, *args, **kwargs):
            if has_level(request, level):
                return view(request, *args, **kwargs)
            platform = conf.platform(conf.FRANCECONNECT_PLUS)
            if platform is None or not platform.accepts_only(level):
                raise ImproperlyConfigured(f"no platform gives the level {level}")
            return redirect(step_up_url(request.get_full_path()))

        return wrapper

    return decorator


def links_of(request: HttpRequest) -> dict[str, Link]:
    """The active links of the person signed in, by platform name; read once a request."""
    if not hasattr(request, "_franceconnect_links"):
        names = {platform.issuer: platform.name for platform in conf.platforms()}
        is_citizen = request.user.is_authenticated and not request.user.is_staff
        links = (
            Link.objects.active().filter(citizen=request.user, issuer__in=names)
            if names and is_citizen
            else []
        )
        found = {names[link.issuer]: link for link in links}
        # FranceConnect first, whatever the order of the rows.
        request._franceconnect_links = {name: found[name] for name in conf.LABELS if name in found}
    return request._franceconnect_links


def link_of(request: HttpRequest, name: str | None = None) -> Link | None:
    """The active link with the platform of this name; without a name, the first there is."""
    links = links_of(request)
    return links.get(name) if name else next(iter(links.values()), None)


def ways_in(citizens: QuerySet[User], *, even_off: bool = False) -> list[str]:
    """The platforms that open a space of at least one of these citizens, as citizens name them.

    One that the town has switched off opens nothing now, and does not count: nobody gives up
    their last other way in for it. With `even_off` it comes last, for whoever has to be told.
    One query, whoever they are: that of `citizens` is part of it (PROVIDER_WAYS_IN).
    """
    # Asked for everybody: what is asked must not tell a known address from another.
    offered = activation.offered()
    links = Link.objects.active().filter(citizen__in=citizens)
    issuers = set(links.order_by().values_list("issuer", flat=True).distinct())
    off = [platform for platform in conf.platforms() if even_off and platform not in offered]
    return [platform.label for platform in (*offered, *off) if platform.issuer in issuers]


def open_session(request: HttpRequest, user: User, pending: PendingIdentity) -> None:
    """Sign `user` in by this proof, in a session of its own.

    The key changes (OWASP: session fixation), and what somebody left in the browser before,
    a sign-up under way for instance, is not carried over: only what sign-out needs, and an
    identity that this very sign-in is about to claim.
    """
    was_open = request.user.is_authenticated
    id_tokens = sign_out.take_id_tokens(request.session)
    claimed = state.claimed_pending(request.session, pending.next_url)
    if request.user.is_anonymous:
        request.session.flush()
    state.discard_pending(request.session)
    user.backend = BACKEND
    auth.login(request, user)
    state.carry_pending(request.session, claimed)
    sign_out.restore(request.session, id_tokens)
    # At a borrowed screen, single sign-on answers in the place of whoever went away.
    _record(request, user, pending, unattended=was_open)


def open_session_by_code(request: HttpRequest, user: User, pending: PendingIdentity) -> None:
    """Sign in the owner of a mailed code, who is then asked whether `pending` is them (row 10)."""
    id_tokens = sign_out.take_id_tokens(request.session)
    request.session.flush()
    user.backend = CODE_BACKEND
    auth.login(request, user)
    sign_out.restore(request.session, id_tokens)
    record_proof(request, user, means="code", label=CODE_LABEL)
    record_sign_in(user, means=CODE_LABEL)
    # No key of a code goes over: it has served, or was for another space.
    waiting = replace(
        pending,
        question=Decision.ASK_LINK,
        user_id=user.pk,
        claim="",
        code_key="",
        code_email="",
        prepared_key="",
        counter_code=None,
    )
    state.stash_pending(request.session, waiting)


def raise_session(
    request: HttpRequest, pending: PendingIdentity, *, reauthenticated: bool = True
) -> None:
    """Row 16: the person signed in has proven themselves again, or at a stronger level."""
    _record(
        request,
        request.user,
        pending,
        reauthenticated=reauthenticated,
        unattended=not reauthenticated,
    )


def _record(request, user, pending: PendingIdentity, **extra) -> None:
    record_proof(
        request,
        user,
        means=METHOD,
        label=linking.means_of(pending.issuer),
        acr=pending.acr,
        **extra,
    )


def offered_data() -> dict[str, str]:
    """What other administrations can be asked here, by name, with the label that citizens read.

    Empty where nothing is configured, or while FranceConnect is switched off: there, a page does
    not offer it at all.
    """
    if activation.offered_platform(conf.FRANCECONNECT) is None:
        return {}
    return {name: kind.label for name, kind in catalogue.offered().items()}


def request_data_url(names: Iterable[str], *, why: str, next_url: str) -> str:
    """The page where the citizen is asked for these data (`offered_data`), then comes back.

    `why` is the sentence that they read, `next_url` the page that asks (a local path), where
    `take_data` gives what they accepted. Raises ImproperlyConfigured for a datum not offered here.
    """
    asked = DataRequest(names=tuple(names), why=why, next_url=next_url)
    if not asked.is_offered:
        raise ImproperlyConfigured(f"not offered here: {', '.join(asked.names)}")
    return asked.page_url


def take_data(request: HttpRequest) -> tuple[Datum, ...] | None:
    """The data that the citizen accepted for this very page, under ten minutes ago; given once.

    Empty when they chose to type them; None when nothing was decided for this page.
    """
    return waiting.take(request.session, user_id=request.user.pk, path=request.get_full_path())
