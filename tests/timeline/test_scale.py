"""The scale: exact for 5 ms and for 3 hours."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance.timeline.scale import Scale, clock, duration, tick_label


@given(
    st.integers(0, 10**6),
    st.integers(1, 10**7),
    st.integers(1, 300),
    st.integers(0),
    st.integers(1),
)
def test_overlaps_add_up_and_hold_the_column_of_the_start(
    start: int, span: int, columns: int, offset: int, length: int
) -> None:
    scale = Scale(start, start + span, columns)
    a = start + offset % span
    b = min(a + length % span + 1, start + span)
    covered = dict(scale.overlaps(a, b))
    assert sum(covered.values()) == (b - a) * columns
    assert min(covered) == scale.column(a)
    assert all(0 <= column < columns for column in covered)


def test_what_lies_outside_is_not_drawn() -> None:
    scale = Scale(100, 200, 10)
    assert not list(scale.overlaps(0, 100))
    assert not list(scale.overlaps(200, 300))
    assert [column for column, _ in scale.overlaps(0, 120)] == [0, 1]
    assert (scale.contains(99), scale.contains(200)) == (False, True)


def test_an_instant_has_a_picture() -> None:
    scale = Scale(5, 5, 60)
    assert (scale.span, scale.column(5), scale.ticks(10)[0]) == (1, 0, 5)


@given(st.integers(1, 10**10), st.integers(20, 300))
def test_ticks_stand_apart(span: int, columns: int) -> None:
    drawn = [Scale(0, span, columns).column(t) for t in Scale(0, span, columns).ticks(10)]
    assert drawn[0] == 0
    assert all(b - a >= 9 for a, b in pairwise(drawn))


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.000 s"),
        (59_999, "59.999 s"),
        (61_500, "1 min 01 s"),
        (3_723_000, "1 h 02 min"),
    ],
)
def test_duration(ms: int, text: str) -> None:
    assert duration(ms) == text


def test_instants_are_as_long_as_their_trace_needs() -> None:
    assert clock(1_204, 60_000) == "1.204 s"
    assert clock(3_723_004, 4_000_000) == "1:02:03.004"
    assert tick_label(50, 10, 100) == "50 ms"
    assert tick_label(1_500, 500, 9_000) == "1.5 s"
    assert tick_label(20_000, 5_000, 60_000) == "20 s"
    assert tick_label(7_200_000, 1_800_000, 10_800_000) == "2:00 h"
    assert tick_label(610_000, 10_000, 650_000) == "0:10:10"
