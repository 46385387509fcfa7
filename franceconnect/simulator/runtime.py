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
from franceconnect.simulator.platforms import Platform
from franceconnect.simulator.service_keys import ServiceKeys
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
    keys: KeyRing
    service_keys: ServiceKeys
    store: Store
    faults: FaultQueue
    clock: Clock
    outbox: Outbox = field(default_factory=Outbox)
    calls: CallLog = field(default_factory=CallLog)

    @property
    def platform(self) -> Platform:
        return self.configuration.platform

    def reset(self) -> None:
        """Forget faults, calls, sessions, mails, added people and services' keys; ours stay."""
        self.clock.offset = 0.0
        for memory in (self.faults, self.calls, self.store, self.outbox, self.service_keys):
            memory.clear()
        self.people.reset()


class _Running:
    simulator: Simulator | None = None


def start(configuration: Configuration) -> Simulator:
    """Make the simulator of this process; raises ``ConfigurationError`` on a bad people file."""
    clock, platform = Clock(), configuration.platform
    _Running.simulator = Simulator(
        configuration=configuration,
        people=PeopleBook(configuration.people_file, platform),
        keys=KeyRing(platform),
        service_keys=ServiceKeys(clock),
        store=Store(clock, platform),
        faults=FaultQueue(is_encrypted=platform.is_encrypted),
        clock=clock,
    )
    return _Running.simulator


def current() -> Simulator:
    """The simulator of this process; a programming error before ``start``."""
    if _Running.simulator is None:
        raise RuntimeError("The simulator has not been started: use franceconnect.simulator.")
    return _Running.simulator
