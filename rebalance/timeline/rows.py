"""The rows of the picture: rebalances, members, the share without an owner, partitions.

Why: each row answers one question of somebody who did not sleep: when did it rebalance, who was
there and held how much, how much stood still, who owned this partition.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rebalance.timeline.glyphs import Glyphs
from rebalance.timeline.history import History, Stretch
from rebalance.timeline.lanes import Lane, Mark
from rebalance.timeline.ownership import Cell
from rebalance.timeline.paint import LANE_STYLES, Cells, Piece, Run, paint, write
from rebalance.timeline.rebalances import Rebalance
from rebalance.timeline.scale import Scale
from rebalance.timeline.spans import Span
from rebalance.timeline.states import Phase, phases_of, unnoticed_spans, until_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a picture is drawn: the scale, the characters, a letter and a colour for each lane."""

    scale: Scale
    glyphs: Glyphs
    letters: Mapping[str, str]
    styles: Mapping[str, str]

    def style(self, lane: str) -> str:
        """The colour of a lane."""
        return self.styles[lane]


def lane_styles(names: Iterable[str]) -> dict[str, str]:
    """Colours in turn: neighbours differ."""
    return {name: f"lane{index % LANE_STYLES}" for index, name in enumerate(names)}


# --- rebalances ----------------------------------------------------------------------------------


def rebalance_row(found: Sequence[Rebalance], look: Look, end_ms: int) -> Cells:
    """Numbers where rebalances start, a line while they last; crowded numbers become `3-5`."""
    runs = [
        Run(
            start=r.start_ms, end=until_of(found, i, end_ms), glyph=look.glyphs.during, style="join"
        )
        for i, r in enumerate(found)
    ]
    cells = paint(runs, look.scale)
    for column, label in _labels(found, look.scale, end_ms):
        write(cells, column, label, "join")
    return cells


def _labels(found: Sequence[Rebalance], scale: Scale, end_ms: int) -> list[tuple[int, str]]:
    groups: list[list[int]] = []
    columns: list[int] = []
    for index, rebalance in enumerate(found):
        if rebalance.start_ms > scale.end or until_of(found, index, end_ms) < scale.start:
            continue
        column = scale.column(rebalance.start_ms)
        if groups and column <= columns[-1] + len(_label(groups[-1])):
            groups[-1].append(rebalance.number)
        else:
            groups.append([rebalance.number])
            columns.append(column)
    labels: list[tuple[int, str]] = []
    while groups:
        numbers, column = groups.pop(), columns.pop()
        at = max(min(column, scale.columns - len(_label(numbers))), 0)
        if not labels and groups and at <= columns[-1] + len(_label(groups[-1])):
            groups[-1] += numbers  # pushed to the left by the edge, into its neighbour
            continue
        labels.append((at, _label(numbers)))
    return labels


def _label(numbers: list[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"


# --- members -------------------------------------------------------------------------------------


def member_row(
    lane: Lane,
    counts: Mapping[int, tuple[int, int]],
    busy: tuple[Span, ...],
    waiting: tuple[Span, ...],
    look: Look,
) -> Cells:
    """One member's life: a heavy line while it owns, a light one while not, broken while the group
    rebalances around it; the number of partitions where there is room for it.

    `waiting`: when others waited for what it held when it crashed (see `waiting_spans`).
    """
    phases = _settled(phases_of(lane, counts, busy), look.scale)
    runs = [_phase_run(phases, index, look, lane.name) for index in range(len(phases))]
    runs += [
        Run(start=start, end=end, glyph=look.glyphs.counted, style="bad")
        for start, end in (*unnoticed_spans(lane), *waiting)
    ]
    cells = paint(runs, look.scale)
    _write_counts(cells, phases, look, lane.name)
    for mark in lane.marks:
        glyph = _end_glyph(mark, lane, look.glyphs)
        if glyph and look.scale.contains(mark.t):
            style = "dim" if glyph == look.glyphs.closed else "bad"
            write(cells, look.scale.column(mark.t), glyph, style)
    return cells


def _end_glyph(mark: Mark, lane: Lane, glyphs: Glyphs) -> str:
    if mark.kind == "removed" and not lane.alive:
        return glyphs.closed if mark.text == "member left" else glyphs.crashed
    ends = {"crashed": glyphs.crashed, "failed": glyphs.failed, "closed": glyphs.closed}
    return ends.get(mark.kind, "")


def _settled(phases: list[tuple[int, int, Phase]], scale: Scale) -> list[tuple[int, int, Phase]]:
    """Without ownership, a moment beside a join is part of that join: no event of its own."""
    result: list[tuple[int, int, Phase]] = []
    empty = [not (phase.owned or phase.believed or phase.paused) for _, _, phase in phases]
    for index, (start, end, phase) in enumerate(phases):
        near = [i for i in (index - 1, index + 1) if 0 <= i < len(phases)]
        beside = any(empty[i] and phases[i][2].joining for i in near)
        short = (end - start) * scale.columns < scale.span
        if empty[index] and not phase.joining and beside and short:
            phase = phase._replace(joining=True)
        if result and result[-1][1] == start and result[-1][2] == phase:
            start = result.pop()[0]
        result.append((start, end, phase))
    return result


def _phase_run(phases: Sequence[tuple[int, int, Phase]], index: int, look: Look, lane: str) -> Run:
    start, end, phase = phases[index]
    glyphs = look.glyphs
    color = look.style(lane)
    if phase.believed:
        return Run(start=start, end=end, glyph=glyphs.zombie, style="bad", weight=4)
    if phase.paused:
        return Run(start=start, end=end, glyph=glyphs.paused, style="join", weight=3)
    if phase.owned:
        glyph = glyphs.owns_joining if phase.joining else glyphs.owns
        return Run(start=start, end=end, glyph=glyph, style=color, weight=int(phase.joining))
    glyph = glyphs.joining if phase.joining else glyphs.idle
    return Run(
        start=start, end=end, glyph=glyph, style="join" if phase.joining else "dim",
        brief=glyphs.brief if _owns_around(phases, index) else "", brief_style="join", weight=2,
    )  # fmt: skip


def _owns_around(phases: Sequence[tuple[int, int, Phase]], index: int) -> bool:
    """It lost all that it owned and owns again: owning nothing, it would lose nothing."""
    if not 0 < index < len(phases) - 1:
        return False
    (_, until, before), (start, end, _), (then, _, after) = phases[index - 1 : index + 2]
    had = before.owned or before.believed
    return bool(had and after.owned) and until == start and end == then


def _write_counts(
    cells: Cells, phases: Sequence[tuple[int, int, Phase]], look: Look, lane: str
) -> None:
    """The number owned, behind the first column of a stretch in which it stays the same."""
    said = 0
    for start, end, phase in phases:
        if phase.owned != said and phase.owned and not phase.believed and not phase.paused:
            columns = [
                column
                for column, _ in look.scale.overlaps(start, end)
                if cells[column].text in (look.glyphs.owns, look.glyphs.owns_joining)
            ]
            text = str(phase.owned)
            room = columns[1 : len(text) + 2]
            if len(room) <= len(text) or room[-1] - room[0] != len(text):
                said = 0
                continue
            write(cells, columns[1], text, look.style(lane))
        said = phase.owned


# --- partitions ----------------------------------------------------------------------------------


def unowned_row(all_: Iterable[History], look: Look) -> Cells:
    """The share of partition time without an owner in each column; a little is never nothing.

    Filled boxes are partition-milliseconds, unavailable ones and those for which nobody was alive:
    up to the end of the trace the headline's numbers are this row's area.
    """
    lost = [0] * look.scale.columns
    total = 0
    for history in all_:
        total += len(history.cells)
        for stretch in history.stretches:
            if not (stretch.unavailable or stretch.deserted):
                continue
            for column, covered in look.scale.overlaps(stretch.start, stretch.end):
                lost[column] += covered * len(history.cells)
    levels = look.glyphs.levels
    most = total * look.scale.span
    return [
        Piece(levels[-(-part * len(levels) // most) - 1], "bad") if part else Piece(" ")
        for part in lost
    ]


def partition_row(history: History, look: Look) -> Cells:
    """The letter of the owner over time."""
    return paint([_stretch_run(stretch, look) for stretch in history.stretches], look.scale)


def _stretch_run(stretch: Stretch, look: Look) -> Run:
    glyphs = look.glyphs
    start, end = stretch.start, stretch.end
    owners = "".join(look.letters[owner] for owner in stretch.owners)
    if stretch.double:
        return Run(start=start, end=end, glyph=glyphs.double + owners, style="bad", weight=4)
    if stretch.zombies:
        glyph = glyphs.zombie + (owners or glyphs.nobody)
        return Run(start=start, end=end, glyph=glyph, style="bad", weight=3)
    if stretch.owners:
        owner = stretch.owners[0]
        return Run(
            start=start, end=end, glyph=owners, style=look.style(owner),
            brief=glyphs.handover, brief_style="join", weight=1,
        )  # fmt: skip
    return Run(start=start, end=end, glyph=glyphs.nobody, style="bad", brief=glyphs.brief, weight=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionGroup:
    """Partitions that look the same at this scale."""

    cells: tuple[Cell, ...]
    row: tuple[Piece, ...]


def partition_groups(
    all_: Iterable[History], look: Look, most: int
) -> tuple[tuple[PartitionGroup, ...], tuple[History, ...]]:
    """At most `most` rows, and the histories that found no place in them.

    Partitions of one topic that look the same share a row; where that is not enough, partitions
    of all topics do; where that is not either, rows with something wrong in them come first, then
    those of most partitions.
    """
    listed = tuple(all_)
    rows = [tuple(partition_row(history, look)) for history in listed]
    groups: list[PartitionGroup] = []
    for by_topic in (True, False):
        groups = _collapse(listed, rows, by_topic=by_topic)
        if len(groups) <= most:
            return tuple(groups), ()
    wrong = (look.glyphs.double, look.glyphs.zombie)
    ranked = sorted(
        groups,
        key=lambda g: (not any(p.text in wrong for p in g.row), -len(g.cells), g.cells[0]),
    )
    kept = sorted(ranked[: most - 1], key=lambda group: group.cells[0])
    shown = {cell for group in kept for cell in group.cells}
    rest = tuple(history for history in listed if history.cells[0] not in shown)
    return tuple(kept), rest


def _collapse(
    all_: Sequence[History], rows: Sequence[tuple[Piece, ...]], *, by_topic: bool
) -> list[PartitionGroup]:
    pictures: dict[tuple[Piece, ...], list[Cell]] = {}
    for history, row in zip(all_, rows, strict=True):
        pictures.setdefault(row, []).extend(history.cells)
    cells: dict[tuple[str, int], list[Cell]] = {}
    drawn = list(pictures)
    for index, row in enumerate(drawn):
        for cell in pictures[row]:
            cells.setdefault((cell.topic if by_topic else "", index), []).append(cell)
    groups = [
        PartitionGroup(cells=tuple(sorted(members)), row=drawn[index])
        for (_, index), members in cells.items()
    ]
    return sorted(groups, key=lambda group: group.cells[0])
