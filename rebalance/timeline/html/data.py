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

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rebalance.timeline.html import words
from rebalance.timeline.html.budget import (
    STATES,
    Budget,
    LeftOut,
    chosen,
    coarser_states,
    short,
    shortened,
)
from rebalance.timeline.html.partitions import Flat, Numbers, partition_data
from rebalance.timeline.html.sweeps import loads, rests
from rebalance.timeline.html.told import MARKS, told
from rebalance.timeline.lanes import GroupLanes
from rebalance.timeline.model import GroupModel, MemberLane, RebalanceEntry
from rebalance.timeline.scale import clock, duration


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
    drawn = partition_data(model, numbers, budget, left_out)
    data = {
        "group_id": short(model.group_id),
        "extent": shortened(model.headline.extent()),
        "costs": shortened(words.costs_of(model)),
        "start": model.start_ms,
        "end": model.end_ms,
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


# --- what is counted over time -------------------------------------------------------------------


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
