"""What a browser has under way with FranceConnect, in its server-side session.

Sign-ins that have left for FranceConnect, one entry a `state`, taken out by the first return;
then the identity that has come back and waits for a decision of its owner.
"""

import hashlib
import hmac
import time
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import cache
from django.utils.crypto import get_random_string

from franceconnect.exceptions import UnknownState
from franceconnect.identity import PivotIdentity

# mozilla-django-oidc writes `state` and `nonce` under this key, and caps their number.
STATES_KEY = "oidc_states"
PENDING_KEY = "franceconnect_pending_identity"
LIFETIME_SECONDS = 10 * 60
# The parameter that brings "J'ai déjà un espace" back from the sign-in page.
CLAIM = "reprise"


class Intent(StrEnum):
    """What the citizen wanted when they left for FranceConnect."""

    SIGN_IN = "sign_in"
    LINK = "link"
    REAUTHENTICATE = "reauthenticate"
    STEP_UP = "step_up"
    DATA = "data"


@dataclass(frozen=True)
class LoginRequest:
    """One departure for FranceConnect: whose, why, where to go afterwards.

    `demand` is the signed request of the intent DATA (`franceconnect.data.asking`).
    """

    nonce: str = field(repr=False)
    issuer: str
    intent: Intent
    user_id: int | None
    next_url: str
    demand: str = ""


@dataclass(frozen=True)
class PendingIdentity:
    """A proven identity that no decision has been taken about; lives ten minutes.

    `question` is the page that may use it, `user_id` who was signed in when it came (None for
    nobody), `claim` what the sign-in page brings back from somebody who has a space already: on
    a shared computer, whoever signs in next must not be asked in its place. `code_key` names the
    code mailed to `code_email`, when their owner chose to prove their space so; `prepared_key`,
    the one mailed for a space that the counter prepared; `counter_code`, the row of a code of the
    counter that was typed here.
    """

    issuer: str
    sub: str = field(repr=False)
    acr: str
    identity: PivotIdentity = field(repr=False)
    next_url: str
    proven_at: float
    question: str = ""
    user_id: int | None = None
    claim: str = field(default="", repr=False)
    code_key: str = field(default="", repr=False)
    code_email: str = field(default="", repr=False)
    prepared_key: str = field(default="", repr=False)
    counter_code: int | None = None


def stash_login_request(session: SessionBase, state: str, **details) -> None:
    """Complete the entry that mozilla-django-oidc has just added, and file it under `state`.

    `details`: issuer, intent, user_id (None for nobody), next_url (a local path), and
    perhaps demand.
    """
    _, entry = session[STATES_KEY].popitem()
    session[STATES_KEY][state] = entry | details | {"started_at": time.time()}
    session.modified = True


def take_login_request(session: SessionBase, state: str) -> LoginRequest:
    """The departure that `state` names, out of the session for good.

    One-shot, of this browser, under ten minutes (OpenID Connect Core §3.1.2.1, RFC 6749 §10.12).
    Raises UnknownState.
    """
    states = session.get(STATES_KEY, {})
    known = next((key for key in states if _same(key, state)), None)
    if known is None:
        raise UnknownState()
    entry = states.pop(known)
    session.modified = True
    if not _claim(known):
        raise UnknownState("state_replayed")
    if time.time() - entry.get("started_at", 0) > LIFETIME_SECONDS:
        raise UnknownState("state_expired")
    return LoginRequest(
        nonce=entry["nonce"],
        issuer=entry["issuer"],
        intent=Intent(entry["intent"]),
        user_id=entry["user_id"],
        next_url=entry["next_url"],
        demand=entry.get("demand", ""),
    )


def _claim(known: str) -> bool:
    """Whether this is the first return with this state.

    The session alone cannot tell: two simultaneous returns have both read it. And a code sent
    twice is lost for both: the provider revokes what it gave the first time (RFC 6749 §4.1.2).
    """
    digest = hashlib.sha256(known.encode()).hexdigest()
    return cache.add(f"franceconnect.state.{digest}", True, LIFETIME_SECONDS)


def _same(known: str, given: str) -> bool:
    return hmac.compare_digest(known.encode(), given.encode(errors="replace"))


def stash_pending(session: SessionBase, pending: PendingIdentity) -> None:
    """Keep a proven identity until its owner decides; replaces an earlier one."""
    session[PENDING_KEY] = asdict(pending)


def pending_identity(
    session: SessionBase, *, question: str, user_id: int | None
) -> PendingIdentity | None:
    """The identity that waits in this browser for this question, asked of this person.

    None otherwise; forgotten after ten minutes.
    """
    values = session.get(PENDING_KEY)
    if values is None:
        return None
    if time.time() - values["proven_at"] > LIFETIME_SECONDS:
        discard_pending(session)
        return None
    if (values["question"], values["user_id"]) != (question, user_id):
        return None
    return PendingIdentity(**values | {"identity": PivotIdentity.from_session(values["identity"])})


def make_claim(session: SessionBase, pending: PendingIdentity) -> str:
    """What the address after sign-in must bring back, for "J'ai déjà un espace personnel"."""
    claim = get_random_string(32)
    stash_pending(session, replace(pending, claim=claim))
    return claim


def is_claimed(session: SessionBase) -> bool:
    """Whether somebody in this browser said that they have a space already."""
    return bool(session.get(PENDING_KEY, {}).get("claim"))


def adopt_pending(session: SessionBase, *, claim: str, question: str, user_id: int) -> None:
    """Whoever has just signed in to claim the identity is now the one asked about it."""
    values = session.get(PENDING_KEY)
    if values and values["claim"] and values["user_id"] is None and _same(values["claim"], claim):
        session[PENDING_KEY] = values | {"question": question, "user_id": user_id, "claim": ""}


def claimed_pending(session: SessionBase, next_url: str) -> dict | None:
    """The identity that `next_url` leads to claim, as the session holds it; None without one.

    Somebody whom FranceConnect+ identified may prove their space with FranceConnect: signing in
    opens a new session, and this alone goes over to it.
    """
    values = session.get(PENDING_KEY)
    if values and values["claim"] and f"{CLAIM}={values['claim']}" in next_url:
        return values
    return None


def carry_pending(session: SessionBase, values: dict | None) -> None:
    """Put what `claimed_pending` gave into the session that follows."""
    if values:
        session[PENDING_KEY] = values


def discard_pending(session: SessionBase) -> None:
    """Forget the identity that waits, if one does."""
    session.pop(PENDING_KEY, None)
