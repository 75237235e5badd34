"""Why no plan satisfies the constraints: too little room, or constraints that exclude each other.

The rule kept here: each cause is enough for itself, and as small as it was possible to make it.
Shortages and pigeonholes come from a min cut and need no solver; other conflicts are found by
leaving constraints out and asking CP-SAT again, with what is left of the work limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice

import numpy as np

from assignors.claims import Settled
from assignors.model import ClusterMetadata
from assignors.optimized import cpsat
from assignors.optimized.compile import Compiler
from assignors.optimized.constraints import Ban, Capacity, Constraints, Limit, Pin
from assignors.optimized.cuts import shortages
from assignors.optimized.errors import Cause
from assignors.optimized.flow import room_of
from assignors.optimized.model import Ints, Model
from assignors.optimized.objective import Objective
from assignors.optimized.people import Member, limited
from assignors.optimized.pigeonholes import Crowd, crowds
from assignors.optimized.search import Work
from assignors.optimized.selectors import Who
from assignors.optimized.weights import Weights
from assignors.partitions import PartitionSet

_SHOWN = 6
_WORK_PER_PARTITION = 500
"""To compile a model again."""
_MOST_BOOLEANS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A group and what was asked of it, so that it can be asked again with less."""

    cluster: ClusterMetadata
    settled: Settled
    members: Sequence[Member]
    objective: Objective
    constraints: Constraints

    def model(self) -> Model:
        """Compiled."""
        members = [limited(member, self.constraints) for member in self.members]
        return Compiler(
            self.cluster, self.settled, members, self.objective, self.constraints
        ).model()

    def with_own_limits_named(self) -> Case:
        """The same, with what members say of their own limits among the constraints."""
        limits = [
            Limit(who=Who(member=each.id), capacity=each.capacity)
            for each in self.members
            if each.capacity.max_partitions is not None or each.capacity.max_weight is not None
        ]
        unlimited = [
            replace(each, capacity=Capacity(share=each.capacity.share)) for each in self.members
        ]
        return replace(
            self,
            members=unlimited,
            constraints=replace(self.constraints, capacity=tuple(limits)),
        )


def causes_of(case: Case, model: Model, work: Work | None) -> tuple[tuple[Cause, ...], bool]:
    """The causes, and whether the model is known to be infeasible.

    `work`: what is left of it may be spent on questions to CP-SAT; None: none are asked, because
    it is not there, or because somebody waits for an answer that does not depend on them.
    """
    found = (*_nobody(case, model), *_shortages(case, model))
    if found:
        return found, True
    crowded = list(islice(crowds(model), _SHOWN))
    if crowded:
        found = tuple(_alone(case))
        if found:
            return found, True
    if work is not None and cpsat.size(model) <= _MOST_BOOLEANS:
        causes, known = _conflict(case.with_own_limits_named(), work)
        if causes:
            return causes, known
    return tuple(_crowd(case, model, each) for each in crowded), bool(crowded)


def _alone(case: Case) -> Iterable[Cause]:
    """Of things that must not meet, those that have too few places even if nothing else holds."""
    apart = tuple(each for each in case.constraints.apart if each.cost is None)
    alone = replace(case, constraints=Constraints(apart=apart))
    model = alone.model()
    for each in islice(crowds(model), _SHOWN):
        yield _crowd(alone, model, each)


def _crowd(case: Case, model: Model, crowd: Crowd) -> Cause:
    apart = next(each for each in case.constraints.apart if str(each) == crowd.group.name)
    partitions = model.partitions(crowd.units)
    size = int(crowd.units.size)
    first = [int(np.flatnonzero(crowd.group.scope_of == at)[0]) for at in crowd.scopes.tolist()]
    who = [case.members[at] for at in first]
    if apart.label is None:
        places, names = "members", [each.id for each in who]
    else:
        places, names = f"values of {apart.label}", [each.labels[apart.label] for each in who]
    because = [str(each) for each in _touching(case, partitions)]
    text = (
        f"{apart}: {size} {'partitions' if apart.each else 'things'} need as many {places}, but "
        f"there are only {len(names)} that may take them ({_some(names)})"
    )
    return Cause(
        text=text + (f" ({'; '.join(because)})" if because else ""),
        constraints=(str(apart), *because),
        minimal=not because,
    )


def _nobody(case: Case, model: Model) -> Iterable[Cause]:
    """Units that no member may take at all."""
    rows = np.flatnonzero(~model.allowed.any(axis=1))
    for row in rows.tolist()[:_SHOWN]:
        units = np.flatnonzero(model.row == row)
        bundle = int(model.count[units[0]]) > 1
        partitions = model.partitions(units[:1] if bundle else units)
        names = [str(each) for each in _touching(case, partitions)]
        subscribers = _subscribers(case, partitions, every=True)
        who = f"none of its subscribers ({_some(subscribers)}) may take"
        if not subscribers:
            who = "no member subscribes to all of"
        because = f" ({'; '.join(names)})" if names else ""
        yield Cause(
            text=f"{who} {_shown(case, partitions)}{because}",
            partitions=partitions,
            constraints=tuple(names),
            need=len(partitions),
        )


def _shortages(case: Case, model: Model) -> Iterable[Cause]:
    """Too little room by count, then by weight."""
    rows = model.allowed.shape[0]
    open_ = model.allowed.any(axis=1)
    # Of partitions that weigh alike, a limit on weight is one on how many.
    counts = room_of(model) if model.uniform else model.most_count
    for unit, amount, most in (
        ("partitions", model.count, counts),
        ("weight", model.mass, model.most_mass),
    ):
        if unit == "weight" and model.uniform:
            continue
        supply = np.bincount(model.row, weights=amount, minlength=rows).astype(np.int64)
        supply[~open_] = 0
        room = np.minimum(most, int(amount.sum()) + 1)
        most = room
        for some in shortages(supply, model.allowed, room):
            yield _shortage(case, model, some, unit, int(supply[some].sum()), most)


def _shortage(case: Case, model: Model, rows: Ints, unit: str, need: int, most: Ints) -> Cause:
    partitions = model.partitions(np.flatnonzero(np.isin(model.row, rows)))
    scale = model.mass_scale if unit == "weight" else Fraction(1)
    who = np.flatnonzero(model.allowed[rows].any(axis=0))
    rooms = {model.settled.member_ids[at]: float(most[at] / scale) for at in who.tolist()}
    members = tuple(rooms)
    only = "subscribers" if set(members) == set(_subscribers(case, partitions)) else "takers"
    amount = float(need / scale)
    heavy = f" of weight {amount:g}" if unit == "weight" else ""
    text = (
        f"{_shown(case, partitions)}: {len(partitions)} partitions{heavy}, but their only {only} "
        f"{_some(members)} have room for {sum(rooms.values()):g}"
    )
    names = [str(each) for each in _touching(case, partitions)] if only == "takers" else []
    return Cause(
        text=text + (f" ({'; '.join(names)})" if names else ""),
        partitions=partitions,
        members=members,
        constraints=tuple(names),
        need=amount,
        rooms=rooms,
        unit=unit,
    )


def _conflict(case: Case, work: Work) -> tuple[tuple[Cause, ...], bool]:
    """Constraints that exclude each other, as few as possible: what is not needed is left out."""
    parts = _parts(case.constraints)
    # Only what must hold counts, and costs do not: the shortest model that says the same.
    plain = replace(case, objective=_weights_only(case.objective))

    def infeasible(chosen: Sequence[tuple[str, object]]) -> bool | None:
        if work.spent():
            return None
        model = replace(plain, constraints=_of_parts(chosen)).model()
        work.done += _WORK_PER_PARTITION * model.unit_of.size
        # No question may take more than half of what is left for all of them.
        limit = cpsat.seconds(work.part(2), cpsat.size(model))
        if limit <= 0:
            return None
        answer = cpsat.solve(model, None, limit=limit)
        work.done += cpsat.work_of(answer)
        return True if answer.infeasible else (False if answer.to is not None else None)

    verdict = infeasible(parts)
    if verdict is not True:
        return (), False
    kept, minimal = _fewest(parts, infeasible)
    names = tuple(str(value) if key != "max_moves" else f"max_moves {value}" for key, value in kept)
    text = "these cannot all hold: " + "; ".join(names)
    return (Cause(text=text, constraints=names, minimal=minimal),), True


def _fewest(
    parts: Sequence[tuple[str, object]],
    infeasible: Callable[[Sequence[tuple[str, object]]], bool | None],
) -> tuple[list[tuple[str, object]], bool]:
    """Leave out parts, many at a time at first, as long as the rest stays infeasible."""
    kept, minimal = list(parts), True
    step = max(len(kept) // 2, 1)
    while True:
        at = 0
        while at < len(kept):
            fewer = kept[:at] + kept[at + step :]
            verdict = infeasible(fewer)
            if verdict:
                kept = fewer
            else:
                minimal = minimal and (verdict is False or step > 1)
                at += step
        if step == 1:
            return kept, minimal
        step //= 2


def _parts(constraints: Constraints) -> list[tuple[str, object]]:
    """The hard constraints one by one; a capacity counts its two limits apart."""
    parts: list[tuple[str, object]] = []
    if constraints.max_moves is not None:
        parts.append(("max_moves", constraints.max_moves))
    for limit in constraints.capacity:
        most, weight = limit.capacity.max_partitions, limit.capacity.max_weight
        if most is not None:
            parts.append(("capacity", replace(limit, capacity=Capacity(max_partitions=most))))
        if weight is not None:
            parts.append(("capacity", replace(limit, capacity=Capacity(max_weight=weight))))
    parts += [("pins", each) for each in constraints.pins]
    parts += [("bans", each) for each in constraints.bans]
    parts += [("together", each) for each in constraints.together if each.cost is None]
    parts += [("apart", each) for each in constraints.apart if each.cost is None]
    return parts


def _of_parts(parts: Sequence[tuple[str, object]]) -> Constraints:
    listed: dict[str, list[object]] = {}
    most = None
    for key, value in parts:
        if key == "max_moves":
            most = value
        else:
            listed.setdefault(key, []).append(value)
    every = {key: tuple(values) for key, values in listed.items()}
    return Constraints(max_moves=most, **every)  # type: ignore[arg-type]


def _weights_only(objective: Objective) -> Objective:
    weights = objective.weights if objective.weights is not None else Weights()
    return Objective(
        weights=weights, default_weight=objective.default_weight, balance=0, movement=0
    )


def _touching(case: Case, partitions: PartitionSet) -> Iterable[object]:
    """The constraints that say who may take some of these partitions."""
    constraints = case.constraints
    rules: tuple[Pin | Ban, ...] = (*constraints.pins, *constraints.bans)
    for each in rules:
        ids = partitions.by_topic.get(each.what.topic)
        named = each.what.partitions
        if ids is not None and (named is None or set(named) & set(ids.tolist())):
            yield each
    for group in constraints.together:
        if group.cost is None and any(what.topic in partitions.by_topic for what in group.what):
            yield group


def _subscribers(case: Case, partitions: PartitionSet, *, every: bool = False) -> list[str]:
    """Members that subscribe to some of these topics, or to every one of them."""
    topics = {case.settled.index.topics.index(topic) for topic in partitions.topics}
    chosen = []
    for at, member in enumerate(case.settled.member_ids):
        own = set(case.settled.profiles[int(case.settled.profile_of[at])].tolist())
        if topics <= own if every else topics & own:
            chosen.append(member)
    return chosen


def _shown(case: Case, partitions: PartitionSet) -> str:
    """ "topics a, b", or single partitions where not all of a topic are meant."""
    counts = case.settled.index.counts
    whole = [t for t, ids in partitions.by_topic.items() if ids.size == counts[t]]
    some = [
        f"{topic}[{','.join(map(str, ids[:_SHOWN].tolist()))}{',...' if ids.size > _SHOWN else ''}]"
        for topic, ids in partitions.by_topic.items()
        if ids.size < counts[topic]
    ]
    parts = [f"topic{'s' * (len(whole) > 1)} {_some(whole)}"] if whole else []
    return ", ".join(parts + some[:_SHOWN])


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


__all__ = ["Case", "causes_of"]
