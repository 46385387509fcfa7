"""Counts that tell nothing of anybody, even to whoever subtracts."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from espace_citoyens.disclosure import FEW, WITHHELD, alone, details, together

COUNTS = st.lists(st.integers(0, 12), min_size=1, max_size=4)


def words(cells) -> list[str]:
    return [str(cell) for cell in cells]


def test_a_count_of_one_to_four_is_not_shown():
    assert words(map(alone, [0, 1, 4, 5])) == ["0", FEW, FEW, "5"]


def test_a_large_count_is_written_as_people_read_it():
    assert str(alone(12_345)) == "12\u202f345"


def test_without_a_small_count_everything_is_shown():
    shown = together([5, 0, 9])

    assert words([*shown.cells, shown.total]) == ["5", "0", "9", "14"]


def test_a_total_minus_the_others_does_not_give_the_small_one():
    shown = together([40, 3, 60])

    assert words([*shown.cells, shown.total]) == [WITHHELD, FEW, "60", "103"]


def test_several_counts_are_withheld_when_one_leaves_too_few_answers():
    assert words(together([5, 1, 20, 70]).cells) == [WITHHELD, FEW, WITHHELD, "70"]


def test_when_all_is_small_no_part_is_told_from_another():
    shown = together([3, 4, 0, 2])

    assert words([*shown.cells, shown.total]) == [WITHHELD, WITHHELD, "0", WITHHELD, "9"]
    assert str(together([1, 1, 1, 1, 1]).total) == WITHHELD


def test_a_small_total_is_not_shown_either():
    shown = together([1, 2])

    assert words([*shown.cells, shown.total]) == [FEW, FEW, FEW]


def test_the_parts_of_a_total_that_is_not_shown_are_not_shown():
    assert words(details([50, 0, 30], alone(3))) == [WITHHELD, "0", WITHHELD]


def may_be(cell, value: int) -> bool:
    """Whether somebody who reads this cell could believe this value."""
    if cell.value is not None:
        return cell.value == value
    return 1 <= value <= 4 if cell.words == FEW else value >= 1


@settings(deadline=None)
@given(COUNTS)
def test_every_small_count_keeps_several_answers(counts):
    """All the lists that read the same are tried: none of the small ones is ever certain."""
    shown = together(counts)
    ranges = [
        [cell.value] if cell.value is not None else range(1, 5 if cell.words == FEW else 16)
        for cell in shown.cells
    ]
    fits = [
        values
        for values in product(*ranges)
        if shown.total.value is None or sum(values) == shown.total.value
    ]

    for place, count in enumerate(counts):
        assert may_be(shown.cells[place], count)
        if 0 < count < 5:
            answers = {values[place] for values in fits}
            assert {1, 2, 3, 4} <= answers or len(answers) >= 4, (counts, shown)
