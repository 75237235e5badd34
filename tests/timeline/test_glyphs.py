"""Names on a terminal: as wide as they look, and harmless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance.timeline.glyphs import ASCII, UNICODE, fit, letters, pad, printable, width_of


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("注文", 4), ("e\u0301", 1), ("🚀", 2), ("", 0)]
)
def test_width(text: str, width: int) -> None:
    assert width_of(text) == width


@given(st.text(), st.integers(0, 40))
def test_a_cut_name_fits_and_is_padded_to_its_column(text: str, columns: int) -> None:
    name = fit(printable(text, UNICODE), columns, UNICODE)
    assert width_of(name) <= columns
    assert width_of(pad(name, columns)) == columns


@given(st.text(alphabet=st.characters()))
def test_no_name_can_steer_the_terminal(text: str) -> None:
    assert printable(text, UNICODE).isprintable()
    assert printable(text, ASCII).isascii()
    assert width_of(printable(text, ASCII)) == width_of(printable(text, UNICODE))


def test_both_ends_of_a_pod_s_name_survive() -> None:
    assert fit("payments-7d9f8c-x2k4q", 12, UNICODE) == "paymen…x2k4q"


def test_a_lane_that_is_a_letter_keeps_it() -> None:
    assert letters(["B", "consumer-1", "consumer-2"], UNICODE) == {
        "B": "B", "consumer-1": "A", "consumer-2": "C",
    }  # fmt: skip


def test_beyond_the_letters_there_is_one_sign() -> None:
    names = letters([f"m{i}" for i in range(70)], UNICODE)
    assert len(set(names.values())) == 63
    assert names["m69"] == UNICODE.other
    assert all(len(glyph) == 1 for glyph in (ASCII.owns, ASCII.nobody, *ASCII.levels))
    assert ASCII.levels.isascii()
