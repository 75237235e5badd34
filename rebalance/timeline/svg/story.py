"""The words around the picture: the headline, why each rebalance was, what the colours mean.

Why: the picture says when, the words say why and what it cost, and a cause is never a guess.
"""

from collections.abc import Callable, Iterator, Sequence

from rebalance.timeline.model import RebalanceEntry
from rebalance.timeline.scale import counted, duration
from rebalance.timeline.svg.drawing import GLYPH_PX, fitted, line, rect, text
from rebalance.timeline.svg.sheet import Panel, Sheet

_SEPARATOR = "  ·  "
_TOOK_PX = 130
_FACT_PX = 5.9
"""Width of a character of figures and common words, which are narrower than names."""
_WAITED_MS = 20
"""Waiting for somebody that was shorter is not worth a word."""

_Line = Callable[[Sheet, float], Iterator[str]]
"""Draws one line of the list, at that height."""


def headline(sheet: Sheet) -> Panel:
    """Who, how long, what it cost altogether, and whose word it is; what is wrong stands apart."""
    told, width = sheet.model.headline, sheet.plot.right
    extent, costs = list(told.extent()), [fact for fact in told.costs() if not fact.wrong]
    lines = [extent + [fact.words for fact in costs]]
    if len(_SEPARATOR.join(lines[0])) * GLYPH_PX > width:
        lines = [extent, lines[0][len(extent) :]]
    wrong = _SEPARATOR.join(fact.words for fact in told.costs() if fact.wrong)
    drawn = [text(0, 18, fitted(sheet.model.group_id, width * 0.4), "title")]
    if wrong:
        drawn.append(text(width, 18, fitted(wrong, width * 0.6), "wrong head end"))
    y = 38
    for facts in lines:
        drawn.append(text(0, y, fitted(_SEPARATOR.join(facts), width)))
        y += 16
    drawn.append(text(0, y, fitted(_SEPARATOR.join(told.origin()), width), "soft"))
    return drawn, y + 18


# --- the list of rebalances and steps ------------------------------------------------------------


def story(sheet: Sheet, most: int) -> Panel:
    """A line for each rebalance that the picture shows and for what was done between them: the
    costliest and the first where there are too many. Then what no rebalance explains."""
    near = [entry for entry in sheet.model.rebalances if _in_window(sheet, entry)]
    costly = sorted(near, key=lambda e: (-e.unavailable_partition_ms, e.number))[:most]
    asides = sheet.model.asides
    if not near and not asides:
        return [], 0
    behind = max((len(_took(entry)) for entry in costly), default=0) * GLYPH_PX + _TOOK_PX + 10
    told = [(t, 0, _aside(t, words)) for t, words in asides[:most]]
    told += [(entry.start_ms, 1, _entry(entry, max(behind, 210))) for entry in costly]
    lines = [each for _, _, each in sorted(told, key=lambda each: each[:2])]
    outside = list(sheet.model.headline.outside())
    if outside and near and not sheet.model.headline.in_part:
        lines.append(_note(f"outside of rebalances: {_SEPARATOR.join(outside)}"))
    if len(near) > most:
        lines.append(_note(f"and {len(near) - most:,} that cost less"))
    if len(asides) > most:
        lines.append(_note(f"and {counted(len(asides) - most, 'later step')}"))
    drawn = [text(0, 12, "Why", "head")]
    for number, drawn_line in enumerate(lines):
        drawn += drawn_line(sheet, 30.0 + 17 * number)
    return drawn, 30.0 + 17 * len(lines)


def _in_window(sheet: Sheet, entry: RebalanceEntry) -> bool:
    scale = sheet.plot.scale
    return entry.start_ms <= scale.end and entry.until_ms >= scale.start


def _entry(entry: RebalanceEntry, x: float) -> _Line:
    """`x`: where the cause begins."""

    def drawn(sheet: Sheet, y: float) -> Iterator[str]:
        yield text(0, y, f"#{entry.number}", "soft")
        yield text(48, y, sheet.when(entry.start_ms))
        yield text(_TOOK_PX, y, _took(entry))
        yield text(x, y, fitted(_cause(entry), 490 - x), "head")
        yield text(510, y, _joined(tuple(_costs(entry)), sheet.plot.right - 510), "soft")

    return drawn


def _aside(t: int, words: str) -> _Line:
    def drawn(sheet: Sheet, y: float) -> Iterator[str]:
        yield text(48, y, sheet.when(t))
        yield text(_TOOK_PX, y, fitted(words, sheet.plot.right - _TOOK_PX))

    return drawn


def _note(words: str) -> _Line:
    def drawn(sheet: Sheet, y: float) -> Iterator[str]:
        yield text(48, y, fitted(words, sheet.plot.right - 48), "soft")

    return drawn


def _took(entry: RebalanceEntry) -> str:
    if entry.outcome == "overtaken":
        return "overtaken"
    return "not over" if entry.end_ms is None else f"+{duration(entry.end_ms - entry.start_ms)}"


def _joined(facts: Sequence[str], width: float) -> str:
    """As many of the facts as fit: the last one costs most, the first says why."""
    kept = list(facts)
    while len(kept) > 1 and len("  ·  ".join(kept)) * _FACT_PX > width:
        kept.pop(1 if len(kept) > 2 else 0)
    words = "  ·  ".join(kept)
    return words if len(kept) > 1 else fitted(words, width)


def _cause(entry: RebalanceEntry) -> str:
    who = f": {entry.member}" if entry.member else ""
    script = " (script)" if entry.cause_source == "script" else ""
    others = len({*entry.joined, *entry.removed} - {entry.member})
    more = f" and {others} more" if others else ""
    return f"{entry.cause}{who}{more}{script}"


def _costs(entry: RebalanceEntry) -> Iterator[str]:
    waits = [waited for waited in entry.waited_for if waited.stage == "join"]
    longest = max(waits, key=lambda waited: waited.until_ms, default=None)
    if longest is not None and longest.until_ms - entry.start_ms >= _WAITED_MS:
        more = f" and {len(waits) - 1} more" if len(waits) > 1 else ""
        gave_up = "" if longest.came else ", in vain"
        ms = longest.until_ms - entry.start_ms
        yield f"waited {duration(ms)} for {fitted(longest.member, 110)}{more}{gave_up}"
    if entry.partitions_moved:
        yield f"moved {entry.partitions_moved:,}"
    if entry.unavailable_partition_ms:
        yield f"unavailable {entry.unavailable_partition_ms:,} partition-ms"


# --- the legend ----------------------------------------------------------------------------------

_MEANINGS = (
    ("m0", "owned, in its owner's colour"),
    ("nobody", "nobody owns it"),
    ("bad", "two owners, or a zombie"),
    ("bad lostone", "a request was lost or refused"),
    ("busy", "joining, syncing"),
    ("gone", "gone, not noticed yet"),
    ("paused", "stands still"),
    ("mixed", "several owners in one row"),
)
_STAGES = ("revoke", "join", "sync", "settle")


def legend(sheet: Sheet, drawn: Sequence[str]) -> Panel:
    """The meaning of what is in the picture, and of nothing else."""
    body = "".join(drawn)
    parts: list[tuple[str, str]] = [
        (style, words) for style, words in _MEANINGS if f'class="{style}"' in body
    ]
    parts += [(f"s-{name}", name) for name in _STAGES if f'class="s-{name}"' in body]
    out: list[str] = []
    x, y = 0.0, 0.0
    for style, words in parts:
        width = 22 + len(words) * 5.9 + 14
        if x + width > sheet.plot.right and x:
            x, y = 0.0, y + 18
        out.append(rect(x, y + 3, 14, 10, style))
        out.append(text(x + 19, y + 12, words, "soft"))
        x += width
    for style, words in (("cross", "crashed or failed"), ("stop", "closed")):
        if f'class="{style}"' in body:
            width = 22 + len(words) * 5.9 + 14
            if x + width > sheet.plot.right and x:
                x, y = 0.0, y + 18
            out += _sign(style, x + 7, y + 8)
            out.append(text(x + 19, y + 12, words, "soft"))
            x += width
    return out, y + 22


def _sign(style: str, x: float, y: float) -> Iterator[str]:
    if style == "stop":
        yield line(x, y - 6, x, y + 6, style)
        return
    yield line(x - 4, y - 4, x + 4, y + 4, style)
    yield line(x - 4, y + 4, x + 4, y - 4, style)
