"""Rows of partitions: one for each history, or bands of partitions where there are too many.

Why: two thousand lanes in a picture are read by nobody. A band is a block of neighbouring
partitions of one topic; each column of it shows who owns most of it, and how much nobody owns.
Nothing is lost of what matters: a second owner, or a partition without one, is seen in its band
however few they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rebalance.timeline.model import DESERTED, NOBODY, PartitionLane, Run
from rebalance.timeline.scale import Scale
from rebalance.timeline.svg.coarse import edges

MIXED = -4
"""Owned by several members, of whom none has half."""


class Cell(NamedTuple):
    """In [start_ms, end_ms) the row looks the same."""

    start_ms: int
    end_ms: int
    who: int
    """A member's number, or MIXED, or model.NOBODY, model.NOT_WANTED, or model.DESERTED."""
    lost: float
    """The share of the row that nobody owns and somebody should, 0 to 1."""
    double: bool
    zombie: bool
    owners: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the picture."""

    topic: str
    partitions: tuple[int, ...]
    cells: tuple[Cell, ...]
    band: bool
    """Several histories in one row."""


def rows_of(lanes: Sequence[PartitionLane], scale: Scale, most: int) -> tuple[Row, ...]:
    """At most `most` rows, or one for each topic where there are more topics."""
    if len(lanes) <= most:
        return tuple(_row(lane, scale) for lane in lanes)
    return tuple(_band(topic, block, scale) for topic, block in _blocks(lanes, most))


def _row(lane: PartitionLane, scale: Scale) -> Row:
    """As it was; one cell a pixel where there are more stretches than that."""
    if len(lane.runs) > scale.columns:
        return _band(lane.topic, [(id_, lane) for id_ in lane.partitions], scale)
    cells = tuple(_exact(run) for run in lane.runs)
    return Row(topic=lane.topic, partitions=lane.partitions, cells=cells, band=False)


def _exact(run: Run) -> Cell:
    lost = 1.0 if run.unowned else 0.0
    double = len(run.owners) > 1
    return Cell(run.start_ms, run.end_ms, run.who, lost, double, bool(run.zombies), run.owners)


def _blocks(
    lanes: Iterable[PartitionLane], most: int
) -> Iterator[tuple[str, list[tuple[int, PartitionLane]]]]:
    """Blocks of neighbours, each topic's as large as the other topics'."""
    topics: dict[str, list[tuple[int, PartitionLane]]] = {}
    for lane in lanes:
        topics.setdefault(lane.topic, []).extend((id_, lane) for id_ in lane.partitions)
    total = sum(len(ids) for ids in topics.values())
    for topic in sorted(topics):
        ids = sorted(topics[topic], key=lambda pair: pair[0])
        count = max(min(most * len(ids) // total, len(ids)), 1)
        size = -(-len(ids) // count)
        for first in range(0, len(ids), size):
            yield topic, ids[first : first + size]


def _band(topic: str, block: Sequence[tuple[int, PartitionLane]], scale: Scale) -> Row:
    columns: list[dict[int, int]] = [{} for _ in range(scale.columns)]
    double = [False] * scale.columns
    zombie = [False] * scale.columns
    counts: dict[int, tuple[PartitionLane, int]] = {}
    for _, lane in block:
        counts[id(lane)] = (lane, counts.get(id(lane), (lane, 0))[1] + 1)
    for lane, count in counts.values():
        for run in lane.runs:
            for column, covered in scale.overlaps(run.start_ms, run.end_ms):
                shares = columns[column]
                shares[run.who] = shares.get(run.who, 0) + covered * count
                double[column] |= len(run.owners) > 1
                zombie[column] |= bool(run.zombies)
    whole = len(block) * scale.span
    cells: list[Cell] = []
    for column, shares in enumerate(columns):
        if shares:
            cell = _cell(column, shares, whole, scale, double=double[column], zombie=zombie[column])
            if cells and cells[-1].end_ms == cell.start_ms and cells[-1][2:] == cell[2:]:
                cell = cell._replace(start_ms=cells.pop().start_ms)
            cells.append(cell)
    partitions = tuple(id_ for id_, _ in block)
    return Row(topic=topic, partitions=partitions, cells=tuple(cells), band=True)


def _cell(
    column: int, shares: dict[int, int], whole: int, scale: Scale, *, double: bool, zombie: bool
) -> Cell:
    """Shares in tenths: what differs by less looks the same, and a little is never nothing."""
    start, end = edges(column, scale)
    lost = shares.get(NOBODY, 0) + shares.get(DESERTED, 0)
    tenths = -(-lost * 10 // whole)
    owned = {who: share for who, share in shares.items() if who >= 0}
    if not owned:
        return Cell(start, end, max(shares), tenths / 10, double, zombie, ())
    best = max(owned, key=lambda who: (owned[who], -who))
    who = best if 2 * owned[best] >= sum(owned.values()) else MIXED
    return Cell(start, end, who, tenths / 10, double, zombie, ())
