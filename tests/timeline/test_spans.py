"""Spans against the sets of milliseconds that they stand for."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rebalance.timeline.spans import Span, intersection, union

_SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 10)).map(lambda p: Span(p[0], p[0] + p[1]))
)


def _milliseconds(spans: Iterable[Span]) -> set[int]:
    return {t for span in spans for t in range(span.start, span.end)}


@given(_SPANS)
def test_union(spans: list[Span]) -> None:
    joined = union(spans)
    assert _milliseconds(joined) == _milliseconds(spans)
    assert all(a.end < b.start for a, b in pairwise(joined))


@given(_SPANS, _SPANS)
def test_intersection(left: list[Span], right: list[Span]) -> None:
    both = intersection(union(left), union(right))
    assert _milliseconds(both) == _milliseconds(left) & _milliseconds(right)
    assert all(span.start < span.end for span in both)
