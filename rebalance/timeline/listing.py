"""The words over and under the picture: the headline, the story of rebalances and steps.

Why: the picture says when, the list says why and what it cost. Every rebalance has its cause
beside it; what scripts did and what befell members stands between, in order of time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rebalance.timeline.asides import Aside
from rebalance.timeline.entries import RebalanceEntry
from rebalance.timeline.facts import Facts
from rebalance.timeline.glyphs import Glyphs, fit, pad, printable, width_of
from rebalance.timeline.headline import Headline
from rebalance.timeline.paint import Line, Piece
from rebalance.timeline.rebalances import UNKNOWN
from rebalance.timeline.scale import clock, counted, duration


def headline(told: Headline, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Who, how long, what it cost altogether, and whose word it is."""
    name = fit(printable(told.group_id, glyphs), width // 3, glyphs)
    yield from _wrapped(Piece(f"{name}: ", "bold"), tuple(told.extent()), width, glyphs)
    costs = [printable(fact.words, glyphs) for fact in told.costs()]
    yield from _wrapped(Piece("  "), costs, width, glyphs)
    origin = [printable(words, glyphs) for words in told.origin()]
    yield from _wrapped(Piece("  ", "dim"), origin, width, glyphs, "dim")


def _wrapped(
    first: Piece, facts: Sequence[str], width: int, glyphs: Glyphs, style: str = ""
) -> Iterator[Line]:
    line = ""
    for fact in facts:
        joined = f"{line}{glyphs.separator}{fact}" if line else fact
        if line and width_of(first.text + joined) > width:
            yield (first, Piece(line, style))
            first = first if not first.text.strip() else Piece("  ")
            joined = fact
        line = joined
    if line:
        yield (first, Piece(line, style))


# --- the story -----------------------------------------------------------------------------------

_NUMBER, _TOOK = 5, 12
_ENTRY = 100
"""A line of a rebalance is not wider: what belongs together must be seen together."""
_WAITED_MS = 100
"""So long before a rebalance a partition has no owner: worth saying since when."""

_LONG_MS = 1_000
"""So long must a rebalance or a wait be for somebody to ask where the time went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What of the story is told, and in which space."""

    width: int
    glyphs: Glyphs
    start_ms: int
    end_ms: int
    """Only what touches this window is told."""
    most: int
    """Entries of a kind; the costliest rebalances, the first asides."""

    @property
    def at(self) -> int:
        """Columns of an instant."""
        return max(width_of(clock(self.end_ms, self.end_ms)), 7) + 2

    def when(self, t: int) -> str:
        """An instant, padded."""
        return pad(clock(t, self.end_ms), self.at)


def story(facts: Facts, page: Page, *, whole: bool) -> Iterator[Line]:
    """Rebalances with cause, course and cost; between them what scripts and members did.

    Args:
        whole: all of the trace is drawn, so that what no rebalance explains is told too.
    """
    near = [r for r in facts.rebalances if _touches(r, page)]
    worst = sorted(near, key=lambda r: (-r.unavailable_partition_ms, r.number))
    asides = [aside for aside in facts.asides if _within(aside.t, page)]
    entries: list[tuple[int, int, list[Line]]] = [
        (aside.t, 0, [_aside(aside, page)]) for aside in asides[: page.most]
    ]
    entries += [(r.start_ms, 1, _entry(r, page)) for r in worst[: page.most]]
    for _, _, lines in sorted(entries, key=lambda entry: entry[:2]):
        yield from lines
    if facts.rebalances and whole:
        yield from _outside(facts.headline, page)
    for left, noun in ((len(near), "lesser rebalance"), (len(asides), "later step")):
        if left > page.most:
            text = f"{counted(left - page.most, noun)} left out"
            yield (Piece(" " * _NUMBER), Piece(fit(text, page.width - _NUMBER, page.glyphs), "dim"))


def _outside(told: Headline, page: Page) -> Iterator[Line]:
    """What the headline counts and no rebalance explains."""
    facts = list(told.outside())
    if facts:
        facts[0] = f"outside of rebalances: {facts[0]}"
        indent = Piece(" " * _NUMBER)
        yield from _wrapped(indent, facts, page.width, page.glyphs, "dim")


def _within(t: int, page: Page) -> bool:
    return page.start_ms <= t <= page.end_ms


def _touches(r: RebalanceEntry, page: Page) -> bool:
    end = r.start_ms if r.end_ms is None else r.end_ms
    return r.start_ms <= page.end_ms and end >= page.start_ms


def _entry(r: RebalanceEntry, page: Page) -> list[Line]:
    glyphs = page.glyphs
    before = "?" if r.generation_from < 0 else str(r.generation_from)
    after = "?" if r.generation_to is None else str(r.generation_to)
    generations = f"gen {before}{glyphs.arrow}{after}"
    took = pad(_took(r) + " ", _TOOK)  # "+14 min 00 s" fills the column
    room = min(page.width, _ENTRY) - _NUMBER - page.at - width_of(took)
    cause = _cause(r, room - len(generations) - 2, glyphs)
    gap = " " * (room - width_of(cause) - len(generations))
    lines: list[Line] = [
        (
            Piece(pad(f"#{r.number}", _NUMBER), "join"),
            Piece(page.when(r.start_ms)),
            Piece(took),
            Piece(cause, "dim" if r.cause == UNKNOWN else "bold"),
            Piece(gap + generations, "dim"),
        )
    ]
    indent = Piece(" " * (_NUMBER + page.at))
    lines += _wrapped(indent, [printable(f, glyphs) for f in _course(r)], page.width, glyphs, "dim")
    lines += _wrapped(indent, _cost(r, page), page.width, glyphs, "dim")
    reason = printable(_reason(r), glyphs)
    if reason:
        lines.append((indent, Piece(fit(reason, page.width - _NUMBER - page.at, glyphs), "dim")))
    return lines


def _took(r: RebalanceEntry) -> str:
    if r.time_to_stable_ms is not None:
        return f"+{duration(r.time_to_stable_ms)}"
    return "overtaken" if r.outcome == "overtaken" else "not over"


def _cause(r: RebalanceEntry, room: int, glyphs: Glyphs) -> str:
    """The cause whole, then as much as there is room for: who, by whose word, who else."""
    script = " (script)" if r.cause_source == "script" else ""
    named, counted = _others(r, glyphs)
    member = printable(r.member, glyphs)
    wanted = min(width_of(member), 12) + 2 if member else 0
    for tail in (named + script, counted + script, counted, script, ""):
        left = room - width_of(r.cause + tail)
        if left >= wanted:
            who = f": {fit(member, min(left - 2, 24), glyphs)}" if member else ""
            return printable(r.cause, glyphs) + who + tail
    left = room - width_of(r.cause) - 2
    who = f": {fit(member, left, glyphs)}" if member and left >= 4 else ""
    return fit(printable(r.cause, glyphs) + who, room, glyphs)


def _others(r: RebalanceEntry, glyphs: Glyphs) -> tuple[str, str]:
    """Who else came or went: with a name, and shorter with a number only."""
    same = ""
    named, counted = "", ""
    for word, lanes in (("joined", r.joined), ("gone", r.removed)):
        others = [printable(lane, glyphs) for lane in lanes if lane != r.member]
        if not others:
            continue
        if r.member in lanes:
            same = f" and {len(others)} more"
            continue
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        named += f", {word}: {fit(others[0], 16, glyphs)}{more}"
        counted += f", {len(others)} {word}"
    return same + named, same + counted


def _reason(r: RebalanceEntry) -> str:
    """The words beside the cause, without Kafka's filler for a client that gave none (KIP-800)."""
    words = r.reason.removesuffix("not provided").rstrip().removesuffix("client reason:")
    words = words.rstrip("; ")
    return "" if words == r.cause else words


def _cost(r: RebalanceEntry, page: Page) -> list[str]:
    parts = []
    if r.partitions_moved or r.partitions_stopped:
        parts.append(f"moved {r.partitions_moved:,}")
        parts.append(f"stopped {r.partitions_stopped:,}")
    if r.unavailable_partition_ms:
        since = r.unavailable_since_ms
        waited = since is not None and r.start_ms - since >= _WAITED_MS
        after = f" since {clock(since or 0, page.end_ms)}" if waited else ""
        parts.append(f"unavailable {r.unavailable_partition_ms:,} partition-ms{after}")
    return parts


def _course(r: RebalanceEntry) -> list[str]:
    """Where the time of a long rebalance went, and which requests were lost meanwhile."""
    end = max([r.start_ms, *(stage.end_ms for stage in r.stages)])
    took = end - r.start_ms
    parts: list[str] = []
    if took >= _LONG_MS:
        lengths = ((stage.name, stage.end_ms - stage.start_ms) for stage in r.stages)
        parts += [f"{name} {duration(ms)}" for name, ms in lengths if 100 * ms >= took]
        parts += _waited(r)
    if r.requests_lost:
        parts.append(f"{counted(r.requests_lost, 'request')} lost or refused")
    return parts


def _waited(r: RebalanceEntry) -> Iterator[str]:
    """Whom a stage waited for, where it was long: the last one, and how many more."""
    if r.delayed:
        yield "waited for the initial delay"
    begins = {stage.name: stage.start_ms for stage in r.stages} | {"join": r.start_ms}
    late = [w for w in r.waited_for if w.until_ms - begins.get(w.stage, 0) >= _LONG_MS]
    for stage in dict.fromkeys(w.stage for w in late):
        last = max((w for w in late if w.stage == stage), key=lambda w: w.until_ms)
        others = sum(w.stage == stage for w in late) - 1
        more = f" and {others} more" if others else ""
        vain = "" if last.came else ", in vain"
        yield f"waited {duration(last.until_ms - begins[stage])} for {last.member}{more}{vain}"


def _aside(aside: Aside, page: Page) -> Line:
    room = page.width - _NUMBER - page.at
    shown = fit(printable(aside.text, page.glyphs), room, page.glyphs)
    return (Piece(" " * _NUMBER), Piece(page.when(aside.t), "dim"), Piece(shown, aside.style))
