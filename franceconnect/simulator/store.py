"""What the simulator remembers: in memory, bounded, forgotten after its lifetime."""

import dataclasses
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from franceconnect.simulator.clock import Clock
from franceconnect.simulator.platforms import MINUTE, Platform

Value = TypeVar("Value")


class ExpiringStore(Generic[Value]):
    """A thread-safe dictionary of frozen dataclasses that drops what is old or in excess."""

    def __init__(self, clock: Clock, *, lifetime: float, capacity: int = 1000):
        self._clock = clock
        self._lifetime = lifetime
        self._capacity = capacity
        self._entries: OrderedDict[str, tuple[float, Value]] = OrderedDict()
        self._lock = threading.RLock()

    def put(self, key: str, value: Value) -> Value:
        """Store under ``key`` for one lifetime; the oldest entry goes when there are too many."""
        with self._lock:
            self._entries[key] = (self._clock.now() + self._lifetime, value)
            self._entries.move_to_end(key)
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)
        return value

    def get(self, key: str) -> Value | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            expires, value = entry
            if expires > self._clock.now():
                return value
            del self._entries[key]
            return None

    def pop(self, key: str) -> Value | None:
        """Return and forget: of two callers at the same time, only one gets the value."""
        with self._lock:
            value = self.get(key)
            self._entries.pop(key, None)
            return value

    def touch(self, key: str) -> Value | None:
        """Give a living entry a whole lifetime again."""
        with self._lock:
            value = self.get(key)
            return None if value is None else self.put(key, value)

    def change(self, key: str, **changes) -> Value | None:
        """Replace fields of a living entry without giving it more time."""
        with self._lock:
            value = self.get(key)
            if value is None:
                return None
            changed = dataclasses.replace(value, **changes)
            self._entries[key] = (self._entries[key][0], changed)
            return changed

    def values(self) -> list[Value]:
        with self._lock:
            living = [self.get(key) for key in list(self._entries)]
        return [value for value in living if value is not None]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


class Store:
    """One store for each thing to remember; lifetimes are FranceConnect's."""

    def __init__(self, clock: Clock, platform: Platform):
        self.sessions = ExpiringStore(clock, lifetime=platform.session_seconds)
        self.interactions = ExpiringStore(clock, lifetime=platform.session_seconds)
        self.provider_answers = ExpiringStore(clock, lifetime=MINUTE)
        self.second_codes = ExpiringStore(clock, lifetime=10 * MINUTE)
        self.codes = ExpiringStore(clock, lifetime=30)
        self.spent_codes = ExpiringStore(clock, lifetime=MINUTE)
        self.access_tokens = ExpiringStore(clock, lifetime=MINUTE)
        self.gateway_tokens = ExpiringStore(clock, lifetime=60 * MINUTE)
        self.sign_outs = ExpiringStore(clock, lifetime=MINUTE)
        self.trusted_devices = ExpiringStore(clock, lifetime=90 * 24 * 60 * MINUTE)
        self.other_service_logins = ExpiringStore(clock, lifetime=30 * MINUTE)
        self.other_service_sessions = ExpiringStore(clock, lifetime=30 * MINUTE)

    def clear(self) -> None:
        for store in vars(self).values():
            store.clear()
