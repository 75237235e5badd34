"""Runs of time to a row of characters, and rows to text with or without colour.

Why: two rules of every picture live here. What is shorter than a column is marked, never lost;
colour repeats what the characters say, so the same row is read without it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rebalance.timeline.scale import Scale

Style = str
"""The name of a style; "" is the terminal's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """[start, end) drawn as `glyph` (repeated, where it is longer than one column), or as `brief`
    where it is too short to win a column."""

    start: int
    end: int
    glyph: str
    style: Style = ""
    brief: str = ""
    brief_style: Style = ""
    weight: int = 0
    """Of two marks in one column the heavier is drawn."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some characters in one style."""

    text: str
    style: Style = ""


Line = tuple[Piece, ...]
Cells = list[Piece]
"""One piece of one column each."""

_CODES = {
    "": "",
    "dim": "2",
    "bold": "1",
    "join": "33",
    "bad": "1;31",
    "lane0": "32",
    "lane1": "36",
    "lane2": "35",
    "lane3": "34",
    "lane4": "92",
    "lane5": "96",
    "lane6": "95",
    "lane7": "94",
}
LANE_STYLES = 8


def paint(runs: Sequence[Run], scale: Scale) -> Cells:
    """Each column goes to the run that covers most of it; who wins none is marked all the same."""
    best = [0] * scale.columns
    winner: list[int | None] = [None] * scale.columns
    widest: dict[int, tuple[int, int]] = {}
    for index, run in enumerate(runs):
        for column, covered in scale.overlaps(run.start, run.end):
            if covered >= best[column]:
                best[column], winner[column] = covered, index
            if covered > widest.get(index, (0, 0))[0]:
                widest[index] = (covered, column)
    cells: Cells = [Piece(" ")] * scale.columns
    seen: dict[int, int] = {}
    for column, won in enumerate(winner):
        if won is not None:
            glyph = runs[won].glyph
            offset = column - seen.setdefault(won, column)
            cells[column] = Piece(glyph[offset % len(glyph)], runs[won].style)
    weights: dict[int, int] = {}
    for index, (_, column) in sorted(widest.items()):
        run = runs[index]
        if index not in seen and run.weight >= weights.get(column, 0):
            weights[column] = run.weight
            cells[column] = Piece(run.brief or run.glyph[0], run.brief_style or run.style)
    return cells


def write(cells: Cells, column: int, text: str, style: Style = "") -> None:
    """Overwrite cells from `column` on; what does not fit is cut."""
    for offset, char in enumerate(text):
        if 0 <= column + offset < len(cells):
            cells[column + offset] = Piece(char, style)


def to_text(lines: Iterable[Line], *, color: bool) -> str:
    """Lines as text; without colour the very same characters."""
    return "".join(_line(line, color=color) + "\n" for line in lines)


def _line(line: Line, *, color: bool) -> str:
    pieces = list(line)
    while pieces and not pieces[-1].text.strip():
        pieces.pop()
    if pieces:
        pieces[-1] = Piece(pieces[-1].text.rstrip(), pieces[-1].style)
    if not color:
        return "".join(piece.text for piece in pieces)
    text = ""
    style = ""
    for piece in pieces:
        if piece.style != style and piece.text.strip():
            text += "\x1b[0m" if style else ""
            text += f"\x1b[{_CODES[piece.style]}m" if piece.style else ""
            style = piece.style
        text += piece.text
    return text + ("\x1b[0m" if style else "")
