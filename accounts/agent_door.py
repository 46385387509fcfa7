"""The agents' door: a password, then always a second factor, and only then a session.

Between both, nobody is signed in: the browser's session merely remembers who gave the right
password (`PENDING_KEY`), for ten minutes, and no page of the admin answers. A session that did not
come through here is nobody's for the admin, whoever's it is.
"""

import time

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, login, logout
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from accounts.sessions import record_proof
from accounts.sign_ins import record_sign_in

BACKEND = "accounts.backends.AgentBackend"
PENDING_KEY = "accounts_agent_pending"
PASSED_KEY = "accounts_agent_passed"
PENDING_SECONDS = 10 * 60


@sensitive_variables()
def agent_with(email: str, password: str) -> User | None:
    """The agent whom this password is of; None, in the same time, for anybody else."""
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        make_password(password)
        return None
    # A password that nobody has chosen yet costs the same: Django sees to it.
    is_right = user.check_password(password)
    return user if is_right and user.is_staff and user.is_active else None


def begin(request: HttpRequest, agent: User, *, next_url: str) -> None:
    """The first step is passed; what this browser was doing before, as anybody else, ends."""
    logout(request)
    request.session[PENDING_KEY] = {
        "agent": agent.pk,
        "proof": agent.get_session_auth_hash(),
        "at": time.time(),
        "next": next_url if _is_in_admin(next_url) else "",
    }


def pending_agent(request: HttpRequest) -> User | None:
    """Who has passed the first step in this browser, under ten minutes ago.

    None too when they were blocked since, or recovered, or have another password.
    """
    pending = request.session.get(PENDING_KEY)
    if pending is None or time.time() - pending["at"] > PENDING_SECONDS:
        return None
    agents = User.objects.filter(pk=pending["agent"], is_staff=True, is_active=True)
    agent = agents.first()
    is_same = agent and constant_time_compare(pending["proof"], agent.get_session_auth_hash())
    return agent if is_same else None


def finish(request: HttpRequest, agent: User, *, means: str) -> str:
    """Open the session of an agent who has passed both steps; where they wanted to go, or ''."""
    pending = request.session.pop(PENDING_KEY)
    login(request, agent, backend=BACKEND)
    request.session[PASSED_KEY] = agent.pk
    record_proof(request, agent, means="password", label=means)
    record_sign_in(agent, means=means)
    return pending["next"]


def has_passed(request: HttpRequest) -> bool:
    """Whether this session is an agent's, opened here, with its second factor."""
    user, session = request.user, request.session
    return (
        user.is_active
        and user.is_staff
        and session.get(BACKEND_SESSION_KEY) == BACKEND
        and session.get(PASSED_KEY) == user.pk
    )


def _is_in_admin(url: str) -> bool:
    """A page behind this door, on this host (see `sessions.is_local_path`)."""
    is_here = url.isprintable() and url_has_allowed_host_and_scheme(url, None)
    return is_here and url.startswith("/admin/")


def idle_minutes() -> int:
    return settings.SESSION_AGENT_IDLE_SECONDS // 60
