"""A model cut to a window of time: what `--from` and `--to` ask for.

Why: who looks at ten seconds of a day must not carry the day along. What began before the window
begins with it and what ends behind it ends with it; what does not touch it is gone. The numbers
(`metrics`) and what a rebalance cost stay those of the whole trace.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from rebalance.timeline.model import (
    GroupModel,
    MemberLane,
    PartitionLane,
    RebalanceEntry,
    Run,
    StateSpan,
)
from rebalance.timeline.scale import seconds

SpanT = TypeVar("SpanT", Run, StateSpan)


def window(
    whole: tuple[int, int], from_ms: int | None, to_ms: int | None, *, last_ms: int
) -> tuple[int, int]:
    """The part of `whole` that is asked for; `last_ms` is where the message says that it ends.

    Raises:
        ValueError: there is none.
    """
    start = whole[0] if from_ms is None else max(from_ms, whole[0])
    end = whole[1] if to_ms is None else min(to_ms, whole[1])
    if start > end:
        until = "on" if to_ms is None else f"to {seconds(to_ms)}"
        raise ValueError(
            f"nothing to draw from {seconds(start if from_ms is None else from_ms)} {until}; "
            f"the trace goes from {seconds(whole[0])} to {seconds(last_ms)}"
        )
    return start, end


def closeup(start_ms: int, until_ms: int) -> tuple[int, int]:
    """A stretch of time with a margin before and after it."""
    margin = max((until_ms - start_ms) // 3, 20)
    return start_ms - margin, until_ms + margin


def no_such(number: int, last: int, group_id: str) -> ValueError:
    """There is no rebalance of that number in the group."""
    known = f"it has 1 to {last}" if last else "it has none"
    return ValueError(f"no rebalance {number} of group {group_id!r}; {known}")


def cut(model: GroupModel, from_ms: int | None, to_ms: int | None) -> GroupModel:
    """The part of a model in [from_ms, to_ms]; None: from its start, to its end.

    Raises:
        ValueError: nothing of the trace is in it.
    """
    start, end = window((model.start_ms, model.end_ms), from_ms, to_ms, last_ms=model.end_ms)
    if (start, end) == (model.start_ms, model.end_ms):
        return model
    return replace(
        model,
        headline=replace(model.headline, in_part=True),
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
        raise no_such(number, len(model.rebalances), model.group_id)
    return cut(model, *closeup(entry.start_ms, entry.until_ms))


def since(model: GroupModel, from_ms: int) -> GroupModel:
    """The part of a model from `from_ms` on, told as if that were 0 s and nothing had been before:
    what several timelines need that are to be compared. Rebalances are numbered from 1. The costs
    are those that the model has: to be counted from there on they must be measured so
    (`group_model(lanes, since_ms=from_ms)`).

    Raises:
        ValueError: nothing of the trace is in it.
    """
    model = cut(model, from_ms, None)
    first = min((entry.number for entry in model.rebalances), default=1)
    began = model.started_at_ms
    began = None if began is None else began + from_ms
    return replace(
        model,
        headline=replace(model.headline, since_ms=0, started_at_ms=began, in_part=False),
        started_at_ms=began,
        start_ms=model.start_ms - from_ms,
        end_ms=model.end_ms - from_ms,
        members=tuple(_earlier_member(member, from_ms) for member in model.members),
        partitions=tuple(
            replace(
                lane,
                runs=_earlier(lane.runs, from_ms),
                moves=tuple((t - from_ms, before, after) for t, before, after in lane.moves),
            )
            for lane in model.partitions
        ),
        rebalances=tuple(
            _earlier_entry(entry, from_ms, entry.number - first + 1) for entry in model.rebalances
        ),
        states=tuple((t - from_ms, state) for t, state in model.states),
        asides=tuple((t - from_ms, text) for t, text in model.asides),
    )


def _earlier(spans: Iterable[SpanT], by: int) -> tuple[SpanT, ...]:
    return tuple(s._replace(start_ms=s.start_ms - by, end_ms=s.end_ms - by) for s in spans)


def _earlier_member(member: MemberLane, by: int) -> MemberLane:
    return replace(
        member,
        states=_earlier(member.states, by),
        happenings=tuple(h._replace(t_ms=h.t_ms - by) for h in member.happenings),
        requests=tuple(
            r._replace(
                sent_ms=r.sent_ms - by,
                answered_ms=None if r.answered_ms is None else r.answered_ms - by,
            )
            for r in member.requests
        ),
    )


def _earlier_entry(entry: RebalanceEntry, by: int, number: int) -> RebalanceEntry:
    lost = entry.unavailable_since_ms
    return replace(
        entry,
        number=number,
        start_ms=entry.start_ms - by,
        end_ms=None if entry.end_ms is None else entry.end_ms - by,
        until_ms=entry.until_ms - by,
        stages=tuple(
            replace(s, start_ms=s.start_ms - by, end_ms=s.end_ms - by) for s in entry.stages
        ),
        waited_for=tuple(replace(w, until_ms=w.until_ms - by) for w in entry.waited_for),
        unavailable_since_ms=None if lost is None else lost - by,
    )


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
