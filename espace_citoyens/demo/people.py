"""The people of the demonstration: one file, read by the seed, the simulator and the table."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

PEOPLE_FILE = Path(__file__).with_name("people.json")
# Printed at each start: they open nothing but fictional data, on this machine.
PASSWORD = "trois canards bleus"  # noqa: S105
FRANCECONNECT_PASSWORD = "123"  # noqa: S105
AGENT_EMAIL = "agent@rivemont.example"
# Recovery codes, so that no telephone is needed to come in; each serves once.
AGENT_CODES = tuple(f"2026{number:04}" for number in range(1, 41))


@dataclass(frozen=True)
class DemoPerson:
    """Somebody fictional.

    `identity` are claims of FranceConnect; `franceconnect` says how they sign in there (login,
    e-mail, and a fixed `sub` for somebody linked from the start); `space` is what their space
    holds at first: with an e-mail, it opens with PASSWORD.
    """

    shows: str
    identity: dict
    franceconnect: dict = field(default_factory=dict)
    space: dict | None = None

    @property
    def name(self) -> str:
        """First given name and birth name, as the simulator lists people; then the usual name."""
        usual_name = self.identity.get("preferred_username")
        name = f"{self.identity['given_name_array'][0]} {self.identity['family_name']}"
        return f"{name} ({usual_name})" if usual_name else name

    @property
    def sub(self) -> str:
        return self.franceconnect.get("sub", "")

    @property
    def login_email(self) -> str:
        return (self.space or {}).get("email", "")

    def as_simulator_entry(self) -> dict:
        """The entry of the simulator's people file."""
        return self.identity | self.franceconnect | {"note": self.shows}


def read_people() -> tuple[DemoPerson, ...]:
    """Everybody, in the order of the table."""
    return tuple(DemoPerson(**entry) for entry in json.loads(PEOPLE_FILE.read_text("utf-8")))


def write_simulator_people(people: Iterable[DemoPerson], path: Path) -> None:
    """The file that the simulator reads with `--people`."""
    entries = [person.as_simulator_entry() for person in people if person.franceconnect]
    _write(entries, path)


def write_simulator_plus_people(people: Iterable[DemoPerson], path: Path) -> None:
    """The same for FranceConnect+: same identities, but no `sub` that FranceConnect gave."""
    entries = [person.as_simulator_entry() for person in people if person.franceconnect]
    _write([{k: v for k, v in entry.items() if k != "sub"} for entry in entries], path)


def _write(entries: list[dict], path: Path) -> None:
    path.write_text(json.dumps(entries, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
