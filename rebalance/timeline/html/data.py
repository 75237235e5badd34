"""What the page is told: the model of a timeline as compact data, ready for JSON.

Why: the page draws and does not reckon. Long lists are flat and relative, as page/data.js reads
them; times are milliseconds since the trace began:

- a member's `states` and a lane's `runs`: time since the end of the one before, length, index into
  the group's `states` or `owners`, ...
- `states`: rank (the worst is the greatest), how many partitions are owned, in words
- `owners`: kind (NOTHING to DOUBLE), the first owner, all who own it or believe so (numbers of
  members, -1: one that was left out), facts
- a lane's `of`, a list a topic: index into `topics`, first partition, how many, first, how ...
- `events`: time since the one before, length, index into `texts`, number of the member, index into
  told.MARKS, ...
- a `sweep`: time since the instant before, how many have no owner, two, a zombie, ...
- `live`: time since the instant before, how many members are alive, ...
- `rests`, `loads`: the fields of sweeps.Rest and sweeps.Load, one after the other
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from rebalance.timeline.html import words
from rebalance.timeline.html.budget import (
    STATES,
    Budget,
    LeftOut,
    chosen,
    coarser_runs,
    coarser_states,
    short,
    shortened,
)
from rebalance.timeline.html.sweeps import (
    Steps,
    coarser_steps,
    live_steps,
    loads,
    ownership_steps,
    rests,
)
from rebalance.timeline.html.told import MARKS, told
from rebalance.timeline.lanes import GroupLanes
from rebalance.timeline.model import (
    GroupModel,
    MemberLane,
    PartitionLane,
    RebalanceEntry,
    Run,
)
from rebalance.timeline.scale import clock, duration

NOTHING, OWNED, NOBODY, ZOMBIE, DOUBLE = range(5)

Numbers: TypeAlias = dict[int, int]
Flat: TypeAlias = list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a group must know of the rest of its page."""

    end_ms: int
    """Where the last timeline ends: it decides how instants are written."""
    colours: Mapping[str, int] = field(default_factory=dict)
    """Of each member's name, the same in all timelines; the others have their own numbers."""


def group_data(
    model: GroupModel,
    budget: Budget,
    lanes: GroupLanes | None = None,
    around: Around | None = None,
) -> dict[str, Any]:
    """One group of the page.

    Args:
        lanes: what the model was made of, where it is at hand: its events are told on hover.
    """
    around = around or Around(end_ms=model.end_ms)
    left_out = LeftOut(model.left_out)
    members = _kept_members(model, budget.members, left_out)
    numbers = {member.number: index for index, member in enumerate(members)}
    asides = chosen(model.asides, budget.asides, lambda aside: False)
    left_out.add("steps", len(model.asides) - len(asides))
    drawn = _partitions(model, numbers, budget, left_out)
    data = {
        "group_id": short(model.group_id),
        "extent": shortened(model.headline.extent()),
        "costs": shortened(words.costs_of(model)),
        "start": model.start_ms,
        "end": model.end_ms,
        "metrics": model.metrics,
        **_members(members, model.end_ms - model.start_ms, budget, around),
        **drawn,
        **_rests(model, budget.rests, left_out),
        "rebalances": _rebalances(model.rebalances, budget.rebalances, left_out, around.end_ms),
        "asides": [(t, clock(t, around.end_ms), short(text)) for t, text in asides],
        **_events(model, lanes, numbers, budget.events, left_out),
        "left_out": left_out,
    }
    return data | {"notes": list(_notes(model, left_out, drawn["step_ms"]))}


def _notes(model: GroupModel, left_out: LeftOut, step_ms: int) -> Iterable[str]:
    lacks = words.left_out(left_out.items())
    if lacks:
        yield lacks
    if step_ms:
        yield f"Drawn in steps of {duration(step_ms)}. The numbers are exact."
    if model.note:
        yield short(model.note)


# --- members -------------------------------------------------------------------------------------

_WRONG_STATES = ("zombie", "gone", "paused")


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
    members: Sequence[MemberLane], span_ms: int, budget: Budget, around: Around
) -> dict[str, Any]:
    rows = coarser_states([m.states for m in members], span_ms, budget.states)
    known: dict[tuple[int, int, str], int] = {}
    described: list[dict[str, Any]] = []
    for member, row in zip(members, rows, strict=True):
        flat: Flat = []
        before = 0
        for start, end, name, owned in row:
            state = (STATES.index(name), owned, words.state(name, owned))
            flat += (start - before, end - start, known.setdefault(state, len(known)))
            before = end
        described.append(
            {
                "name": short(member.name),
                "color": around.colours.get(member.name, member.number),
                "shown": member.shown,
                "facts": words.member(member),
                "states": flat,
            }
        )
    return {"members": described, "states": list(known)}


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
    owners = _Owners(model, numbers)
    swept, merged_ms = _sweeps(model, topics, budget.sweeps)
    return {
        "lanes": [{"of": of, "runs": owners.flat(row)} for row, of in drawn],
        "owners": owners.told,
        **swept,
        "step_ms": max(step_ms, merged_ms),
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


class _Owners:
    """The different ownerships of a group, numbered as they are met."""

    def __init__(self, model: GroupModel, numbers: Numbers) -> None:
        self._numbers = numbers
        self._names = [short(member.name) for member in model.members]
        self._known: dict[Run, int] = {}
        self.told: list[Any] = []

    def flat(self, row: Iterable[Run]) -> Flat:
        """Runs as numbers."""
        flat: Flat = []
        before = 0
        for run in row:
            flat += (run.start_ms - before, run.end_ms - run.start_ms, self._number(run))
            before = run.end_ms
        return flat

    def _number(self, run: Run) -> int:
        alike = run._replace(start_ms=0, end_ms=0, wanted=run.wanted and not run.owners)
        number = self._known.setdefault(alike, len(self._known))
        if number == len(self.told):
            ever = [self._numbers.get(member, -1) for member in run.owners + run.zombies]
            first = ever[0] if run.owners else -1
            self.told.append((_kind(run), first, ever, words.ownership(run, self._names)))
        return number


def _kind(run: Run) -> int:
    if len(run.owners) > 1:
        return DOUBLE
    if run.zombies:
        return ZOMBIE
    return OWNED if run.owners else NOBODY if run.unowned else NOTHING


def _ranges(partitions: Iterable[int]) -> list[int]:
    """First, how many, first, how many, ..."""
    flat: Flat = []
    for partition in partitions:
        if flat and flat[-2] + flat[-1] == partition:
            flat[-1] += 1
        else:
            flat += (partition, 1)
    return flat


# --- what is counted over time -------------------------------------------------------------------


def _sweeps(model: GroupModel, topics: Mapping[str, int], most: int) -> tuple[dict[str, Any], int]:
    """Of the whole group, of each topic, and of the members that live."""
    of_topic: dict[str, list[PartitionLane]] = {topic: [] for topic in topics}
    for lane in model.partitions:
        if lane.topic in topics:
            of_topic[lane.topic].append(lane)
    counted = [ownership_steps(lanes) for lanes in of_topic.values()]
    rows = [ownership_steps(model.partitions), live_steps(model), *counted]
    (whole, live, *each), step_ms = coarser_steps(rows, model.end_ms - model.start_ms, most)
    described = [
        {"name": short(topic), "count": _count(of_topic[topic]), "sweep": _relative(steps)}
        for topic, steps in zip(topics, each, strict=True)
    ]
    data = {
        "sweep": _relative(whole),
        "live": _relative(live),
        "partitions": _count(model.partitions),
        "topics": described,
    }
    return data, step_ms


def _count(lanes: Iterable[PartitionLane]) -> int:
    return sum(len(lane.partitions) for lane in lanes)


def _relative(steps: Steps) -> Flat:
    flat: Flat = []
    before = 0
    for t, levels in steps:
        flat += (t - before, *levels)
        before = t
    return flat


def _rests(model: GroupModel, most: int, left_out: LeftOut) -> dict[str, Any]:
    found = rests(model)
    kept = chosen(found, most, lambda rest: False)
    left_out.add("generations", len(found) - len(kept))
    spread = loads(model, found)
    shown = chosen(spread, most, lambda load: False)
    left_out.add("loads", len(spread) - len(shown))
    return {
        "rests": [number for rest in kept for number in rest],
        "loads": [number for load in shown for number in load],
        "most": max((span.owned for m in model.members for span in m.states), default=0) or 1,
        "most_moved": max((entry.partitions_moved for entry in model.rebalances), default=0) or 1,
    }


# --- rebalances and events -----------------------------------------------------------------------


def _rebalances(
    found: Sequence[RebalanceEntry], most: int, left_out: LeftOut, end_ms: int
) -> list[dict[str, Any]]:
    """In order of time; of too many the costliest."""
    left_out.add("rebalances", max(len(found) - most, 0))
    costly = sorted(found, key=lambda r: -r.unavailable_partition_ms)[:most]
    return [_rebalance(entry, end_ms) for entry in sorted(costly, key=lambda r: r.number)]


def _rebalance(entry: RebalanceEntry, end_ms: int) -> dict[str, Any]:
    since = entry.unavailable_since_ms
    return {
        "number": entry.number,
        "start_ms": entry.start_ms,
        "until_ms": entry.until_ms,
        "since_ms": entry.start_ms if since is None else min(since, entry.start_ms),
        "stages": [(stage.name, stage.start_ms, stage.end_ms) for stage in entry.stages],
        "moved": entry.partitions_moved,
        "unavailable_partition_ms": entry.unavailable_partition_ms,
        "at": clock(entry.start_ms, end_ms),
        "took": words.took(entry),
        "cause": short(entry.cause),
        "why": words.cause(entry),
        "costs": words.costs(entry),
        "facts": words.rebalance(entry, end_ms),
    }


def _events(
    model: GroupModel,
    lanes: GroupLanes | None,
    numbers: Numbers,
    most: int,
    left_out: LeftOut,
) -> dict[str, Any]:
    """A hover tells them beside the member's lane."""
    known = [each for each in told(model, lanes) if each.member in numbers]
    kept = chosen(known, most, lambda each: each.wrong)
    left_out.add("events", len(known) - len(kept))
    texts: dict[str, int] = {"": 0}
    flat: Flat = []
    before = 0
    for t, length, member, text, mark, _ in kept:
        number = texts.setdefault(text, len(texts))
        flat += (t - before, length, number, numbers[member], MARKS.index(mark))
        before = t
    return {"texts": list(texts), "events": flat}
