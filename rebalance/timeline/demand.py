"""When a partition is wanted: it exists, and a live member of the group subscribes to its topic.

Why: a partition without an owner is a loss only while somebody wants it. A member is live from its
start to its stop, crash or fatal error; a crashed member wants nothing. Where no member ever said
what it subscribes to, the topics that were ever assigned count, from the first assignment on.
Where all of a topic's consumers are gone at once nobody wants it, and yet nothing of it is worked
on, whoever lives for other topics: that is told apart. It lasts until somebody is back; if nobody
is, to the end where the last consumer was lost, for a crash is no farewell.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from rebalance.timeline.events import Event, TopicKnown
from rebalance.timeline.ownership import Cell, Holds
from rebalance.timeline.spans import Span, intersection, union


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A member's life in one view, and its topics from a time on (empty: it never said)."""

    lives: tuple[Span, ...]
    topics: tuple[tuple[int, tuple[str, ...]], ...]
    lost: frozenset[int] = frozenset()
    """Ends of lives that it did not choose: it crashed, failed, or was given up."""


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
    wanted: Mapping[Cell, tuple[Span, ...]],
    holds: Holds,
    wants: Iterable[Want],
    events: Iterable[Event],
    end: int,
) -> Mapping[Cell, tuple[Span, ...]]:
    """Each partition that nobody was alive for, and when: from the end of the last member that
    wanted its topic to the first one that wants it again, to its deletion, or to `end`. Partitions
    that were never so are left out.

    A topic whose last member closed in good order, and to which nobody comes back, is over; and one
    that its members turned away from is wanted by nobody: neither is deserted.
    """
    listed = tuple(wants)
    sizes = _sizes(events)
    gaps = _gaps(listed, _first_owned(holds), end)
    known: dict[tuple[str, tuple[Span, ...], tuple[Span, ...] | None], tuple[Span, ...]] = {}
    result: dict[Cell, tuple[Span, ...]] = {}
    for cell, spans in wanted.items():
        exists = _exists(sizes.get(cell.topic), cell.partition, end)
        key = (cell.topic, spans, exists)
        if key not in known:
            until = {span.end for span in spans}
            found = (gap for gap in gaps.get(cell.topic, ()) if gap.start in until)
            known[key] = tuple(found if exists is None else _while_there(found, exists))
        if known[key]:
            result[cell] = known[key]
    return result


def _gaps(
    wants: tuple[Want, ...], first_owned: Mapping[str, int], end: int
) -> dict[str, list[Span]]:
    """When nobody was alive who wanted a topic that somebody did when its life ended."""
    ends = {life.end for want in wants for life in want.lives}
    lost = [replace(w, lives=tuple(s for s in w.lives if s.end in w.lost)) for w in wants if w.lost]
    of_lost = _subscribed(tuple(lost), first_owned, end)
    gaps: dict[str, list[Span]] = {}
    for topic, spans in _subscribed(wants, first_owned, end).items():
        gaps[topic] = [Span(a.end, b.start) for a, b in pairwise(spans) if a.end in ends]
        last = spans[-1].end if spans else end
        if last < end and any(span.end == last for span in of_lost.get(topic, ())):
            gaps[topic].append(Span(last, end))
    return gaps


def _while_there(gaps: Iterable[Span], exists: tuple[Span, ...]) -> Iterable[Span]:
    """Up to the deletion; a topic that is created anew under the old name is another."""
    for gap in gaps:
        for span in exists:
            if span.start <= gap.start < span.end:
                yield Span(gap.start, min(gap.end, span.end))


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
