"""The one simulator of this process: what was configured, and all that it remembers."""

import threading
from collections import Counter
from dataclasses import dataclass, field

from franceconnect.simulator.clock import Clock
from franceconnect.simulator.configuration import Configuration
from franceconnect.simulator.faults import FaultQueue
from franceconnect.simulator.keys import KeyRing
from franceconnect.simulator.mail import Outbox
from franceconnect.simulator.people import PeopleBook
from franceconnect.simulator.store import Store


class CallLog:
    """How many requests each method and path received; never what they carried."""

    def __init__(self):
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, method: str, path: str) -> None:
        with self._lock:
            self._counts[f"{method} {path}"] += 1

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()


@dataclass(frozen=True)
class Simulator:
    configuration: Configuration
    people: PeopleBook
    clock: Clock = field(default_factory=Clock)
    keys: KeyRing = field(default_factory=KeyRing)
    outbox: Outbox = field(default_factory=Outbox)
    faults: FaultQueue = field(default_factory=FaultQueue)
    calls: CallLog = field(default_factory=CallLog)
    store: Store = None

    def __post_init__(self):
        object.__setattr__(self, "store", Store(self.clock))

    def reset(self) -> None:
        """Forget faults, calls, sessions, mails and added people; the keys stay."""
        self.clock.offset = 0.0
        for memory in (self.faults, self.calls, self.store, self.outbox):
            memory.clear()
        self.people.reset()


class _Running:
    simulator: Simulator | None = None


def start(configuration: Configuration) -> Simulator:
    """Make the simulator of this process; raises ``ConfigurationError`` on a bad people file."""
    _Running.simulator = Simulator(configuration, PeopleBook(configuration.people_file))
    return _Running.simulator


def current() -> Simulator:
    """The simulator of this process; a programming error before ``start``."""
    if _Running.simulator is None:
        raise RuntimeError("The simulator has not been started: use franceconnect.simulator.")
    return _Running.simulator
