"""What the page is told: a trace as plain data, ready for JSON.

Why: the page draws and does not reckon: what a rebalance is, what it cost and why it happened comes
from the same functions as the text picture and `--json`. Times are milliseconds since the trace
began. Long lists are flat and relative, as page/data.js reads them:

- a member's spans: start, end, start, end, ...
- a history's stretches: time since the end of the one before, length, index into `states`, ...
- `states`: owners, believers (indices of members, -1: one that was left out), is it wanted
- a history's partitions per topic: index into `topics`, first id, how many, first id, how many, ...
- events: time since the one before, index into `kinds`, index of the member, a number (partitions
  or generation, -1: none), ...
"""

from collections.abc import Iterable, Sequence
from typing import Any

from rebalance.timeline.asides import asides_of
from rebalance.timeline.events import Event, Step
from rebalance.timeline.history import History, Stretch, histories
from rebalance.timeline.html.budget import Budget, coarser
from rebalance.timeline.html.costs import rebalances_data
from rebalance.timeline.lanes import GroupLanes, Lane, read_groups
from rebalance.timeline.metrics import measure
from rebalance.timeline.ownership import Cell
from rebalance.timeline.rebalances import find_rebalances
from rebalance.timeline.spans import Span
from rebalance.timeline.trace import Trace


def page_data(
    trace: Trace, title: str, *, budget: Budget | None = None, group_id: str | None = None
) -> dict[str, Any]:
    """One timeline of the page: its title, who wrote the trace, and its groups.

    Raises:
        UnknownGroupError: the trace does not speak of `group_id`.
    """
    budget = budget or Budget()
    header = trace.header
    return {
        "title": title,
        "source": header.source,
        "clock": header.clock,
        "started_at_ms": header.started_at_ms,
        "note": header.note,
        "groups": [_group(group, budget) for group in read_groups(trace, group_id)],
    }


def _group(group: GroupLanes, budget: Budget) -> dict[str, Any]:
    found = find_rebalances(group)
    numbers = measure(group, found)
    all_ = histories(group.ownership) if group.ownership else ()
    lanes, numbered = _lanes(group, all_, budget.members)
    asides = sorted(asides_of(group, found))
    metrics = numbers.to_dict()
    metrics.pop("per_rebalance")
    left_out: dict[str, int] = {}
    for what, had, kept in (
        ("members", len(group.lanes), len(lanes)),
        ("rebalances", len(found), budget.rebalances),
        ("steps", len(asides), budget.asides),
    ):
        if had > kept:
            left_out[what] = had - kept
    return {
        "group_id": group.group_id,
        "start": group.start_ms,
        "end": group.end_ms,
        "view": None if group.ownership is None else group.ownership.view,
        "metrics": metrics,
        "members": [_member(lane) for lane in lanes],
        **_ownership(all_, numbered, budget, group.end_ms - group.start_ms, left_out),
        "rebalances": rebalances_data(group, found, numbers.per_rebalance, budget.rebalances),
        "asides": [[aside.t, aside.text, aside.style] for aside in asides[: budget.asides]],
        **_events(group, numbered, budget.events, left_out),
        "left_out": left_out,
    }


# --- members -------------------------------------------------------------------------------------


def _lanes(
    group: GroupLanes, all_: Iterable[History], most: int
) -> tuple[list[Lane], dict[str, int]]:
    """The lanes that are drawn, in order of appearance, and their indices by name; of too many
    those that owned most partitions."""
    lanes = list(group.lanes)
    if len(lanes) > most:
        owned: dict[str, int] = {}
        for history in all_:
            for stretch in history.stretches:
                for name in stretch.owners:
                    owned[name] = owned.get(name, 0) + len(history.cells)
        kept = {
            lane.name for lane in sorted(lanes, key=lambda lane: -owned.get(lane.name, 0))[:most]
        }
        lanes = [lane for lane in lanes if lane.name in kept]
    return lanes, {lane.name: index for index, lane in enumerate(lanes)}


def _member(lane: Lane) -> dict[str, Any]:
    topics = sorted({topic for _, names in lane.topics for topic in names})
    return {
        "name": lane.name,
        "ids": list(lane.member_ids[:3]),
        "client_id": lane.client_id,
        "instance": lane.group_instance_id,
        "topics": topics[:5],
        "alive": _flat(lane.alive),
        "counted": _flat(lane.counted),
        "joining": _flat(lane.joining),
        "paused": _flat(lane.paused),
        "marks": [[mark.t, mark.kind, mark.text] for mark in lane.marks],
    }


def _flat(spans: Iterable[Span]) -> list[int]:
    return [t for span in spans for t in span]


# --- ownership -----------------------------------------------------------------------------------


def _ownership(
    all_: Sequence[History],
    numbered: dict[str, int],
    budget: Budget,
    span_ms: int,
    left_out: dict[str, int],
) -> dict[str, Any]:
    rows, step_ms = coarser([h.stretches for h in all_], span_ms, budget.stretches)
    same: dict[tuple[Stretch, ...], list[Cell]] = {}
    for history, row in zip(all_, rows, strict=True):
        same.setdefault(row, []).extend(history.cells)
    drawn = list(same.items())
    if len(drawn) > budget.partitions:
        eventful = sorted(drawn, key=lambda entry: -len(entry[0]))
        for _, cells in eventful[budget.partitions :]:
            left_out["partitions"] = left_out.get("partitions", 0) + len(cells)
        drawn = eventful[: budget.partitions]
    topics = {topic: i for i, topic in enumerate(sorted({c.topic for _, cs in drawn for c in cs}))}
    states: dict[tuple[tuple[int, ...], tuple[int, ...], int], int] = {}
    told = [
        {"of": _partitions(sorted(cells), topics), "stretches": _stretches(row, numbered, states)}
        for row, cells in drawn
    ]
    return {
        "topics": list(topics),
        "histories": told,
        "states": [list(map(_plain, state)) for state in states],
        "step_ms": step_ms,
    }


def _plain(part: tuple[int, ...] | int) -> list[int] | int:
    return part if isinstance(part, int) else list(part)


def _stretches(
    row: Iterable[Stretch],
    numbered: dict[str, int],
    states: dict[tuple[tuple[int, ...], tuple[int, ...], int], int],
) -> list[int]:
    flat: list[int] = []
    before = 0
    for start, end, owners, zombies, wanted in row:
        state = (
            tuple(numbered.get(name, -1) for name in owners),
            tuple(numbered.get(name, -1) for name in zombies),
            int(wanted),
        )
        flat += (start - before, end - start, states.setdefault(state, len(states)))
        before = end
    return flat


def _partitions(cells: Sequence[Cell], topics: dict[str, int]) -> list[list[int]]:
    """Runs of consecutive ids, a list a topic."""
    result: dict[str, list[int]] = {}
    for topic, partition in cells:
        runs = result.setdefault(topic, [topics[topic]])
        if len(runs) > 1 and runs[-2] + runs[-1] == partition:
            runs[-1] += 1
        else:
            runs += (partition, 1)
    return list(result.values())


# --- events --------------------------------------------------------------------------------------


def _events(
    group: GroupLanes, numbered: dict[str, int], most: int, left_out: dict[str, int]
) -> dict[str, Any]:
    """The first `most` events that are about a member: a hover shows them beside its lane."""
    kinds: dict[str, int] = {}
    flat: list[int] = []
    before = told = 0
    for event in group.events:
        lane = numbered.get(_lane_name(event, group))
        if lane is None:
            continue
        if told == most:
            left_out["events"] = left_out.get("events", 0) + 1
            continue
        kind = kinds.setdefault(event.NAME, len(kinds))
        flat += (event.t - before, kind, lane, _number(event))
        before, told = event.t, told + 1
    return {"kinds": list(kinds), "events": flat}


def _lane_name(event: Event, group: GroupLanes) -> str:
    if isinstance(event, Step):
        return ""
    member = str(getattr(event, "member", ""))
    return member or group.names.get(str(getattr(event, "member_id", "")), "")


def _number(event: Event) -> int:
    partitions = getattr(event, "partitions", None)
    if partitions is not None:
        return sum(map(len, partitions.values()))
    return int(getattr(event, "generation_id", -1))
