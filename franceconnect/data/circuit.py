"""When an administration must not be asked: it said so, or it has stopped answering.

In the shared cache, so that no process asks before. Failures count as those of FranceConnect do.
"""

import logging
import time

from django.core.cache import cache

from franceconnect.outage import THRESHOLD, count_failure

logger = logging.getLogger(__name__)

# Whatever an answer asks: a mistake of theirs must not close the way for a day.
LONGEST_WAIT_SECONDS = 3600
SHORTEST_WAIT_SECONDS = 1
# RateLimit-Reset counts seconds, or is a moment (seconds since 1970), by who writes it.
A_MOMENT = 1_000_000_000


def must_wait(provider: str) -> bool:
    """Whether this provider asked for time that is not over."""
    return cache.get(_key(provider, "wait"), False)


def is_down(provider: str) -> bool:
    """Whether this provider has stopped answering."""
    return cache.get(_key(provider, "failures"), 0) >= THRESHOLD


def back_off(provider: str, asked: object) -> None:
    """Do not ask this provider again before `asked`: seconds, or a moment; a minute if unclear."""
    try:
        seconds = float(asked)
    except (TypeError, ValueError):
        seconds = 60.0
    if seconds >= A_MOMENT:
        seconds -= time.time()
    # The comparison is false for what is no number at all ("nan").
    wait = seconds if seconds < LONGEST_WAIT_SECONDS else LONGEST_WAIT_SECONDS
    wait = max(wait, SHORTEST_WAIT_SECONDS)
    cache.set(_key(provider, "wait"), True, wait)
    logger.warning("%s asked to wait: no call for %d seconds", provider, wait)


def failed(provider: str) -> None:
    """The provider did not answer, or answered nonsense."""
    if count_failure(_key(provider, "failures")) == THRESHOLD:
        logger.error("%s does not answer: it is left alone for a while", provider)


def answered(provider: str) -> None:
    """The provider has answered."""
    cache.delete(_key(provider, "failures"))


def _key(provider: str, what: str) -> str:
    return f"franceconnect.data.{what}.{provider}"
