"""What an administration answered about a citizen, in types that cannot be misread."""

import datetime
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

VIA_FRANCECONNECT = "{source}, par FranceConnect"


class Outcome(StrEnum):
    """How a fetch ended; the value is its code in the journal, in words in `accounts.activity`."""

    RECEIVED = "data_received"
    NO_FILE = "data_no_file"
    DOUBTFUL = "data_doubtful"
    NOT_GRANTED = "data_not_granted"
    EXPIRED = "data_token_expired"
    BUSY = "data_busy"
    UNAVAILABLE = "data_unavailable"


class NotReceived(Exception):
    """Nothing that can be used came back: `outcome` for the citizen, `code` for the log alone.

    `detail` is the administration's own code for it, if it gave one.
    """

    def __init__(self, outcome: Outcome, code: str = "", detail: str = ""):
        self.outcome = outcome
        self.code = code or outcome.value
        self.detail = detail
        super().__init__(self.code)


@dataclass(frozen=True)
class Value:
    """One value: what a program reads, and what a citizen reads."""

    name: str
    label: str
    value: str | int | bool | dict[str, str] = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True)
class Reading:
    """What a reader found in a right answer; `source` only when the answer tells a closer one.

    `period` is the month (2026-10) or the year (2025) that the values are about; "" for the
    situation at the day they were received.
    """

    values: tuple[Value, ...] = field(repr=False)
    period: str = ""
    source: str = ""


@dataclass(frozen=True)
class Datum:
    """One datum asked for, as it came or did not come.

    `source` is the administration as citizens name it, `provenance` that and the way it came by;
    `values` is empty unless `outcome` is RECEIVED. `reference` is what the journal and the log
    repeat when something failed.
    """

    name: str
    label: str
    source: str
    outcome: Outcome
    received_at: datetime.datetime
    values: tuple[Value, ...] = field(default=(), repr=False)
    period: str = ""
    reference: str = ""

    @property
    def is_received(self) -> bool:
        return self.outcome is Outcome.RECEIVED

    @property
    def provenance(self) -> str:
        return VIA_FRANCECONNECT.format(source=self.source)

    @property
    def month(self) -> datetime.date | None:
        """The first day of the month that the values are about, if they are about one."""
        return datetime.date.fromisoformat(f"{self.period}-01") if "-" in self.period else None

    def filled(self, reading: Reading) -> "Datum":
        """This datum, received."""
        return replace(
            self,
            outcome=Outcome.RECEIVED,
            values=reading.values,
            period=reading.period,
            source=reading.source or self.source,
        )

    def for_session(self) -> dict:
        """In types of JSON; `from_session` reads it."""
        return asdict(self) | {"received_at": self.received_at.isoformat()}

    @classmethod
    def from_session(cls, values: dict) -> "Datum":
        return cls(
            **values
            | {
                "outcome": Outcome(values["outcome"]),
                "received_at": datetime.datetime.fromisoformat(values["received_at"]),
                "values": tuple(Value(**value) for value in values["values"]),
            }
        )
