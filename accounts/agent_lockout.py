"""Tries at the agents' door: few at once, then slower and slower.

Counted by what was typed, whoever it is and whether it exists, and by network address; in the
cache that every process shares, before anything is compared: a hundred tries sent at once are five.
A success gives back its own try and nothing else: how many are left says nothing of others.

Whoever fails on purpose to lock an agent out does not stop them in a browser where they have
entered before: it holds a signed cookie, and has a count of its own ("device cookies", OWASP).
That cookie opens nothing: it only says where to count.
"""

import secrets
import time
from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from django.conf import settings
from django.core.cache import cache
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.sign_ins import KNOWN_FOR

DEVICE_COOKIE = "espace_agent_device"
DEVICE_PATH = "/admin/"
FREE_TRIES = 5
# A town hall has one address for everybody.
FREE_TRIES_OF_AN_ADDRESS = 30
FIRST_DELAY, LONGEST_DELAY = 60, 60 * 60
FORGOTTEN_AFTER = 2 * LONGEST_DELAY


@dataclass
class _Count:
    """One count of tries: `free` of them at once, then one for each delay."""

    name: str
    free: int
    took_the_lock: bool = False

    @property
    def _lock(self) -> str:
        return f"{self.name}:lock"

    def take(self) -> bool:
        """Count one more try; whether it may be compared."""
        if _increment(self.name) < self.free:
            return True
        # Adding decides: of all those that arrive at once, one goes on.
        if not cache.add(self._lock, time.time() + FIRST_DELAY, FIRST_DELAY):
            return False
        self.took_the_lock = True
        level = _increment(f"{self.name}:level")
        delay = min(FIRST_DELAY * 2 ** min(level - 1, 10), LONGEST_DELAY)
        cache.set(self._lock, time.time() + delay, delay)
        return True

    def wait(self) -> float:
        return cache.get(self._lock, 0) - time.time()

    def give_back(self) -> None:
        _decrement(self.name)
        if self.took_the_lock:
            _decrement(f"{self.name}:level")
            cache.delete(self._lock)

    def forget(self) -> None:
        cache.delete_many([self.name, self._lock, f"{self.name}:level"])


class Attempt:
    """One try of something at the agents' door (`purpose`), for this account as it was typed."""

    def __init__(self, request: HttpRequest, purpose: str, account: str):
        digest = _digest(account)
        self.device = _device_of(request, digest)
        if self.device:
            self.counts = [_Count(f"door:{purpose}:device:{self.device}", FREE_TRIES)]
        else:
            address = ratelimit.truncate_ip(get_adapter().get_client_ip(request))
            self.counts = [
                _Count(f"door:{purpose}:account:{digest}", FREE_TRIES),
                _Count(f"door:{purpose}:address:{_digest(address)}", FREE_TRIES_OF_AN_ADDRESS),
            ]
        self.is_allowed = all(count.take() for count in self.counts)

    @property
    def minutes_to_wait(self) -> int:
        """Until the next try may be compared: the same for everybody who typed the same."""
        longest = max(count.wait() for count in self.counts)
        return max(1, -(-int(longest) // 60))

    def succeeded(self) -> None:
        for count in self.counts:
            count.forget() if self.device else count.give_back()


def remember_device(request: HttpRequest, response: HttpResponse, account: str) -> None:
    """From now on this browser has a count of its own for this account."""
    digest = _digest(account)
    if _device_of(request, digest):
        return
    response.set_cookie(
        DEVICE_COOKIE,
        _signer().sign(f"{digest}.{secrets.token_hex(16)}"),
        max_age=KNOWN_FOR,
        path=DEVICE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def _device_of(request: HttpRequest, digest: str) -> str:
    """The name of this browser's own count; empty where this account never entered."""
    try:
        value = _signer().unsign(request.COOKIES.get(DEVICE_COOKIE, ""), max_age=KNOWN_FOR)
    except BadSignature:
        return ""
    return value if constant_time_compare(value.split(".")[0], digest) else ""


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="accounts.agent_lockout.device")


def _digest(text: str) -> str:
    """Neither a cache nor a cookie holds an e-mail."""
    value = text.strip().lower()
    return salted_hmac("accounts.agent_lockout", value, algorithm="sha256").hexdigest()[:32]


def _increment(name: str) -> int:
    cache.add(name, 0, FORGOTTEN_AFTER)
    cache.touch(name, FORGOTTEN_AFTER)
    try:
        return cache.incr(name)
    except ValueError:
        # Forgotten between both lines.
        cache.set(name, 1, FORGOTTEN_AFTER)
        return 1


def _decrement(name: str) -> None:
    try:
        cache.decr(name)
    except ValueError:
        return
