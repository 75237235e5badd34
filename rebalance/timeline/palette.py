"""Colours of members, on light and on dark ground.

Why: pictures of one trace look alike, whoever draws them. The colours stay apart with every common
kind of colour blindness (after Okabe and Ito, and Tol); red is none of them, because red says that
something is wrong. Who has more members than colours begins again: a name stands beside each lane.
"""

from typing import NamedTuple


class Colour(NamedTuple):
    """One colour as `#rrggbb`, on white and on near black."""

    light: str
    dark: str


MEMBERS = (
    Colour("#0072b2", "#4aa3df"),
    Colour("#e69f00", "#f0b429"),
    Colour("#009e73", "#2ebd92"),
    Colour("#cc79a7", "#dd94bc"),
    Colour("#56b4e9", "#8fd0f7"),
    Colour("#4b3f9e", "#9a8cf0"),
    Colour("#999933", "#c2c25a"),
    Colour("#7a5230", "#c49a6c"),
    Colour("#ddcc77", "#efe3a6"),
    Colour("#607080", "#a3b1bf"),
)
"""In the order in which members get them."""

BAD = Colour("#d3202a", "#ff6161")
"""Two owners, a zombie, a crash."""
NOBODY = Colour("#b3404a", "#e0808a")
"""The hatching where nobody owns."""
BUSY = Colour("#8a6d00", "#e0c24a")
"""Joining, syncing, rebalances."""
MIXED = Colour("#c3cad2", "#4a525c")
"""Several members, of whom none has half."""


def of_member(number: int) -> Colour:
    """The colour of a member by its number."""
    return MEMBERS[number % len(MEMBERS)]
