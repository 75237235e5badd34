"""What the page is told: the model of a timeline as compact data, ready for JSON.

Why: the page draws and does not reckon. Long lists are flat and relative, as page/data.js reads
them; times are milliseconds since the trace began:

- a member's `states`: time since the end of the one before, length, index into STATES, how many
  partitions it owned, ...
- a lane's `runs`: time since the end of the one before, length, index into `owners`, ...
- `owners`: who owned and who wrongly believed so (numbers of members, -1: one that was left out),
  and whether the partition was wanted
- a lane's `of`, a list a topic: index into `topics`, first partition, how many, first, how ...
- `events`: time since the one before, index into `kinds`, number of the member, generation
  (-1: not known, -2: no partition was concerned), ...
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from rebalance.timeline.events import Event, Step
from rebalance.timeline.html.budget import Budget, coarser_runs, coarser_states
from rebalance.timeline.lanes import GroupLanes
from rebalance.timeline.model import GroupModel, MemberLane, RebalanceEntry, Run, StateSpan

STATES = ("idle", "joining", "syncing", "owns", "rejoining", "paused", "zombie", "gone")
_NOTHING = -2
_NAMED = 12
"""Members named in one rebalance; the page counts the rest."""

Numbers: TypeAlias = dict[int, int]
Owners: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], int]


def group_data(
    model: GroupModel, budget: Budget, lanes: GroupLanes | None = None
) -> dict[str, Any]:
    """One group of the page.

    Args:
        lanes: what the model was made of, where it is at hand: its events are told on hover.
    """
    left_out: dict[str, int] = {}
    members = _kept_members(model, budget.members, left_out)
    numbers = {member.number: index for index, member in enumerate(members)}
    span_ms = model.end_ms - model.start_ms
    requests = budget.events // max(len(members), 1)
    states = coarser_states([m.states for m in members], span_ms, budget.states)
    return {
        "group_id": model.group_id,
        "source": model.source,
        "clock": model.clock,
        "started_at_ms": model.started_at_ms,
        "note": model.note,
        "view": model.view,
        "start": model.start_ms,
        "end": model.end_ms,
        "metrics": model.metrics,
        "members": [
            _member(m, spans) | {"requests": _first(m.requests, requests, "requests", left_out)}
            for m, spans in zip(members, states, strict=True)
        ],
        **_partitions(model, numbers, budget, left_out),
        "rebalances": _rebalances(model.rebalances, budget.rebalances, left_out),
        "asides": _first(model.asides, budget.asides, "steps", left_out),
        **_events(_told(model, lanes), numbers, budget.events, left_out),
        "left_out": left_out,
    }


def _first(items: Sequence[Any], most: int, what: str, left_out: dict[str, int]) -> list[Any]:
    if len(items) > most:
        left_out[what] = left_out.get(what, 0) + len(items) - most
    return list(items[:most])


# --- members -------------------------------------------------------------------------------------


def _kept_members(model: GroupModel, most: int, left_out: dict[str, int]) -> list[MemberLane]:
    """In order of appearance; of too many those that owned most."""
    if len(model.members) <= most:
        return list(model.members)
    left_out["members"] = len(model.members) - most
    by_load = sorted(model.members, key=lambda m: -max((s.owned for s in m.states), default=0))
    return sorted(by_load[:most], key=lambda member: member.number)


def _member(member: MemberLane, states: Iterable[StateSpan]) -> dict[str, Any]:
    flat: list[int] = []
    before = 0
    for start, end, state, owned in states:
        flat += (start - before, end - start, STATES.index(state), owned)
        before = end
    return {
        "name": member.name,
        "ids": member.member_ids[:3],
        "client_id": member.client_id,
        "instance": member.group_instance_id,
        "topics": member.topics[:5],
        "shown": member.shown,
        "heartbeats": member.heartbeats,
        "session_timeout_ms": member.session_timeout_ms,
        "rebalance_timeout_ms": member.rebalance_timeout_ms,
        "states": flat,
        "marks": member.happenings,
    }


# --- partitions ----------------------------------------------------------------------------------


def _partitions(
    model: GroupModel, numbers: Numbers, budget: Budget, left_out: dict[str, int]
) -> dict[str, Any]:
    span_ms = model.end_ms - model.start_ms
    rows, step_ms = coarser_runs([lane.runs for lane in model.partitions], span_ms, budget.runs)
    topics = {name: i for i, name in enumerate(dict.fromkeys(p.topic for p in model.partitions))}
    same: dict[tuple[Run, ...], list[list[int]]] = {}
    for lane, row in zip(model.partitions, rows, strict=True):
        same.setdefault(row, []).append([topics[lane.topic], *_ranges(lane.partitions)])
    drawn = list(same.items())
    if len(drawn) > budget.lanes:
        drawn.sort(key=lambda item: -len(item[0]))
        rest = (of for _, parts in drawn[budget.lanes :] for of in parts)
        left_out["partitions"] = sum(sum(of[2::2]) for of in rest)
        drawn = drawn[: budget.lanes]
    owners: dict[Owners, int] = {}
    return {
        "topics": list(topics),
        "lanes": [{"of": of, "runs": _runs(row, numbers, owners)} for row, of in drawn],
        "owners": list(owners),
        "step_ms": step_ms,
    }


def _runs(row: Iterable[Run], numbers: Numbers, owners: dict[Owners, int]) -> list[int]:
    flat: list[int] = []
    before = 0
    for run in row:
        who = (_numbered(run.owners, numbers), _numbered(run.zombies, numbers), int(run.wanted))
        length = run.end_ms - run.start_ms
        flat += (run.start_ms - before, length, owners.setdefault(who, len(owners)))
        before = run.end_ms
    return flat


def _numbered(members: Iterable[int], numbers: Numbers) -> tuple[int, ...]:
    return tuple(numbers.get(member, -1) for member in members)


def _ranges(partitions: Iterable[int]) -> list[int]:
    """First, how many, first, how many, ..."""
    flat: list[int] = []
    for partition in partitions:
        if flat and flat[-2] + flat[-1] == partition:
            flat[-1] += 1
        else:
            flat += (partition, 1)
    return flat


# --- rebalances and events -----------------------------------------------------------------------


def _rebalances(
    found: Sequence[RebalanceEntry], most: int, left_out: dict[str, int]
) -> list[dict[str, Any]]:
    """In order of time; of too many the costliest."""
    if len(found) > most:
        left_out["rebalances"] = len(found) - most
        costly = sorted(found, key=lambda r: -r.unavailable_partition_ms)[:most]
        found = sorted(costly, key=lambda r: r.number)
    return [_rebalance(entry) for entry in found]


def _rebalance(entry: RebalanceEntry) -> dict[str, Any]:
    """Without what is none; names beyond a dozen counted."""
    data = asdict(entry)
    data["stages"] = [(stage.name, stage.start_ms, stage.end_ms) for stage in entry.stages]
    data["waited_for"] = [(w.stage, w.member, w.until_ms, w.came) for w in entry.waited_for[:3]]
    for who in ("joined", "removed"):
        names = getattr(entry, who)
        data[who] = names[:_NAMED] + ((f"{len(names) - _NAMED} more",) if names[_NAMED:] else ())
    return data


def _told(model: GroupModel, lanes: GroupLanes | None) -> Iterator[tuple[Event, int]]:
    """The events that are about a member, each with its number."""
    if lanes is None:
        return
    numbers = {member.name: member.number for member in model.members if member.shown}
    for event in lanes.events:
        if isinstance(event, Step) or not model.start_ms <= event.t <= model.end_ms:
            continue
        name = getattr(event, "member", "") or lanes.names.get(getattr(event, "member_id", ""), "")
        if name in numbers:
            yield event, numbers[name]


def _events(
    told: Iterable[tuple[Event, int]], numbers: Numbers, most: int, left_out: dict[str, int]
) -> dict[str, Any]:
    """The first `most` of them: a hover tells them beside the member's lane."""
    kinds: dict[str, int] = {}
    flat: list[int] = []
    before = 0
    for event, member in told:
        if member not in numbers:
            continue
        if len(flat) == 4 * most:
            left_out["events"] = left_out.get("events", 0) + 1
            continue
        kind = kinds.setdefault(event.NAME, len(kinds))
        flat += (event.t - before, kind, numbers[member], _generation(event))
        before = event.t
    return {"kinds": list(kinds), "events": flat}


def _generation(event: Event) -> int:
    if getattr(event, "partitions", None) == {}:
        return _NOTHING
    return int(getattr(event, "generation_id", -1))
