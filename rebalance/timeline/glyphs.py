"""Characters of the picture, and how wide a name is on a terminal.

Why: the picture must line up whatever a client id contains, and must survive a terminal that
speaks only ASCII. A name is somebody else's data: control characters never reach the terminal.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """One character per meaning."""

    owns: str
    owns_joining: str
    idle: str
    joining: str
    paused: str
    zombie: str
    counted: str
    """Gone, but the coordinator has not noticed yet."""
    crashed: str
    failed: str
    closed: str
    brief: str
    """A loss of ownership shorter than a column."""
    nobody: str
    double: str
    handover: str
    """An ownership shorter than a column."""
    other: str
    """A member beyond the letters."""
    levels: str
    """From little to all."""
    axis: str
    tick: str
    during: str
    ellipsis: str
    arrow: str
    separator: str


UNICODE = Glyphs(
    owns="━",
    owns_joining="┅",
    idle="─",
    joining="┄",
    paused="▒",
    zombie="~",
    counted="░",
    crashed="✗",
    failed="✗",
    closed="┥",
    brief="¦",
    nobody="·",
    double="!",
    handover="*",
    other="#",
    levels="▁▂▃▄▅▆▇█",
    axis="─",
    tick="┬",
    during="─",
    ellipsis="…",
    arrow="→",
    separator=" · ",
)

ASCII = Glyphs(
    owns="=",
    owns_joining="+",
    idle="-",
    joining=":",
    paused="%",
    zombie="~",
    counted="?",
    crashed="X",
    failed="X",
    closed="|",
    brief="'",
    nobody=".",
    double="!",
    handover="*",
    other="#",
    levels=".:-=#",
    axis="-",
    tick="+",
    during="-",
    ellipsis="~",
    arrow="->",
    separator=", ",
)

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def width_of(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def printable(text: str, glyphs: Glyphs) -> str:
    """A name without anything that could move the cursor, reorder or recolour the line."""
    kept = "".join(
        "?" if unicodedata.category(char)[0] in "CZ" and char != " " else char for char in text
    )
    if glyphs is ASCII:
        kept = "".join(char if char.isascii() else "?" * _char_width(char) for char in kept)
    return kept


def fit(text: str, columns: int, glyphs: Glyphs) -> str:
    """Cut to `columns`, keeping both ends: pods differ in their last letters."""
    if width_of(text) <= columns:
        return text
    if columns < 1:
        return ""
    room = columns - 1
    tail = _prefix(reversed(text), room // 2)[::-1]
    return _prefix(text, room - width_of(tail)) + glyphs.ellipsis + tail


def _prefix(text: Iterable[str], columns: int) -> str:
    kept = ""
    used = 0
    for char in text:
        used += _char_width(char)
        if used > columns:
            break
        kept += char
    return kept


def pad(text: str, columns: int) -> str:
    """Fill with blanks on the right, by display width."""
    return text + " " * (columns - width_of(text))


def letters(names: Iterable[str], glyphs: Glyphs) -> dict[str, str]:
    """A letter for each lane: its own name where that is one, else the next one that is free."""
    listed = tuple(names)
    own = {name: name for name in listed if len(name) == 1 and name in LETTERS}
    free = iter([letter for letter in LETTERS if letter not in own])
    return {name: own.get(name) or next(free, glyphs.other) for name in listed}
