"""Curves as the points of an SVG: drawn by the page itself, without script or style."""

import datetime
from dataclasses import dataclass

from django.utils.dates import MONTHS_3

from espace_citoyens.disclosure import Cell

WIDTH, HEIGHT = 400, 170
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 24
ROUND = (1, 2, 3, 4, 6, 8, 10)


@dataclass(frozen=True)
class Curve:
    """What is drawn: a path for each series, the marks of both axes as (place, words)."""

    paths: list[str]
    heights: list[tuple[float, Cell]]
    months: list[tuple[float, str]]


def curves(series: list[list[Cell]], weeks: list[datetime.date]) -> Curve | None:
    """Series of the same weeks on one scale; None when there is nothing to draw.

    A count that is not shown leaves a gap: no point may tell what the table does not.
    """
    highest = max((cell.value or 0 for cells in series for cell in cells), default=0)
    if not highest:
        return None
    top = _rounded_up(highest)
    heights = [(_y(value, top), Cell(value)) for value in (0, top // 2, top)]
    return Curve([_path(cells, top) for cells in series], heights, _months(weeks))


def _rounded_up(value: int) -> int:
    """The next even number that is easy to read: 10, 20, 30, 40, 60, 80, 100, 200…"""
    power = 10
    while power * 10 < value:
        power *= 10
    return next(power * factor for factor in ROUND if power * factor >= value)


def _x(number: int, count: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * number / max(count - 1, 1), 1)


def _y(value: int, top: int) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top, 1)


def _path(cells: list[Cell], top: int) -> str:
    """The line through the counts that are shown; one between two gaps is a dot."""
    parts, is_drawing = [], False
    for number, cell in enumerate(cells):
        if cell.value is not None:
            point = f"{_x(number, len(cells))} {_y(cell.value, top)}"
            parts.append(f"L{point}" if is_drawing else f"M{point}L{point}")
        is_drawing = cell.value is not None
    return "".join(parts)


def _months(weeks: list[datetime.date]) -> list[tuple[float, str]]:
    """Every third month, where it begins."""
    begins = [
        (_x(number, len(weeks)), MONTHS_3[week.month])
        for number, week in enumerate(weeks)
        if number and week.month != weeks[number - 1].month
    ]
    return begins[::3]
