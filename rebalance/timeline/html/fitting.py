"""The data of a page that fits: of whatever is largest there is less, until there is room.

Why: nobody knows before which part of a trace is large: its partitions, its members' names, a
million refused commits. Rule kept: what is small stays whole, however large something else is; and
whatever a trace holds, the page ends below its limit.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

from rebalance.timeline.html import words
from rebalance.timeline.html.budget import Budget, LeftOut, short
from rebalance.timeline.html.data import Around, group_data
from rebalance.timeline.html.sweeps import Load
from rebalance.timeline.lanes import GroupLanes
from rebalance.timeline.model import GroupModel

Groups: TypeAlias = Sequence[tuple[GroupModel, GroupLanes | None]]
"""Each group, and what it was read from, whose events a hover tells; None: it tells none."""


def page_data(timelines: Sequence[tuple[str, Groups]], budget: Budget) -> dict[str, Any]:
    """All that the page is told; of too many groups those that stood still most."""
    left_out = LeftOut()
    kept: list[tuple[str, Groups]] = []
    for name, groups in timelines:
        kept.append((name, _kept_groups(groups, budget.groups)))
        left_out.add("groups", len(groups) - len(kept[-1][1]))
    shown = [model for _, groups in kept for model, _ in groups]
    around = Around(end_ms=max(model.end_ms for model in shown), colours=_colours(shown))
    common = _common([tuple(words.origin(model)) for model in shown])
    told: list[dict[str, Any]] = []
    for name, groups in kept:
        data = [group_data(model, budget, lanes, around) for model, lanes in groups]
        for (model, _), group in zip(groups, data, strict=True):
            titles = dict.fromkeys((short(name) if len(timelines) > 1 else "", group["group_id"]))
            group["name"] = " · ".join(title for title in titles if title)
            own = [fact for fact in words.origin(model) if fact not in common]
            group["notes"] = [*([" · ".join(own)] if own else []), *group["notes"]]
        told.append({"title": short(name), "groups": data})
    return {
        "timelines": told,
        "origin": " · ".join(common),
        "start": min(model.start_ms for model in shown),
        "end": around.end_ms,
        "left_out": left_out,
        "note": words.left_out(left_out.items()),
    }


def _colours(shown: Sequence[GroupModel]) -> dict[str, int]:
    """A number for each name: the same in all timelines, in order of appearance."""
    names = dict.fromkeys(member.name for model in shown for member in model.members)
    return {name: number for number, name in enumerate(names)}


def _common(origins: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """What is true of all groups stands once on the page."""
    return tuple(fact for fact in origins[0] if all(fact in origin for origin in origins))


def _kept_groups(groups: Groups, most: int) -> Groups:
    if len(groups) <= most:
        return groups
    places = sorted(range(len(groups)), key=lambda place: -_cost(groups[place][0]))[:most]
    return [groups[place] for place in sorted(places)]


def _cost(model: GroupModel) -> int:
    return sum(entry.unavailable_partition_ms for entry in model.rebalances)


class Part(NamedTuple):
    """A part of the data that a budget holds down."""

    size: int
    """Letters of it as JSON, in all groups."""
    limits: tuple[tuple[str, int, int], ...]
    """Fields of the budget, each with how many there are in the largest group, and with how few
    the part could do; the next one counts where the first can do no more."""


def smaller(budget: Budget, data: dict[str, Any]) -> Budget | None:
    """The budget with half of what is largest; None: nothing can be left out any more."""
    groups = [group for timeline in data["timelines"] for group in timeline["groups"]]
    most = max(len(timeline["groups"]) for timeline in data["timelines"])
    for part in sorted(_parts(groups, most), key=lambda part: -part.size):
        for field, count, least in part.limits:
            half = min(getattr(budget, field), count) // 2
            if half >= max(least, 1):
                return replace(budget, **{field: half})
    return None


def _parts(groups: Sequence[dict[str, Any]], most: int) -> Iterator[Part]:
    members = [group["members"] for group in groups]
    member_count = max(map(len, members))
    states = [[member["states"] for member in of] for of in members]
    count = max(sum(map(len, of)) // 3 for of in states)
    known = [group["states"] for group in groups]
    limit = ("members", member_count, 1)
    yield _part([states, known], ("states", count, member_count), limit)
    named = [[{k: v for k, v in m.items() if k != "states"} for m in of] for of in members]
    yield _part(named, limit)
    yield from _partition_parts(groups)
    for name in ("rebalances", "asides"):
        count = max(len(group[name]) for group in groups)
        yield _part([group[name] for group in groups], (name, count, 0))
    spread = [(group["rests"], group["loads"]) for group in groups]
    count = max(len(flat) // len(Load._fields) for _, flat in spread)
    yield _part(spread, ("rests", count, 0))
    count = max(len(group["events"]) // 5 for group in groups)
    yield _part([(group["events"], group["texts"]) for group in groups], ("events", count, 0))
    own = ("group_id", "name", "extent", "costs", "notes", "left_out")
    yield _part([{name: group[name] for name in own} for group in groups], ("groups", most, 1))


def _partition_parts(groups: Sequence[dict[str, Any]]) -> Iterator[Part]:
    lanes = [group["lanes"] for group in groups]
    lane_count = max(map(len, lanes))
    topic_count = max(len(group["topics"]) for group in groups)
    runs = [[lane["runs"] for lane in of] for of in lanes]
    owners = [group["owners"] for group in groups]
    run_count = max(sum(map(len, of)) // 3 for of in runs)
    limit = ("lanes", lane_count, 1)
    yield _part([runs, owners], ("runs", run_count, lane_count), limit)
    ranges = [[of for lane in each for of in lane["of"]] for each in lanes]
    range_count = max(sum(len(of) // 2 for of in each) for each in ranges)
    least = max(map(len, ranges))
    yield _part(ranges, ("ranges", range_count, least), ("topics", topic_count, 1), limit)
    topics = [group["topics"] for group in groups]
    yield _part([[t["name"] for t in of] for of in topics], ("topics", topic_count, 1))
    sweeps = [[group["sweep"], *(t["sweep"] for t in group["topics"])] for group in groups]
    count = max(sum(map(len, of)) // 4 for of in sweeps)
    lives = [group["live"] for group in groups]
    limit = ("topics", topic_count, 1)
    yield _part([sweeps, lives], ("sweeps", count, 2 * topic_count), limit)


def _part(data: object, *limits: tuple[str, int, int]) -> Part:
    return Part(len(json.dumps(data, ensure_ascii=False, separators=(",", ":"))), limits)
