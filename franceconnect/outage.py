"""Whether a platform has stopped answering: counted by every process, forgotten by itself.

Only what this portal saw itself counts. What a browser brings back (`error=server_error`) does
not, or anybody could push the button aside for everybody.
"""

import logging

from django.core.cache import cache

from franceconnect.client import cache_key
from franceconnect.conf import Platform

logger = logging.getLogger(__name__)

# Three sign-ins in a row that the platform let down.
THRESHOLD = 3
# Without a new failure for so long, the platform is thought to be back.
MEMORY_SECONDS = 120


def failed(platform: Platform) -> None:
    """The platform did not answer, or answered nonsense."""
    if count_failure(cache_key(platform, "failures")) == THRESHOLD:
        logger.error("%s does not answer: its button steps back", platform.label)


def count_failure(key: str) -> int:
    """One more failure in a row, under this key of the shared cache; how many there are by now."""
    cache.add(key, 0, MEMORY_SECONDS)
    try:
        failures = cache.incr(key)
    except ValueError:  # forgotten in between
        return 0
    cache.touch(key, MEMORY_SECONDS)
    return failures


def ended(platform: Platform) -> None:
    """The platform has answered."""
    cache.delete(cache_key(platform, "failures"))


def is_down(platform: Platform) -> bool:
    """Whether the other means should be shown first."""
    return cache.get(cache_key(platform, "failures"), 0) >= THRESHOLD
