"""Painting: the longest wins a column, the short one leaves its mark."""

from hypothesis import given
from hypothesis import strategies as st

from rebalance.timeline.paint import Piece, Run, paint, to_text
from rebalance.timeline.scale import Scale


def drawn(*runs: Run, columns: int = 10, end: int = 1000) -> str:
    return "".join(piece.text for piece in paint(runs, Scale(0, end, columns)))


def run(start: int, end: int, glyph: str, brief: str = "", weight: int = 0) -> Run:
    return Run(start=start, end=end, glyph=glyph, brief=brief, weight=weight)


def test_the_longest_wins_a_column() -> None:
    assert drawn(run(0, 360, "A"), run(360, 1000, "B")) == "AAAABBBBBB"


def test_what_is_shorter_than_a_column_is_marked() -> None:
    assert drawn(run(0, 540, "A"), run(540, 541, ".", ":"), run(541, 1000, "A")) == "AAAAA:AAAA"


def test_of_two_marks_the_heavier_is_seen() -> None:
    runs = [run(0, 510, "A"), run(510, 515, "x", weight=2), run(515, 520, "y", weight=1)]
    assert drawn(*runs, run(520, 1000, "A")) == "AAAAAxAAAA"


def test_a_pattern_repeats_from_where_it_begins() -> None:
    assert drawn(run(300, 800, "~A")) == "   ~A~A~  "


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.integers(10, 60))
def test_nothing_vanishes_where_there_is_a_column_for_each(
    lengths: list[int], columns: int
) -> None:
    """Runs far apart from each other are all seen, however short."""
    runs = [run(i * 10_000, i * 10_000 + length, chr(65 + i)) for i, length in enumerate(lengths)]
    text = drawn(*runs, columns=columns, end=10_000 * len(lengths))
    assert set(text) - {" "} == {chr(65 + i) for i in range(len(lengths))}


def test_colour_adds_nothing_but_colour() -> None:
    lines = [(Piece("a", "bad"), Piece(" "), Piece("b", "bad"), Piece("c"), Piece("  ", "dim")), ()]
    assert to_text(lines, color=False) == "a bc\n\n"
    assert to_text(lines, color=True) == "\x1b[1;31ma b\x1b[0mc\n\n"
