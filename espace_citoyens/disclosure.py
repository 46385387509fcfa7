"""Counts that tell nothing of anybody: few people are not counted aloud, nor by subtraction.

A count of one to four is not shown. Where the total of a list is shown, what is not shown could be
had by subtracting the rest: other counts are then withheld too, until the sum fits many answers.
They are chosen by their place in the list, never by their size, which would tell something.
"""

from collections.abc import Sequence
from dataclasses import dataclass

THRESHOLD = 5
FEW, WITHHELD = "moins de 5", "non montré"


@dataclass(frozen=True)
class Cell:
    """A count as it is shown; without a value, in the words that stand for it."""

    value: int | None
    words: str = ""

    def __str__(self):
        return self.words if self.value is None else f"{self.value:,}".replace(",", "\u202f")


@dataclass(frozen=True)
class Counts:
    """A list of counts and its total, as they may be read together."""

    cells: list[Cell]
    total: Cell


def alone(count: int) -> Cell:
    """A count that is part of no list."""
    return Cell(None, FEW) if 0 < count < THRESHOLD else Cell(count)


def together(counts: Sequence[int]) -> Counts:
    """These counts and their total, so that no small one can be worked out. Zero is shown."""
    few = {place for place, count in enumerate(counts) if 0 < count < THRESHOLD}
    total = alone(sum(counts))
    if not few or total.value is None:
        return Counts([alone(count) for count in counts], total)
    withheld = _cover(counts, few)
    if withheld is None:
        return _nothing_but_the_total(counts)
    cells = [
        Cell(None, WITHHELD) if place in withheld else alone(count)
        for place, count in enumerate(counts)
    ]
    return Counts(cells, total)


def details(counts: Sequence[int], total: Cell) -> list[Cell]:
    """What a total, shown elsewhere or not, is made of."""
    if total.value is None:
        return [Cell(None, WITHHELD) if count else Cell(0) for count in counts]
    return together(counts).cells


def _cover(counts: Sequence[int], few: set[int]) -> set[int] | None:
    """What must be withheld besides the few; None when the whole list would not be enough.

    Their sum must leave to each of the few all the values it may have: one to four, whatever the
    others are (at least one each), and five at least for each that is withheld.
    """
    withheld, hidden = set(), sum(counts[place] for place in few)
    for place, count in enumerate(counts):
        if count >= THRESHOLD:
            withheld.add(place)
            hidden += count
            if hidden >= THRESHOLD - 1 + len(few) - 1 + THRESHOLD * len(withheld):
                return withheld
    return None


def _nothing_but_the_total(counts: Sequence[int]) -> Counts:
    """No part is told from another; the total only when it does not say that each is small."""
    parts, total = sum(1 for count in counts if count), sum(counts)
    cells = [Cell(None, WITHHELD) if count else Cell(0) for count in counts]
    is_vague = total >= parts + THRESHOLD - 1
    return Counts(cells, Cell(total) if is_vague else Cell(None, WITHHELD))
