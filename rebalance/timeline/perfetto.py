"""The timeline as Chrome trace events (JSON), which ui.perfetto.dev and chrome://tracing open.

Why: long traces are read with tools that zoom, search and query (SQL over slices). Each group is
two processes there, members and partitions; each lane is a thread. Rules of the format kept:

- `ts` and `dur` are microseconds; slices of one thread nest, and never overlap otherwise;
- a flow (`s` to `f`) begins and ends in the slice that was begun last on its thread, in order of
  time and then of the file: an arrow goes from the last owner of a partition to the next one, and
  from what a member did to the rebalance that it caused;
- what overlaps, requests and the settling of a generation, are asynchronous slices (`b` and `e`)
  with an id of their own;
- what is no slice is an instant (`i`) with a scope, a counter (`C`), or metadata (`M`) that names
  and orders processes and threads; a thread's number is used in one process only.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rebalance.timeline.model import (
    GroupModel,
    MemberLane,
    PartitionLane,
    RebalanceEntry,
    StateSpan,
)
from rebalance.timeline.stages import Stage

TraceEvent = dict[str, Any]

_THREADS = 1_000_000
"""Threads of process n are numbered from n times this on."""


def render_perfetto(groups: Iterable[GroupModel]) -> str:
    """All groups as one JSON object with `traceEvents`; one event a line, always the same bytes."""
    lines = [json.dumps(event, separators=(",", ":")) for event in trace_events(groups)]
    return '{"displayTimeUnit":"ms","traceEvents":[\n' + ",\n".join(lines) + "\n]}\n"


def trace_events(groups: Iterable[GroupModel]) -> Iterator[TraceEvent]:
    """The events, group by group."""
    flows = iter(range(1, 2**31))
    for index, model in enumerate(groups):
        pid = 2 * index + 1
        yield from _group(model, pid, flows)
        yield from _partitions(model, pid + 1, flows)


# --- members and rebalances ----------------------------------------------------------------------


def _group(model: GroupModel, pid: int, flows: Iterator[int]) -> Iterator[TraceEvent]:
    group = pid * _THREADS
    causes = _causes(model, flows)
    yield from _process(pid, f"{model.group_id}: members", pid)
    yield from _thread(pid, group, "rebalances")
    yield from _rebalances(model, pid, group, causes)
    for member in model.members:
        if not member.shown:
            continue
        tid = group + 1 + member.number
        yield from _thread(pid, tid, member.name)
        yield from _member(model, member, pid, tid, causes)
    for t, words in model.asides:
        yield _instant(pid, group, t, words, "p")
    yield from _counters(model, pid)


class Cause(NamedTuple):
    """An arrow to a rebalance from what the member that caused it was doing."""

    member: int
    since_ms: int
    """The start of that state."""
    flow: int


def _causes(model: GroupModel, flows: Iterator[int]) -> Mapping[int, Cause]:
    """By the numbers of the rebalances whose member was there when they began, or until then: a
    session that expires ends with the rebalance's first instant."""
    spans = {member.name: tuple(_apart(model, member)) for member in model.members if member.shown}
    numbers = {member.name: member.number for member in model.members}
    causes: dict[int, Cause] = {}
    for entry in model.rebalances:
        t = entry.start_ms
        doing = [s for s in spans.get(entry.member, ()) if s.start_ms <= t <= s.end_ms]
        if doing:
            member = numbers[entry.member]
            causes[entry.number] = Cause(member, doing[-1].start_ms, next(flows))
    return causes


def _apart(model: GroupModel, member: MemberLane) -> Iterator[StateSpan]:
    """A member's states one after the other: where two overlap the later begins later."""
    at = model.start_ms
    for span in member.states:
        start = max(span.start_ms, at)
        if start < span.end_ms:
            at = span.end_ms
            yield span._replace(start_ms=start)


def _rebalances(
    model: GroupModel, pid: int, tid: int, causes: Mapping[int, Cause]
) -> Iterator[TraceEvent]:
    """Slices with their stages inside; `settle`, which outlasts its rebalance, beside them.

    Those that only members tell of may overlap: the later one then begins with the earlier's end.
    The arrow ends before the first stage begins, else it would end in that.
    """
    at = model.start_ms
    for entry in model.rebalances:
        start, end = max(entry.start_ms, at), max(min(entry.until_ms, model.end_ms), at)
        at = end
        name, facts = _facts(entry)
        yield _slice(pid, tid, start, end, name, "rebalance", facts)
        if entry.number in causes:
            yield _flow("f", causes[entry.number].flow, "cause", (pid, tid, start * 1000))
        for stage in entry.stages:
            if stage.name == "settle":
                yield from _settle(model, stage, entry.number, pid, tid)
                continue
            first, last = max(stage.start_ms, start), min(stage.end_ms, end)
            if first < last:
                yield _slice(pid, tid, first, last, stage.name, "stage", {})


def _settle(
    model: GroupModel, stage: Stage, number: int, pid: int, tid: int
) -> Iterator[TraceEvent]:
    """Until the last member has its partitions: maybe while the next rebalance has begun."""
    first, last = max(stage.start_ms, model.start_ms), min(stage.end_ms, model.end_ms)
    if first < last:
        event = {"pid": pid, "tid": tid, "cat": "stage", "id": f"{tid}.settle.{number}"}
        event["name"] = "settle"
        yield event | {"ph": "b", "ts": first * 1000, "args": {"number": number}}
        yield event | {"ph": "e", "ts": last * 1000}


def _facts(entry: RebalanceEntry) -> tuple[str, TraceEvent]:
    who = f": {entry.member}" if entry.member else ""
    facts = {
        "number": entry.number,
        "cause": entry.cause,
        "cause_source": entry.cause_source,
        "member": entry.member,
        "reason": entry.reason,
        "outcome": entry.outcome,
        "generation_from": entry.generation_from,
        "generation_to": entry.generation_to,
        "partitions_moved": entry.partitions_moved,
        "partitions_stopped": entry.partitions_stopped,
        "unavailable_partition_ms": entry.unavailable_partition_ms,
        "waited_for": [f"{waited.member} ({waited.stage})" for waited in entry.waited_for],
    }
    return f"#{entry.number} {entry.cause}{who}", facts


def _member(
    model: GroupModel, member: MemberLane, pid: int, tid: int, causes: Mapping[int, Cause]
) -> Iterator[TraceEvent]:
    """What happened, then its states: of two that begin at once an arrow begins in the later."""
    for happening in member.happenings:
        words = f"{happening.kind} {happening.text}".rstrip()
        yield _instant(pid, tid, happening.t_ms, words, "t")
    caused = [cause for cause in causes.values() if cause.member == member.number]
    for start, end, state, owned in _apart(model, member):
        name = f"owns {owned}" if state in ("owns", "rejoining") else state
        facts = {"state": state, "owned": owned}
        yield _slice(pid, tid, start, end, name, "member", facts)
        for cause in caused:
            if cause.since_ms == start:
                yield _flow("s", cause.flow, "cause", (pid, tid, start * 1000))
    yield from _requests(member, pid, tid)


def _requests(member: MemberLane, pid: int, tid: int) -> Iterator[TraceEvent]:
    """Asynchronous slices: a heartbeat may be under way while a JoinGroup waits."""
    for number, request in enumerate(member.requests):
        event = {"pid": pid, "tid": tid, "cat": "request", "id": f"{tid}.{number}"}
        event["name"] = request.api
        if request.answered_ms is None:
            yield _instant(pid, tid, request.sent_ms, f"{request.api} without an answer", "t")
            continue
        yield event | {"ph": "b", "ts": request.sent_ms * 1000, "args": {"error": request.error}}
        yield event | {"ph": "e", "ts": request.answered_ms * 1000}


def _counters(model: GroupModel, pid: int) -> Iterator[TraceEvent]:
    """How many partitions nobody owns: a number that changes."""
    lost: dict[int, int] = {}
    for lane in model.partitions:
        for run in lane.runs:
            if run.unowned:
                for t, sign in ((run.start_ms, 1), (run.end_ms, -1)):
                    lost[t] = lost.get(t, 0) + sign * len(lane.partitions)
    count = 0
    for t in sorted(lost):
        count += lost[t]
        yield {
            "ph": "C",
            "pid": pid,
            "ts": t * 1000,
            "name": "partitions without an owner",
            "args": {"partitions": count},
        }


# --- partitions ----------------------------------------------------------------------------------


def _partitions(model: GroupModel, pid: int, flows: Iterator[int]) -> Iterator[TraceEvent]:
    if not model.partitions:
        return
    yield from _process(pid, f"{model.group_id}: partitions", pid)
    for tid, lane in enumerate(model.partitions, pid * _THREADS):
        yield from _thread(pid, tid, f"{lane.topic} {_ids(lane.partitions)}")
        for run in lane.runs:
            names = [model.members[number].name for number in run.owners]
            zombies = [model.members[number].name for number in run.zombies]
            if not names and not run.unowned and not zombies:
                continue
            alone = "nobody" if run.wanted else "nobody alive" if run.deserted else "not wanted"
            what = " and ".join(names) or alone
            facts = {"partitions": len(lane.partitions), "owners": names, "zombies": zombies}
            yield _slice(pid, tid, run.start_ms, run.end_ms, what, "ownership", facts)
        yield from _moves(lane, pid, tid, flows)


def _moves(lane: PartitionLane, pid: int, tid: int, flows: Iterator[int]) -> Iterator[TraceEvent]:
    """An arrow from the end of the last ownership to the start of the next."""
    moves = {(t, after): before for t, before, after in lane.moves}
    until: dict[int, int] = {}
    for run in lane.runs:
        for owner in run.owners:
            end = until.get(moves.get((run.start_ms, owner), -1))
            if end is not None:
                flow = next(flows)
                yield _flow("s", flow, "move", (pid, tid, end * 1000 - 1))
                yield _flow("f", flow, "move", (pid, tid, run.start_ms * 1000))
        until.update(dict.fromkeys(run.owners, run.end_ms))


def _ids(ids: tuple[int, ...]) -> str:
    if len(ids) == 1:
        return str(ids[0])
    together = ids[-1] - ids[0] + 1 == len(ids)
    return f"{ids[0]}-{ids[-1]}" if together else f"{ids[0]} and {len(ids) - 1} more"


# --- events --------------------------------------------------------------------------------------


def _slice(
    pid: int, tid: int, start: int, end: int, name: str, cat: str, facts: TraceEvent
) -> TraceEvent:
    event = {"ph": "X", "pid": pid, "tid": tid, "ts": start * 1000, "dur": (end - start) * 1000}
    return event | {"name": name, "cat": cat, "args": facts}


def _instant(pid: int, tid: int, t: int, name: str, scope: str) -> TraceEvent:
    return {"ph": "i", "pid": pid, "tid": tid, "ts": t * 1000, "s": scope, "name": name}


def _flow(phase: str, id_: int, name: str, place: tuple[int, int, int]) -> TraceEvent:
    """The start (`s`) or end (`f`) of an arrow: process, thread, microsecond. `bp` says that it
    ends in the slice that is open there, not in the next one."""
    pid, tid, ts = place
    event = {"ph": phase, "pid": pid, "tid": tid, "ts": ts, "id": id_, "name": name, "cat": name}
    return event | ({"bp": "e"} if phase == "f" else {})


def _process(pid: int, name: str, order: int) -> Iterator[TraceEvent]:
    yield {"ph": "M", "pid": pid, "name": "process_name", "args": {"name": name}}
    yield {"ph": "M", "pid": pid, "name": "process_sort_index", "args": {"sort_index": order}}


def _thread(pid: int, tid: int, name: str) -> Iterator[TraceEvent]:
    yield {"ph": "M", "pid": pid, "tid": tid, "name": "thread_name", "args": {"name": name}}
    order = {"sort_index": tid - pid * _THREADS}
    yield {"ph": "M", "pid": pid, "tid": tid, "name": "thread_sort_index", "args": order}
