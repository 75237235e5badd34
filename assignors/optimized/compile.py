"""From a group, an objective and constraints to a `Model`.

The rule kept here: partitions are handled as columns and kinds; only what a constraint names by
partition costs a step each. What a constraint names and is not there is a note, not an error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from assignors.claims import Settled
from assignors.flat import FlatIndex
from assignors.model import ClusterMetadata
from assignors.optimized.constraints import Apart, Ban, Constraints, Pin, Together
from assignors.optimized.data import MOST, number
from assignors.optimized.definition import Definition, Floats
from assignors.optimized.errors import InvalidObjectiveError
from assignors.optimized.model import NO_LIMIT, Group, Ints, Mask, Model
from assignors.optimized.objective import Objective
from assignors.optimized.people import Member
from assignors.optimized.scales import Scales, scales_of
from assignors.optimized.selectors import What, Who
from assignors.optimized.units import homes_of, merged_rows


class Compiler:
    """One compilation: makes the model, and collects notes on the way."""

    def __init__(
        self,
        cluster: ClusterMetadata,
        settled: Settled,
        members: list[Member],
        objective: Objective,
        constraints: Constraints,
    ) -> None:
        self._cluster = cluster
        self._settled = settled
        self._index: FlatIndex = settled.index
        self._members = members
        self._objective = objective
        self._constraints = constraints
        self._masks: dict[Who, Mask] = {}
        self.notes: list[str] = []
        self.unknown: list[str] = []

    def model(self) -> Model:
        """Raises InvalidObjectiveError for weights that are none, or coefficients too far apart."""
        given, notes = self._objective.weights.of(self._index, self._objective.default_weight)
        self.notes += notes
        if len(given) != self._index.size:
            raise InvalidObjectiveError(
                f"weights are {len(given)}, but there are {self._index.size} partitions"
            )
        self._check(given)
        for limit in self._constraints.capacity:
            self.mask(limit.who, str(limit))
        scales, notes = scales_of(given, self._members, self._objective, self._constraints)
        self.notes += notes
        row, allowed, miss = self._rows()
        unit_of, units = self._units()
        row, allowed, miss = merged_rows(unit_of, units, row, allowed, miss)
        owner = self._owner(unit_of, row, allowed)
        groups = tuple(self._groups(unit_of, scales))
        homes, home_weight = homes_of(unit_of, units, owner, scales, len(self._members))
        amounts = {
            name: np.bincount(unit_of, weights=values, minlength=units).astype(np.int64)
            for name, values in (("weight", scales.weight), ("mass", scales.mass), ("count", None))
        }
        definition = self._definition(scales, unit_of, units, home_weight, groups)
        return Model(
            settled=self._settled,
            unit_of=unit_of,
            row=row,
            allowed=allowed,
            miss=miss,
            **amounts,
            **homes,
            **self._limits(scales),
            curvature=scales.curvature,
            rack_cost=scales.cost(self._objective.rack),
            moves_left=self._moves_left(owner),
            groups=groups,
            scale=scales.scale,
            weight_scale=scales.weight_scale,
            mass_scale=scales.mass_scale,
            definition=definition,
            rounding=scales.rounding(unit_of, _dearer(scales, definition, homes, groups)),
        )

    def _check(self, weights: Sequence[float]) -> None:
        """Whoever made them: finite, and 0 or more."""
        values = np.asarray(weights, dtype=np.float64)
        odd = np.flatnonzero(~((values >= 0) & (values <= MOST)))
        if odd.size:
            at = self._index.partition(int(odd[0]))
            number(weights[int(odd[0])], f"the weight of {at[0]}-{at[1]}")

    def _definition(
        self,
        scales: Scales,
        unit_of: Ints,
        units: int,
        home_weight: Floats,
        groups: tuple[Group, ...],
    ) -> Definition:
        objective = self._objective
        tied: tuple[Together | Apart, ...] = (*self._constraints.together, *self._constraints.apart)
        costs = {str(each): each.cost or 0.0 for each in tied}
        return Definition(
            weight=np.bincount(unit_of, weights=scales.plain, minlength=units).astype(np.float64),
            home_weight=home_weight,
            share=np.array([float(each) for each in scales.shares]),
            balance=objective.balance,
            movement=objective.movement,
            movement_by_weight=objective.movement_by_weight,
            rack=objective.rack,
            groups=tuple(costs[group.name] for group in groups),
        )

    # -- who may take what ---------------------------------------------------------------------

    def _rows(self) -> tuple[Ints, Mask, Ints]:
        """Each partition's row, and per row and member: may it go there, is that a rack miss."""
        topic_kind, subscribers = self._subscribers()
        override, overrides = self._overrides()
        racks, misses = self._racks()
        counts = list(self._index.counts.values())
        kind = np.repeat(topic_kind, counts)
        keys, row = np.unique(
            (kind * len(overrides) + override) * len(misses) + racks, return_inverse=True
        )
        members = len(self._members)
        allowed = np.zeros((keys.size, members), dtype=bool)
        miss = np.zeros((keys.size, members), dtype=np.int64)
        for at, key in enumerate(keys.tolist()):
            rest, rack = divmod(key, len(misses))
            kind_, over = divmod(rest, len(overrides))
            allowed[at] = subscribers[kind_] & overrides[over]
            miss[at] = misses[rack]
        return row.reshape(-1).astype(np.int64), allowed, miss

    def _subscribers(self) -> tuple[Ints, list[Mask]]:
        """The kind of each topic, and the subscribers of each kind."""
        holders: list[list[int]] = [[] for _ in self._index.topics]
        for profile, topics in enumerate(self._settled.profiles):
            for topic in topics.tolist():
                holders[topic].append(profile)
        kinds: dict[tuple[int, ...], int] = {}
        kind = [kinds.setdefault(tuple(each), len(kinds)) for each in holders]
        masks = [np.isin(self._settled.profile_of, each) for each in kinds]
        return np.array(kind, dtype=np.int64), masks

    def _overrides(self) -> tuple[Ints, list[Mask]]:
        """What pins and bans leave, by partition."""
        everybody = np.ones(len(self._members), dtype=bool)
        found: dict[bytes, int] = {everybody.tobytes(): 0}
        masks = [everybody]
        override = np.zeros(self._index.size, dtype=np.int64)
        rules: tuple[Pin | Ban, ...] = (*self._constraints.pins, *self._constraints.bans)
        for each in rules:
            numbers = self.numbers(each.what, str(each))
            who = self.mask(each.who, str(each))
            if isinstance(each, Pin) and not self._pin_holds(each, numbers, who):
                continue
            mask = who if isinstance(each, Pin) else ~who
            for before in np.unique(override[numbers]).tolist():
                here = numbers[override[numbers] == before]
                after = masks[before] & mask
                number = found.setdefault(after.tobytes(), len(masks))
                if number == len(masks):
                    masks.append(after)
                override[here] = number
        return override, masks

    def _pin_holds(self, pin: Pin, numbers: Ints, who: Mask) -> bool:
        if pin.must or numbers.size == 0:
            return True
        topics = set(self._index.topics).intersection([pin.what.topic])
        subscribed = [
            at
            for at in np.flatnonzero(who).tolist()
            if topics and self._is_subscribed(at, pin.what.topic)
        ]
        if subscribed:
            return True
        self.notes.append(f"{pin}: no such member subscribes to it now, so it does not hold")
        return False

    def _is_subscribed(self, member: int, topic: str) -> bool:
        profile = self._settled.profiles[int(self._settled.profile_of[member])]
        return self._index.topics.index(topic) in profile.tolist()

    def _racks(self) -> tuple[Ints, list[Ints]]:
        """The kind of each partition by its replicas' racks, and per kind who would miss."""
        nobody = np.zeros(len(self._members), dtype=np.int64)
        kinds: dict[frozenset[str], int] = {frozenset(): 0}
        misses = [nobody]
        kind = np.zeros(self._index.size, dtype=np.int64)
        if not self._objective.rack:
            return kind, misses
        for topic in self._index.topics:
            racks = self._cluster.racks.get(topic, ())
            numbers = []
            for each in racks:
                number = kinds.setdefault(each, len(misses))
                if number == len(misses):
                    misses.append(
                        np.array([m.rack is not None and m.rack not in each for m in self._members])
                    )
                numbers.append(number)
            base = self._index.bases[topic]
            kind[base : base + len(numbers)] = numbers
        return kind, misses

    # -- units, owners, amounts ----------------------------------------------------------------

    def _units(self) -> tuple[Ints, int]:
        """The unit of each partition: those that must be together are one."""
        root = np.arange(self._index.size, dtype=np.int64)
        for each in self._constraints.together:
            if each.cost is not None:
                continue
            for numbers in self._bundles(each):
                roots = np.unique(root[numbers])
                if roots.size > 1:
                    root[np.isin(root, roots)] = roots[0]
        first, unit_of = np.unique(root, return_inverse=True)
        return unit_of.reshape(-1).astype(np.int64), int(first.size)

    def _bundles(self, each: Together) -> Iterable[Ints]:
        """The sets of partitions that belong together."""
        listed = [self.numbers(what, str(each)) for what in each.what]
        if not each.by_number:
            both = np.concatenate(listed)
            return [both] if both.size else []
        longest = max(numbers.size for numbers in listed)
        return [
            np.array([n[at] for n in listed if at < n.size], dtype=np.int64)
            for at in range(longest)
        ]

    def _owner(self, unit_of: Ints, row: Ints, allowed: Mask) -> NDArray[np.int32]:
        """The settled owners that may keep what they own."""
        owner = self._settled.owner.copy()
        owned = np.flatnonzero(owner >= 0)
        may = allowed[row[unit_of[owned]], owner[owned]]
        owner[owned[~may]] = -1
        return owner

    def _moves_left(self, owner: NDArray[np.int32]) -> int:
        most = self._constraints.max_moves
        if most is None:
            return NO_LIMIT
        return max(most - int(np.count_nonzero(owner < 0)), 0)

    def _limits(self, scales: Scales) -> dict[str, Ints]:
        capacities = [member.capacity for member in self._members]
        counts = [NO_LIMIT if c.max_partitions is None else c.max_partitions for c in capacities]
        weights = [each.max_weight for each in capacities]
        return {
            "most_count": np.minimum(np.array(counts, dtype=object), NO_LIMIT).astype(np.int64),
            "most_weight": np.array([scales.most_weight(w) for w in weights], dtype=np.int64),
            "most_mass": np.array([scales.most_mass(w) for w in weights], dtype=np.int64),
        }

    # -- what concerns several units -----------------------------------------------------------

    def _groups(self, unit_of: Ints, scales: Scales) -> Iterable[Group]:
        members = np.arange(len(self._members), dtype=np.int64)
        for each in self._constraints.together:
            if each.cost is None:
                continue
            for numbers in self._bundles(each):
                units = np.unique(unit_of[numbers])
                if units.size > 1:
                    yield Group(
                        kind="together",
                        name=str(each),
                        items=tuple(units[at : at + 1] for at in range(units.size)),
                        scope_of=members,
                        scopes=members.size,
                        cost=scales.cost(each.cost),
                    )
        for apart in self._constraints.apart:
            items = [np.unique(unit_of[numbers]) for numbers in self._things(apart)]
            if len(items) < 2:
                continue
            scope_of, scopes = self._scopes(apart)
            yield Group(
                kind="apart",
                name=str(apart),
                items=tuple(items),
                scope_of=scope_of,
                scopes=scopes,
                cost=None if apart.cost is None else scales.cost(apart.cost),
            )

    def _things(self, apart: Apart) -> list[Ints]:
        listed = [self.numbers(what, str(apart)) for what in apart.what]
        if apart.each:
            return [numbers[at : at + 1] for numbers in listed for at in range(numbers.size)]
        return [numbers for numbers in listed if numbers.size]

    def _scopes(self, apart: Apart) -> tuple[Ints, int]:
        label = apart.label
        if label is None:
            return np.arange(len(self._members), dtype=np.int64), len(self._members)
        values: dict[str, int] = {}
        scope = [
            values.setdefault(member.labels[label], len(values)) if label in member.labels else -1
            for member in self._members
        ]
        if not values:
            self._missing(f"{apart}: no member has a label {label!r} now")
        return np.array(scope, dtype=np.int64), max(len(values), 1)

    # -- selectors -----------------------------------------------------------------------------

    def numbers(self, what: What, where: str) -> Ints:
        """The partitions meant, as numbers of the index; what does not exist is noted."""
        count = self._index.counts.get(what.topic, 0)
        if not count:
            self._missing(f"{where}: the topic {what.topic!r} has no partitions in this group")
            return np.zeros(0, dtype=np.int64)
        base = self._index.bases[what.topic]
        if what.partitions is None:
            return np.arange(base, base + count, dtype=np.int64)
        there = [each for each in what.partitions if each < count]
        if len(there) < len(what.partitions):
            self._missing(f"{where}: the topic {what.topic!r} has {count} partitions only")
        return np.array(there, dtype=np.int64) + base

    def mask(self, who: Who, where: str) -> Mask:
        """The members meant."""
        if who not in self._masks:
            self._masks[who] = np.array([member.is_one_of(who) for member in self._members], bool)
        if not self._masks[who].any():
            self._missing(f"{where}: no member is {who} now")
        return self._masks[who]

    def _missing(self, note: str) -> None:
        if note not in self.unknown:
            self.unknown.append(note)
            self.notes.append(note)


def _dearer(
    scales: Scales, definition: Definition, homes: dict[str, Ints], groups: tuple[Group, ...]
) -> float:
    """By how much all but load can look dearer than it is; see `Rounding`."""
    scale = float(scales.scale)
    exact = definition.movement * homes["home_count"]
    exact = exact + definition.movement_by_weight * definition.home_weight
    moves = float(np.maximum(homes["home_cost"] - scale * exact, 0).sum())
    racks = max(scales.cost(definition.rack) - scale * definition.rack, 0.0) * scales.weight.size
    tied = math.fsum(
        max(group.cost - scale * cost, 0.0) * sum(item.size for item in group.items)
        for group, cost in zip(groups, definition.groups, strict=True)
        if group.cost is not None
    )
    return moves + racks + tied
