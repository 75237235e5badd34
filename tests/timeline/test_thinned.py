"""A bounded list: spread over all that was added, in order, and what is missing is counted."""

import pytest

from rebalance.timeline.thinned import Thinned


@pytest.mark.parametrize("added", [0, 1, 8, 9, 100, 10_001])
def test_of_any_number_at_most_so_many_are_kept_evenly_and_the_rest_is_counted(added: int) -> None:
    kept = Thinned[int](8)
    for number in range(added):
        kept.add(number)
    assert len(kept.items) <= 8
    assert len(kept.items) + kept.left_out == added
    steps = {after - before for before, after in zip(kept.items, kept.items[1:], strict=False)}
    assert len(steps) <= 1, "no stretch of time is without any"
    assert kept.items[:1] == ([0] if added else [])


def test_what_fits_is_all_there() -> None:
    kept = Thinned[int](8)
    for number in range(8):
        kept.add(number)
    assert kept.items == list(range(8))
    assert kept.left_out == 0
