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

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from rebalance.timeline.events import Event, Step
from rebalance.timeline.html.budget import (
    Budget,
    LeftOut,
    chosen,
    coarser_runs,
    coarser_states,
    shares,
    short,
    shortened,
)
from rebalance.timeline.lanes import GroupLanes
from rebalance.timeline.lives import Request
from rebalance.timeline.model import (
    GroupModel,
    Happening,
    MemberLane,
    RebalanceEntry,
    Run,
    StateSpan,
)

STATES = ("idle", "joining", "syncing", "owns", "rejoining", "paused", "zombie", "gone")
_NOTHING = -2
_NAMED = 12
"""Members named in one rebalance; the page counts the rest."""
_WRONG_STATES = ("zombie", "gone", "paused")
_WRONG_MARKS = ("crashed", "failed", "refused", "lost", "removed")
_WRONG_EVENTS = ("commit_refused", "lost", "member_failed", "member_removed", "member_stopped")
"""What is left out last."""

Numbers: TypeAlias = dict[int, int]
Owners: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], int]


def group_data(
    model: GroupModel, budget: Budget, lanes: GroupLanes | None = None
) -> dict[str, Any]:
    """One group of the page.

    Args:
        lanes: what the model was made of, where it is at hand: its events are told on hover.
    """
    left_out = LeftOut()
    members = _kept_members(model, budget.members, left_out)
    numbers = {member.number: index for index, member in enumerate(members)}
    asides = chosen(model.asides, budget.asides, lambda aside: False)
    left_out.add("steps", len(model.asides) - len(asides))
    return {
        "group_id": short(model.group_id),
        "source": short(model.source),
        "clock": model.clock,
        "started_at_ms": model.started_at_ms,
        "note": short(model.note),
        "view": model.view,
        "start": model.start_ms,
        "end": model.end_ms,
        "metrics": model.metrics,
        "members": _members(members, model.end_ms - model.start_ms, budget, left_out),
        **_partitions(model, numbers, budget, left_out),
        "rebalances": _rebalances(model.rebalances, budget.rebalances, left_out),
        "asides": [(t, short(text)) for t, text in asides],
        **_events(_told(model, lanes), numbers, budget.events, left_out),
        "left_out": left_out,
    }


# --- members -------------------------------------------------------------------------------------


def _kept_members(model: GroupModel, most: int, left_out: LeftOut) -> list[MemberLane]:
    """In order of appearance; of too many those that were wrong, then those that owned most."""
    left_out.add("members", max(len(model.members) - most, 0))
    by_need = sorted(
        model.members,
        key=lambda m: (
            not any(span.state in _WRONG_STATES for span in m.states),
            -max((span.owned for span in m.states), default=0),
        ),
    )
    return sorted(by_need[:most], key=lambda member: member.number)


def _members(
    members: Sequence[MemberLane], span_ms: int, budget: Budget, left_out: LeftOut
) -> list[dict[str, Any]]:
    states = coarser_states([m.states for m in members], span_ms, budget.states)
    requests = shares([m.requests for m in members], budget.requests, _sent, _went_wrong)
    marks = shares([m.happenings for m in members], budget.marks, _happened, _is_wrong)
    told: list[dict[str, Any]] = []
    for member, spans, sent, happened in zip(members, states, requests, marks, strict=True):
        left_out.add("requests", len(member.requests) - len(sent))
        left_out.add("marks", len(member.happenings) - len(happened))
        told.append(_member(member, spans, sent, happened))
    return told


def _sent(request: Request) -> int:
    return request.sent_ms


def _went_wrong(request: Request) -> bool:
    return request.bad


def _happened(happening: Happening) -> int:
    return happening.t_ms


def _is_wrong(happening: Happening) -> bool:
    return happening.kind in _WRONG_MARKS


def _member(
    member: MemberLane,
    states: Iterable[StateSpan],
    requests: Iterable[Request],
    marks: Iterable[Happening],
) -> dict[str, Any]:
    flat: list[int] = []
    before = 0
    for start, end, state, owned in states:
        flat += (start - before, end - start, STATES.index(state), owned)
        before = end
    return {
        "name": short(member.name),
        "ids": shortened(member.member_ids[:3]),
        "client_id": short(member.client_id),
        "instance": None if member.group_instance_id is None else short(member.group_instance_id),
        "topics": shortened(member.topics[:5]),
        "shown": member.shown,
        "heartbeats": member.heartbeats,
        "session_timeout_ms": member.session_timeout_ms,
        "rebalance_timeout_ms": member.rebalance_timeout_ms,
        "states": flat,
        "marks": [(t, kind, short(text)) for t, kind, text in marks],
        "requests": [
            (sent, done, short(api), short(error), bad) for sent, done, api, error, bad in requests
        ],
    }


# --- partitions ----------------------------------------------------------------------------------


def _partitions(
    model: GroupModel, numbers: Numbers, budget: Budget, left_out: LeftOut
) -> dict[str, Any]:
    span_ms = model.end_ms - model.start_ms
    topics = _kept_topics(model, budget.topics, left_out)
    kept = [lane for lane in model.partitions if lane.topic in topics]
    rows, step_ms = coarser_runs([lane.runs for lane in kept], span_ms, budget.runs)
    same: dict[tuple[Run, ...], list[list[int]]] = {}
    for lane, row in zip(kept, rows, strict=True):
        same.setdefault(row, []).append([topics[lane.topic], *_ranges(lane.partitions)])
    drawn = list(same.items())
    if len(drawn) > budget.lanes:
        drawn.sort(key=lambda item: -len(item[0]))
        rest = (of for _, parts in drawn[budget.lanes :] for of in parts)
        left_out.add("partitions", sum(sum(of[2::2]) for of in rest))
        drawn = drawn[: budget.lanes]
    _cut_ranges([of for _, parts in drawn for of in parts], budget.ranges, left_out)
    owners: dict[Owners, int] = {}
    return {
        "topics": shortened(topics),
        "lanes": [{"of": of, "runs": _runs(row, numbers, owners)} for row, of in drawn],
        "owners": list(owners),
        "step_ms": step_ms,
    }


def _kept_topics(model: GroupModel, most: int, left_out: LeftOut) -> dict[str, int]:
    """Their places on the page; of too many those of most different histories."""
    histories = Counter(lane.topic for lane in model.partitions)
    busiest = {topic for topic, _ in histories.most_common(most)}
    left_out.add("topics", len(histories) - len(busiest))
    return {topic: place for place, topic in enumerate(t for t in histories if t in busiest)}


def _cut_ranges(lists: Sequence[list[int]], most: int, left_out: LeftOut) -> None:
    """Of too many ranges the first of each list."""
    if sum(len(of) // 2 for of in lists) <= most:
        return
    each = max(most // len(lists), 1)
    for of in lists:
        left_out.add("partitions", sum(of[2 + 2 * each :: 2]))
        del of[1 + 2 * each :]


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
    found: Sequence[RebalanceEntry], most: int, left_out: LeftOut
) -> list[dict[str, Any]]:
    """In order of time; of too many the costliest."""
    left_out.add("rebalances", max(len(found) - most, 0))
    costly = sorted(found, key=lambda r: -r.unavailable_partition_ms)[:most]
    return [_rebalance(entry) for entry in sorted(costly, key=lambda r: r.number)]


def _rebalance(entry: RebalanceEntry) -> dict[str, Any]:
    """Names beyond a dozen are counted."""
    data = asdict(entry)
    data |= {name: short(data[name]) for name in ("cause", "member", "reason")}
    data["stages"] = [(stage.name, stage.start_ms, stage.end_ms) for stage in entry.stages]
    waited = entry.waited_for[:3]
    data["waited_for"] = [(w.stage, short(w.member), w.until_ms, w.came) for w in waited]
    for who in ("joined", "removed"):
        names = getattr(entry, who)
        more = [f"{len(names) - _NAMED} more"] if names[_NAMED:] else []
        data[who] = shortened(names[:_NAMED]) + more
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
    told: Iterable[tuple[Event, int]], numbers: Numbers, most: int, left_out: LeftOut
) -> dict[str, Any]:
    """A hover tells them beside the member's lane."""
    known = [(event, member) for event, member in told if member in numbers]
    kept = chosen(known, most, lambda pair: pair[0].NAME in _WRONG_EVENTS)
    left_out.add("events", len(known) - len(kept))
    kinds: dict[str, int] = {}
    flat: list[int] = []
    before = 0
    for event, member in kept:
        kind = kinds.setdefault(event.NAME, len(kinds))
        flat += (event.t - before, kind, numbers[member], _generation(event))
        before = event.t
    return {"kinds": list(kinds), "events": flat}


def _generation(event: Event) -> int:
    if getattr(event, "partitions", None) == {}:
        return _NOTHING
    return int(getattr(event, "generation_id", -1))
