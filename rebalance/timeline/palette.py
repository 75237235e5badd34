"""Colours of members, on light and on dark ground.

Why: pictures of one trace look alike, whoever draws them. The colours stay apart with every common
kind of colour blindness (after Okabe and Ito, and Tol); red is none of them, because red says that
something is wrong. Who has more members than colours begins again with lighter ones, twice: no two
of thirty are drawn alike, and a name stands beside each lane.
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


_GROUND = Colour("#ffffff", "#14181c")
_LIGHTER = (0, 0.32, 0.58)
"""How much of the ground is in the colours of the first ten members, the second, the third."""
DISTINCT = len(MEMBERS) * len(_LIGHTER)
"""So many members have different colours."""


def of_member(number: int) -> Colour:
    """The colour of a member by its number."""
    tier, base = divmod(number % DISTINCT, len(MEMBERS))
    light, dark = (
        _mixed(colour, ground, _LIGHTER[tier])
        for colour, ground in zip(MEMBERS[base], _GROUND, strict=True)
    )
    return Colour(light, dark)


def _mixed(colour: str, ground: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(ground), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def letters_on(ground: str) -> str:
    """Black or white letters on a ground: whichever is read more easily (WCAG's luminance)."""
    parts = (channel / 255 for channel in _channels(ground))
    red, green, blue = (p / 12.92 if p <= 0.04 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return "#000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.2 else "#fff"
