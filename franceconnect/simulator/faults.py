"""The wrong answers that a test has asked for, in order. Empty unless the control is on."""

import threading
from collections import deque
from typing import Any

ENDPOINTS = frozenset({"token", "userinfo", "jwks", "discovery", "data"})
TOKENS = frozenset({"id_token", "userinfo_token"})
ENCRYPTION_MEMBERS = frozenset({"encryption", "encryption_header", "payload"})
MEMBERS_BY_PLACE = {
    **dict.fromkeys(
        ENDPOINTS, {"status", "body", "headers", "members", "delay", "drip", "cut", "size"}
    ),
    **dict.fromkeys(
        TOKENS, {"claims", "remove", "header", "signing", "shift", "raw", *ENCRYPTION_MEMBERS}
    ),
    "callback": {"parameters"},
    "grant": {"remove"},
}
SIGNINGS = frozenset(
    {"other_key", "broken", "missing", "none", "secret_hs256", "public_key_hs256", "ES256", "RS256"}
)

ENCRYPTIONS = frozenset({"missing", "other_key", "broken", "not_signed"})


class InvalidFault(ValueError):
    """A fault that would silently do nothing; the message names what is wrong with it."""


def check_fault(fault: Any, *, is_encrypted: bool) -> None:
    """Raise ``InvalidFault`` unless every member is known at the place the fault is for.

    Those of encryption exist only where tokens are encrypted.
    """
    if not isinstance(fault, dict) or fault.get("at") not in MEMBERS_BY_PLACE:
        raise InvalidFault(f"'at' must be one of {sorted(MEMBERS_BY_PLACE)}")
    if unknown := set(fault) - {"at", "times"} - MEMBERS_BY_PLACE[fault["at"]]:
        raise InvalidFault(f"unknown at {fault['at']}: {sorted(unknown)}")
    times = fault.get("times", 1)
    if times is not None and (not isinstance(times, int) or times < 1):
        raise InvalidFault("'times' must be a positive number, or null for always")
    if fault.get("signing", "broken") not in SIGNINGS:
        raise InvalidFault(f"'signing' must be one of {sorted(SIGNINGS)}")
    if fault.get("encryption", "broken") not in ENCRYPTIONS:
        raise InvalidFault(f"'encryption' must be one of {sorted(ENCRYPTIONS)}")
    if not is_encrypted and (useless := ENCRYPTION_MEMBERS & set(fault)):
        raise InvalidFault(f"this platform does not encrypt: {sorted(useless)}")


class FaultQueue:
    """Faults by place; each is used ``times`` times (once unless told), or always if null."""

    def __init__(self, *, is_encrypted: bool):
        self._is_encrypted = is_encrypted
        self._lock = threading.Lock()
        self._faults: deque[dict[str, Any]] = deque()

    def add(self, faults: list[dict[str, Any]]) -> None:
        for fault in faults:
            check_fault(fault, is_encrypted=self._is_encrypted)
        with self._lock:
            self._faults.extend({"times": 1} | fault for fault in faults)

    def take(self, place: str) -> dict[str, Any]:
        """The next fault for this place, used once more; an empty dictionary if none."""
        with self._lock:
            fault = next((known for known in self._faults if known["at"] == place), None)
            if fault is None:
                return {}
            if fault["times"] is not None:
                fault["times"] -= 1
                if not fault["times"]:
                    self._faults.remove(fault)
            return dict(fault)

    def pending(self) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(fault) for fault in self._faults]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
