"""The picture of a group on a terminal: lanes, partitions and the reasons, in plain characters.

Why: this is what somebody looks at while the group stands still. It must be readable at 80
columns, in a log file, without colour, and must not lose an event because it was short. Time runs
from left to right; one row a member, then the partitions, then the story in words.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rebalance.timeline.cutting import closeup, no_such, window
from rebalance.timeline.detail import SHORT_MS, request_row, timers
from rebalance.timeline.facts import facts_of
from rebalance.timeline.glyphs import (
    ASCII,
    UNICODE,
    Glyphs,
    fit,
    letters,
    pad,
    printable,
    width_of,
)
from rebalance.timeline.history import History, histories
from rebalance.timeline.lanes import GroupLanes, Lane, Source, prolonged, read_groups
from rebalance.timeline.legend import legend
from rebalance.timeline.listing import Page, headline, story
from rebalance.timeline.load import load_row, moved_row
from rebalance.timeline.narrowing import ALL, Narrowing, narrowed, shared_out, shown_lanes
from rebalance.timeline.ownership import Cell
from rebalance.timeline.paint import Cells, Line, Piece, to_text, write
from rebalance.timeline.rebalances import Rebalance
from rebalance.timeline.rows import (
    Look,
    lane_styles,
    member_row,
    partition_groups,
    rebalance_row,
    unowned_row,
)
from rebalance.timeline.scale import Scale, tick_label
from rebalance.timeline.states import busy_spans, lane_counts, until_of, waiting_spans

MIN_WIDTH, MAX_WIDTH = 60, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOptions:
    """How the picture is drawn; the defaults suit a terminal of 80 columns without colour."""

    width: int = 80
    """Columns, 60 to 300; the picture is never wider."""
    color: bool = False
    """ANSI colours; they repeat what the characters say."""
    ascii: bool = False
    """Only ASCII, for terminals and logs that are not UTF-8."""
    max_partition_rows: int = 24
    """Partitions with the same picture share a row; what is beyond this is summed up in one."""
    max_member_rows: int = 60
    max_rebalances: int = 25
    """Rebalances listed (the costliest where there are more), and so many steps at most."""
    from_ms: int | None = None
    """The picture begins here instead of at the first event."""
    to_ms: int | None = None
    """The picture ends here instead of one column behind the end of the trace: that column shows
    how things stood then."""
    only: Narrowing = ALL
    """Only these members and topics; default: all."""
    rebalance: int | None = None
    """The number of a rebalance to look at closely, with a margin before and after it."""
    since_ms: int = 0
    """The numbers count from here on."""


def render_text(
    trace: Source, *, group_id: str | None = None, options: TextOptions | None = None
) -> str:
    """Draw one group of a trace, or all of them one after the other.

    Raises:
        UnknownGroupError: the trace does not speak of `group_id`.
        UnknownNameError: no group knows anything of a member or topic in `only`.
        ValueError: the width is out of its bounds, there is no such rebalance, or nothing of the
            trace is between `from_ms` and `to_ms`.
    """
    return text_of(read_groups(trace, group_id), options or TextOptions())


def text_of(groups: Iterable[GroupLanes], options: TextOptions) -> str:
    """Draw groups that were read, one after the other; raises as `render_text` does."""
    if not MIN_WIDTH <= options.width <= MAX_WIDTH:
        raise ValueError(f"width {options.width}: expected {MIN_WIDTH} to {MAX_WIDTH} columns")
    found = shared_out(tuple(groups), options.only)
    return "\n".join(
        to_text(draw(group, replace(options, only=own)), color=options.color)
        for group, own in found
    )


def draw(group: GroupLanes, options: TextOptions) -> Iterator[Line]:
    """The picture of one group, line by line."""
    glyphs = ASCII if options.ascii else UNICODE
    facts = facts_of(group, options.only, since_ms=options.since_ms)
    found = facts.found
    shown = shown_lanes(group, options.only)
    label = _label_width(group, options.width)
    columns = options.width - label - 1
    group = prolonged(group, max((group.end_ms - group.start_ms) // (columns - 1), 1))
    group = narrowed(group, options.only)
    all_ = histories(group.ownership) if group.ownership else ()
    start, end = _window(group, found, options)
    names = [lane.name for lane in group.lanes]
    look = Look(
        scale=Scale(start, end, columns),
        glyphs=glyphs,
        letters=letters(names, glyphs),
        styles=lane_styles(names),
    )
    whole = look.scale.start <= max(group.start_ms, options.since_ms) and group.end_ms <= end
    yield from headline(replace(facts.headline, in_part=not whole), options.width, glyphs)
    yield ()
    yield from _ruler(look, label)
    rebalances = _row("rebalances", rebalance_row(found, look, group.end_ms), label)
    yield rebalances
    members = tuple(_members(group, shown, found, all_, look, label, options))
    yield from members
    partitions = tuple(_partitions(all_, look, label, options)) if all_ else ()
    loads = tuple(_loads(shown, all_, look, label)) if all_ else ()
    yield from (*partitions[:1], *loads, *partitions[1:])
    yield ()
    page = Page(
        width=options.width,
        glyphs=glyphs,
        start_ms=look.scale.start,
        end_ms=look.scale.end,
        most=options.max_rebalances,
    )
    told = tuple(story(facts, page, whole=whole))
    yield from told
    if told:
        yield ()
    yield from legend(_kinds(rebalances, members, partitions, loads), glyphs, options.width)


def _kinds(
    rebalances: Line, members: Sequence[Line], partitions: Sequence[Line], loads: Sequence[Line]
) -> dict[str, str]:
    """What each kind of row has drawn, which the legend has to explain."""
    return {
        "rebalances": _drawn([rebalances]),
        "members": _drawn(line for line in members if not _is_request_row(line)),
        "requests": _drawn(line for line in members if _is_request_row(line)),
        "no owner": _drawn(partitions[:1]),
        "load": _drawn(loads[:1]),
        "moved": _drawn(loads[1:]),
        "partitions": _drawn(partitions[2:]),
    }


def _is_request_row(line: Line) -> bool:
    return line[0].text.startswith("  requests ")


def _drawn(lines: Iterable[Line]) -> str:
    """The characters of rows, without their labels."""
    return "".join(piece.text for line in lines for piece in line[1:])


def _window(group: GroupLanes, found: Sequence[Rebalance], options: TextOptions) -> tuple[int, int]:
    """The time that is drawn: what was asked for, cut to the trace."""
    start, end, number = options.from_ms, options.to_ms, options.rebalance
    if number is not None:
        if not 1 <= number <= len(found):
            raise no_such(number, len(found), group.group_id)
        until = until_of(found, number - 1, group.end_ms)
        start, end = closeup(found[number - 1].start_ms, until)
    return window((group.start_ms, group.end_ms), start, end, last_ms=group.last_ms)


def _row(name: str, cells: Cells, label: int, style: str = "") -> Line:
    return (Piece(pad(name, label) + " ", style), *cells)


def _label_width(group: GroupLanes, width: int) -> int:
    names = [width_of(lane.name) + 2 for lane in group.lanes]
    topics = {cell.topic for cell in group.ownership.wanted} if group.ownership else set()
    cells = [len(f"{topic} 00-00") for topic in topics] if len(topics) > 1 else []
    return min(max([*names, *cells, 10]), max(width // 4, 14))


def _ruler(look: Look, label: int) -> Iterator[Line]:
    scale = look.scale
    ticks = scale.ticks(10)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else scale.span
    numbers: Cells = [Piece(" ")] * scale.columns
    axis: Cells = [Piece(look.glyphs.axis, "dim")] * scale.columns
    for t in ticks:
        text = tick_label(t, step, scale.end)
        column = scale.column(t)
        write(axis, column, look.glyphs.tick, "dim")
        if column + len(text) <= scale.columns:
            write(numbers, column, text)
    yield _row("", numbers, label)
    yield _row("", axis, label)


def _members(
    group: GroupLanes,
    shown: Sequence[Lane],
    found: Sequence[Rebalance],
    all_: Sequence[History],
    look: Look,
    label: int,
    options: TextOptions,
) -> Iterator[Line]:
    counts = lane_counts(all_)
    busy = busy_spans(found, group)
    waiting = waiting_spans(group, all_)
    names = {lane.name for lane in shown[: options.max_member_rows]}
    for lane in (lane for lane in group.lanes if lane.name in names):
        held_up = waiting.get(lane.name, ())
        cells = member_row(lane, counts.get(lane.name, {}), busy, held_up, look)
        letter = look.letters[lane.name]
        name = printable(lane.name, look.glyphs)
        if name != letter:
            name = f"{letter} {fit(name, label - 2, look.glyphs)}"
        yield _row(name, cells, label, look.style(lane.name))
        if _close(look, options):
            if lane.requests:
                yield _row("  requests", request_row(lane, look.scale, look.glyphs), label)
            yield from timers(lane, look.scale, group.end_ms, options.width, look.glyphs)
    hidden = len(shown) - options.max_member_rows
    if hidden > 0:
        yield (Piece(f"{look.glyphs.ellipsis} {hidden} more members", "dim"),)


def _close(look: Look, options: TextOptions) -> bool:
    """Whether this is a closer look: at some members, or at a short stretch of time."""
    begins = options.from_ms
    if options.since_ms and begins == options.since_ms:  # what is measured, and nobody's choice
        begins = None
    asked = (begins, options.to_ms, options.rebalance)
    short = look.scale.span <= SHORT_MS and any(each is not None for each in asked)
    return bool(options.only.members) or short


def _loads(
    shown: Sequence[Lane], all_: Sequence[History], look: Look, label: int
) -> Iterator[Line]:
    """How evenly the members are loaded, and how much moves between them."""
    yield _row("load", load_row(shown, lane_counts(all_), look.scale), label)
    moved = moved_row(all_, look.scale)
    if any(cell.text.strip() for cell in moved):
        yield _row("moved", moved, label)


def _partitions(
    all_: Sequence[History], look: Look, label: int, options: TextOptions
) -> Iterator[Line]:
    yield _row("no owner", unowned_row(all_, look), label)
    yield ()
    topics = {cell.topic for history in all_ for cell in history.cells}
    alone = len(topics) == 1
    if alone:
        name = printable(topics.pop(), look.glyphs)
        yield (Piece(fit(name, options.width, look.glyphs), "dim"),)
    groups, rest = partition_groups(all_, look, options.max_partition_rows)
    for group in groups:
        name = _partition_label(group.cells, label, look.glyphs, alone=alone)
        yield _row(name, list(group.row), label)
    if rest:
        count = sum(len(history.cells) for history in rest)
        yield _row(_others(count, label), unowned_row(rest, look), label)


def _others(count: int, columns: int) -> str:
    """How many rows are summed up in one, in as many words as there is room for."""
    words = (f"+{count:,} others", f"+{count:,} more", f"+{count:,}")
    return next((text for text in words if len(text) <= columns), words[-1])


def _partition_label(cells: Sequence[Cell], columns: int, glyphs: Glyphs, *, alone: bool) -> str:
    """`orders 0-3,7`; what does not fit is counted: `orders 0-3 +9`. The name of a topic that is
    `alone` stands above its rows."""
    topic = cells[0].topic
    ranges = _ranges([cell.partition for cell in cells if cell.topic == topic])
    texts = [f"{a}" if a == b else f"{a}-{b}" for a, b in ranges]
    others = sum(cell.topic != topic for cell in cells)
    name = " " if alone else printable(topic, glyphs)
    for shown in range(len(texts), 0, -1):
        left = others + sum(b - a + 1 for a, b in ranges[shown:])
        ids = ",".join(texts[:shown]) + (f" +{left}" if left else "")
        if width_of(name) + 1 + len(ids) <= columns or shown == 1:
            return f"{fit(name, columns - 1 - len(ids), glyphs)} {ids}"
    return name


def _ranges(ids: Sequence[int]) -> list[tuple[int, int]]:
    result: list[tuple[int, int]] = []
    for id_ in ids:
        if result and result[-1][1] == id_ - 1:
            result[-1] = (result[-1][0], id_)
        else:
            result.append((id_, id_))
    return result
