"""The meaning of the characters that stand in a picture, and of no others.

Why: nobody learns a legend by heart, and a line about what is not drawn hides the one that helps.
"""

from collections.abc import Iterator, Mapping, Sequence

from rebalance.timeline.detail import LETTERS, OTHER
from rebalance.timeline.glyphs import Glyphs, width_of
from rebalance.timeline.paint import Line, Piece


def legend(drawn: Mapping[str, str], glyphs: Glyphs, width: int) -> Iterator[Line]:
    """Explain the rows that are there: `drawn` maps rebalances, members, requests, no owner, load,
    moved and partitions to the characters in those rows."""
    few, all_ = glyphs.levels[0], glyphs.levels[-1]
    rows = {
        "rebalances": (f"1{glyphs.during * 2} from where it begins until all are at rest",),
        "no owner": (f"{few} a few, {all_} all partitions without an owner",),
        "load": ("partitions that a member has: the least-the most",),
        "moved": ("partitions that went to another member",),
    }
    for title, entries in _entries(glyphs).items():
        used = drawn.get(title, "")
        facts = list(rows.get(title, ()) if used.strip() else ())
        facts += [f"{glyph} {meaning}" for glyph, meaning in entries if glyph in used]
        if title == "partitions" and facts:
            facts.insert(0, "A owned by A")
        yield from _aligned(f"{title:<12}", facts, width)


def _entries(glyphs: Glyphs) -> dict[str, tuple[tuple[str, str], ...]]:
    return {
        "rebalances": (),
        "members": (
            (glyphs.owns, "owns (how many)"),
            (glyphs.owns_joining, "owns, rejoining"),
            (glyphs.joining, "joining, owns none"),
            (glyphs.idle, "owns none"),
            (glyphs.brief, "loses all, briefly"),
            (glyphs.paused, "stands still"),
            (glyphs.closed, "closed"),
            (glyphs.crashed, "crashed, failed or expired"),
            (glyphs.counted, "gone, not noticed yet"),
            (glyphs.zombie, "zombie: removed, believes it owns"),
        ),
        "requests": (
            *((letter, api) for api, letter in LETTERS.items()),
            (OTHER, "another request"),
            (glyphs.crashed, "lost or refused"),
        ),
        "no owner": (),
        "load": (),
        "moved": (),
        "partitions": (
            (glyphs.nobody, "nobody"),
            (glyphs.brief, "nobody, briefly"),
            (glyphs.handover, "somebody, briefly"),
            (glyphs.zombie, "and a zombie"),
            (glyphs.double, "two owners"),
            (glyphs.other, "a member beyond the letters"),
        ),
    }


def _aligned(title: str, facts: Sequence[str], width: int) -> Iterator[Line]:
    line = title
    for fact in facts:
        if line.strip() and width_of(line + fact) > width and line != title:
            yield (Piece(line.rstrip(), "dim"),)
            line = " " * len(title)
        line += fact + "   "
    if facts:
        yield (Piece(line.rstrip(), "dim"),)
