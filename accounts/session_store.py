"""Sessions in the database, read from the shared cache (SESSION_ENGINE): one ended stays so.

Django's cached sessions can come back to life: a request that read the database just before the
end writes what it read into the cache just after, and every process believes it for hours.
"""

from django.conf import settings
from django.contrib.sessions.backends.cached_db import SessionStore as CachedStore

ENDED_PREFIX = "accounts.session_store.ended."


class SessionStore(CachedStore):
    cache_key_prefix = "accounts.session_store."

    def load(self):
        """What the session holds: nothing once it has ended, whatever the cache still has."""
        if self.session_key and self._cache.get(ENDED_PREFIX + self.session_key):
            self._session_key = None
            return {}
        return super().load()

    def delete(self, session_key=None):
        """End a session; its key, which is never given again, is remembered as dead first."""
        ended = session_key or self.session_key
        if ended:
            self._cache.set(ENDED_PREFIX + ended, True, settings.SESSION_COOKIE_AGE)
        super().delete(session_key)
