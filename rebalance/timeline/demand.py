"""When a partition is wanted: it exists, and a live member of the group subscribes to its topic.

Why: a partition without an owner is a loss only while somebody wants it. A member is live from its
start to its stop, crash or fatal error; a crashed member wants nothing. Where no member ever said
what it subscribes to, the topics that were ever assigned count, from the first assignment on.
Where all of a topic's consumers are gone at once nobody wants it, and yet nothing of it is worked
on, whoever lives for other topics: that is told apart.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from rebalance.timeline.events import Event, TopicKnown
from rebalance.timeline.ownership import Cell, Holds
from rebalance.timeline.spans import Span, intersection, union


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A member's life in one view, and its topics from a time on (empty: it never said)."""

    lives: tuple[Span, ...]
    topics: tuple[tuple[int, tuple[str, ...]], ...]


def wanted_cells(
    holds: Holds, wants: Iterable[Want], events: Iterable[Event], end: int
) -> Mapping[Cell, tuple[Span, ...]]:
    """Each partition that was ever owned or wanted, with the time in which it was wanted."""
    subscribed = _subscribed(tuple(wants), _first_owned(holds), end)
    sizes = _sizes(events)
    cells = set(holds)
    for topic in subscribed.keys() & sizes.keys():
        largest = max(partitions for _, partitions in sizes[topic])
        cells.update(Cell(topic, partition) for partition in range(largest))
    known: dict[tuple[str, tuple[Span, ...] | None], tuple[Span, ...]] = {}
    result: dict[Cell, tuple[Span, ...]] = {}
    for cell in sorted(cells):
        exists = _exists(sizes.get(cell.topic), cell.partition, end)
        key = (cell.topic, exists)
        if key not in known:
            wanted = subscribed.get(cell.topic, ())
            known[key] = wanted if exists is None else intersection(wanted, exists)
        result[cell] = known[key]
    return result


def deserted_cells(
    wanted: Mapping[Cell, tuple[Span, ...]], wants: Iterable[Want], holds: Holds, end: int
) -> Mapping[Cell, tuple[Span, ...]]:
    """Each partition that nobody was alive for, and when: from the end of the last member that
    wanted its topic to the first one that wants it again. Partitions that were never so are left
    out.

    A topic to which nobody comes back is over, and one that its members turned away from is wanted
    by nobody: neither is deserted.
    """
    listed = tuple(wants)
    ends = {life.end for want in listed for life in want.lives}
    of_topic = {
        topic: tuple(
            Span(before.end, after.start) for before, after in pairwise(spans) if before.end in ends
        )
        for topic, spans in _subscribed(listed, _first_owned(holds), end).items()
    }
    known: dict[tuple[str, tuple[Span, ...]], tuple[Span, ...]] = {}
    for cell, spans in wanted.items():
        key = (cell.topic, spans)
        if key not in known:
            until = {span.end for span in spans}
            known[key] = tuple(g for g in of_topic.get(cell.topic, ()) if g.start in until)
    return {cell: found for cell, spans in wanted.items() if (found := known[cell.topic, spans])}


def _first_owned(holds: Holds) -> dict[str, int]:
    first: dict[str, int] = {}
    for cell, list_ in holds.items():
        if list_:
            first[cell.topic] = min(first.get(cell.topic, list_[0].start), list_[0].start)
    return first


def _subscribed(
    wants: tuple[Want, ...], first_owned: Mapping[str, int], end: int
) -> dict[str, tuple[Span, ...]]:
    spans: dict[str, list[Span]] = {}
    for want in wants:
        for topic, span in _topic_spans(want, first_owned, end):
            for life in want.lives:
                both = Span(max(span.start, life.start), min(span.end, life.end))
                spans.setdefault(topic, []).append(both)
    return {topic: union(list_) for topic, list_ in spans.items()}


def _topic_spans(
    want: Want, first_owned: Mapping[str, int], end: int
) -> Iterable[tuple[str, Span]]:
    if not want.topics:
        for topic, start in first_owned.items():
            yield topic, Span(start, end)
        return
    ends = [start for start, _ in want.topics[1:]] + [end]
    for (start, topics), until in zip(want.topics, ends, strict=True):
        for topic in topics:
            yield topic, Span(start, until)


def _sizes(events: Iterable[Event]) -> dict[str, list[tuple[int, int]]]:
    sizes: dict[str, list[tuple[int, int]]] = {}
    for event in events:
        if isinstance(event, TopicKnown):
            sizes.setdefault(event.topic, []).append((event.t, event.partitions))
    return sizes


def _exists(
    sizes: list[tuple[int, int]] | None, partition: int, end: int
) -> tuple[Span, ...] | None:
    """When the partition existed; None where no event speaks of its topic: always."""
    if sizes is None:
        return None
    ends = [t for t, _ in sizes[1:]] + [end]
    return union(
        Span(t, until)
        for (t, partitions), until in zip(sizes, ends, strict=True)
        if partition < partitions
    )
