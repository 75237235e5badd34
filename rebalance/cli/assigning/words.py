"""Partitions, names and numbers as text that fits.

The rule kept here: ASCII but for the names themselves, one line each, and a name that is cut short
can still be told from the others.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from assignors.model import Ids, PartitionSet

_MOST_LISTED = 3
_BREAK = "\0"


def ranges(ids: Ids) -> str:
    """Ascending ids as `0-3,7`."""
    if ids.size == 0:
        return ""
    starts = np.flatnonzero(np.diff(ids, prepend=ids[0] - 2) != 1)
    ends = np.append(starts[1:], ids.size) - 1
    runs = zip(ids[starts].tolist(), ids[ends].tolist(), strict=True)
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def name(text: str) -> str:
    """A name as it is, or quoted if it could disturb the line."""
    return text if text.isprintable() and text.strip() == text and text else repr(text)


def partitions_text(partitions: PartitionSet, most: int | None = None) -> str:
    """`orders 0-3,7; payments 1`; cut to `most` characters, saying how many are left out."""
    if not partitions:
        return "nothing"
    parts = [f"{name(topic)} {ranges(ids)}" for topic, ids in partitions.by_topic.items()]
    text = "; ".join(parts)
    if most is None or len(text) <= most:
        return text
    total = f"{len(partitions):,} partitions"
    shown = len(f"...  ({total})")
    cut = text[: max(most - shown, 8)]
    whole = max(cut.rfind(","), cut.rfind(";"))
    return f"{cut[: whole + 1] if whole > 0 else cut}... ({total})"


def lines_of(partitions: PartitionSet, width: int, most_lines: int | None) -> list[str]:
    """The same on as many lines of this width as it takes, or on `most_lines`."""
    lines = [""]
    for piece in _pieces(partitions, width):
        joined = f"{lines[-1]} {piece}" if lines[-1] else piece
        if len(joined) <= width:
            lines[-1] = joined
        elif len(lines) == most_lines:
            lines[-1] = _ended(lines[-1], f"... ({plural(len(partitions), 'partition')})", width)
            return lines
        else:
            lines.append(piece)
    lines[-1] = lines[-1].removesuffix(";")
    return lines


def _pieces(partitions: PartitionSet, width: int) -> Iterator[str]:
    """`orders 0-3,7;` for each topic, in several where it is too long for a line."""
    for topic, ids in partitions.by_topic.items():
        left = f"{name(topic)} {ranges(ids)};"
        while len(left) > width:
            at = left.rfind(",", 0, width) + 1
            if at == 0:
                break
            yield left[:at]
            left = left[at:]
        yield left


def _ended(line: str, ending: str, width: int) -> str:
    if len(line) + 1 + len(ending) <= width:
        return f"{line} {ending}"
    cut = line[: max(width - len(ending), 0)]
    end = max(cut.rfind(","), cut.rfind(";")) + 1
    return f"{cut[:end] if end else cut}{ending}"


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Broken at spaces; a word that is too long for a line, at its commas."""
    spaced = " ".join(
        word if len(word) <= width // 2 else word.replace(",", f",{_BREAK} ")
        for word in text.split(" ")
    )
    lines = textwrap.wrap(
        spaced,
        max(width, 20),
        subsequent_indent=indent,
        break_long_words=True,
        break_on_hyphens=False,
    )
    return [line.replace(f"{_BREAK} ", "").replace(_BREAK, "") for line in lines] or [""]


def listed(names: Sequence[str], most: int = _MOST_LISTED) -> str:
    """`m1, m2 and 4 more`."""
    shown = [name(each) for each in names[:most]]
    rest = len(names) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def plural(count: int, what: str) -> str:
    """`1 partition`, `1,200 partitions`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def number(value: float) -> str:
    """A weight or cost: whole if it is, else two decimals, or three digits of a small one.

    What floats add up to is whole if only their last digits say otherwise.
    """
    if math.isclose(value, round(value), rel_tol=1e-9):
        return f"{round(value):,}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.3g}"


def shortened(names: Iterable[str], longest: int) -> Mapping[str, str]:
    """Each name in `longest` characters, cut in the middle; longer if two would be alike."""
    plain = {each: name(each) for each in names}
    limit = max(longest, 8)
    while True:
        short = {each: _cut(text, limit) for each, text in plain.items()}
        if len(set(short.values())) == len(set(plain.values())):
            return short
        limit += 4


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    head = (limit - 2 + 1) // 2
    return f"{text[:head]}..{text[len(text) - (limit - 2 - head) :]}"


def table(rows: Sequence[Sequence[str]], *, left: int = 1, indent: str = "  ") -> list[str]:
    """Aligned columns: the first `left` to the left, the others to the right."""
    if not rows:
        return []
    columns = max(len(row) for row in rows)
    widths = [max(len(row[at]) if at < len(row) else 0 for row in rows) for at in range(columns)]
    lines = []
    for row in rows:
        cells = [
            each.ljust(widths[at]) if at < left else each.rjust(widths[at])
            for at, each in enumerate(row)
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines


def columns_that_fit(columns: Sequence[Sequence[str]], width: int) -> list[slice]:
    """The columns in parts of which each fits, two blanks between them; one at least in each."""
    parts, start, used = [], 0, 0
    for at, column in enumerate(columns):
        needs = max(len(cell) for cell in column) + 2
        if at > start and used + needs > width:
            parts.append(slice(start, at))
            start, used = at, 0
        used += needs
    return [*parts, slice(start, len(columns))]
