"""A model cut to a window of time: what `--from` and `--to` ask for.

Why: who looks at ten seconds of a day must not carry the day along. What began before the window
begins with it and what ends behind it ends with it; what does not touch it is gone. The numbers
(`metrics`) and what a rebalance cost stay those of the whole trace.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from rebalance.timeline.model import GroupModel, MemberLane, PartitionLane, Run, StateSpan
from rebalance.timeline.scale import seconds

SpanT = TypeVar("SpanT", Run, StateSpan)


def cut(model: GroupModel, from_ms: int | None, to_ms: int | None) -> GroupModel:
    """The part of a model in [from_ms, to_ms]; None: from its start, to its end.

    Raises:
        ValueError: nothing of the trace is in it.
    """
    start = model.start_ms if from_ms is None else max(from_ms, model.start_ms)
    end = model.end_ms if to_ms is None else min(to_ms, model.end_ms)
    if start > end:
        until = "on" if to_ms is None else f"to {seconds(to_ms)}"
        raise ValueError(
            f"nothing to draw from {seconds(start if from_ms is None else from_ms)} {until}; "
            f"the trace goes from {seconds(model.start_ms)} to {seconds(model.end_ms)}"
        )
    if (start, end) == (model.start_ms, model.end_ms):
        return model
    return replace(
        model,
        start_ms=start,
        end_ms=end,
        members=tuple(_member(member, start, end) for member in model.members),
        partitions=tuple(_partitions(lane, start, end) for lane in model.partitions),
        rebalances=tuple(
            entry for entry in model.rebalances if entry.start_ms <= end and entry.until_ms >= start
        ),
        states=tuple(_states(model.states, start, end)),
        asides=tuple(aside for aside in model.asides if start <= aside[0] <= end),
    )


def around(model: GroupModel, number: int) -> GroupModel:
    """One rebalance with a margin before and after it.

    Raises:
        ValueError: the group has no such rebalance.
    """
    entry = next((entry for entry in model.rebalances if entry.number == number), None)
    if entry is None:
        last = len(model.rebalances)
        known = f"it has 1 to {last}" if last else "it has none"
        raise ValueError(f"no rebalance {number} of group {model.group_id!r}; {known}")
    margin = max((entry.until_ms - entry.start_ms) // 3, 20)
    return cut(model, entry.start_ms - margin, entry.until_ms + margin)


def _member(member: MemberLane, start: int, end: int) -> MemberLane:
    states = tuple(_within(member.states, start, end))
    return replace(
        member,
        states=states,
        happenings=tuple(h for h in member.happenings if start <= h.t_ms <= end),
        requests=tuple(
            r for r in member.requests if r.sent_ms <= end and (r.answered_ms or end) >= start
        ),
        shown=member.shown and bool(states),
    )


def _partitions(lane: PartitionLane, start: int, end: int) -> PartitionLane:
    return replace(
        lane,
        runs=tuple(_within(lane.runs, start, end)),
        moves=tuple(move for move in lane.moves if start <= move[0] <= end),
    )


def _within(spans: Iterable[SpanT], start: int, end: int) -> Iterator[SpanT]:
    for span in spans:
        if span.start_ms < end and span.end_ms > start:
            yield span._replace(start_ms=max(span.start_ms, start), end_ms=min(span.end_ms, end))


def _states(states: Iterable[tuple[int, str]], start: int, end: int) -> Iterator[tuple[int, str]]:
    """The state in which the window begins is told at its beginning."""
    before = ""
    for t, state in states:
        if t < start:
            before = state
        elif t <= end:
            if before:
                yield start, before
                before = ""
            yield t, state
    if before:
        yield start, before
