"""From a group, an objective and constraints to a `Model`.

The rule kept here: partitions are handled as columns and kinds; only what a constraint names by
partition costs a step each. What a constraint names and is not there is a note, not an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from assignors.claims import Settled
from assignors.flat import FlatIndex
from assignors.model import ClusterMetadata
from assignors.optimized.constraints import Apart, Ban, Constraints, Pin, Together
from assignors.optimized.errors import InvalidObjectiveError
from assignors.optimized.model import NO_LIMIT, Group, Ints, Mask, Model
from assignors.optimized.objective import Objective
from assignors.optimized.people import Member
from assignors.optimized.selectors import What, Who
from assignors.optimized.weights import scaled

_PRECISION = 1000
"""The cost of the first unit of load on the largest member, where 64 bits allow."""
_MOST_COST = 2**60
_MOST_RATIO = 1000
"""Between the largest share of capacity and the smallest, so that costs fit 64 bits."""


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
        weight, weight_scale = scaled(given)
        row, allowed, miss = self._rows()
        unit_of, units = self._units()
        row, allowed, miss = _merged_rows(unit_of, units, row, allowed, miss)
        count = np.bincount(unit_of, minlength=units).astype(np.int64)
        scale, curvature = self._scale(int(weight.sum()))
        average = Fraction(int(weight.sum()), max(weight.size, 1)) or Fraction(1)
        owner = self._owner(unit_of, row, allowed)
        per_move = round(scale * Fraction(self._objective.movement)) + 1
        per_weight = scale * Fraction(self._objective.movement_by_weight) / average
        leaving = per_move + np.array(
            [round(per_weight * each) for each in weight.tolist()]
            if per_weight
            else np.zeros(weight.size),
            dtype=np.int64,
        )
        homes = _homes(unit_of, units, owner, leaving, len(self._members))
        most_count, most_weight = self._limits(weight_scale)
        return Model(
            settled=self._settled,
            unit_of=unit_of,
            weight=np.bincount(unit_of, weights=weight, minlength=units).astype(np.int64),
            count=count,
            row=row,
            allowed=allowed,
            miss=miss,
            **homes,
            curvature=curvature,
            rack_cost=round(scale * Fraction(self._objective.rack)),
            most_count=most_count,
            most_weight=most_weight,
            moves_left=self._moves_left(owner),
            groups=tuple(self._groups(unit_of, scale)),
            scale=scale,
            weight_scale=weight_scale,
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

    def _limits(self, weight_scale: Fraction) -> tuple[Ints, Ints]:
        counts, weights = [], []
        for member in self._members:
            most, weight = member.capacity.max_partitions, member.capacity.max_weight
            counts.append(NO_LIMIT if most is None else min(most, NO_LIMIT))
            weights.append(
                NO_LIMIT if weight is None else min(int(Fraction(weight) * weight_scale), NO_LIMIT)
            )
        return np.array(counts, dtype=np.int64), np.array(weights, dtype=np.int64)

    def _shares(self) -> list[Fraction]:
        """What each member's share counts as: one member's word must not stop the leader."""
        shares = [Fraction(member.capacity.share) for member in self._members]
        least = max(shares, default=Fraction(1)) / _MOST_RATIO
        small = [m.id for m, share in zip(self._members, shares, strict=True) if share < least]
        if small:
            self.notes.append(
                f"shares of capacity of {', '.join(small[:6])}"
                f"{f' and {len(small) - 6} more' if len(small) > 6 else ''} count as "
                f"1/{_MOST_RATIO} of the largest, the least that is told apart"
            )
        return [max(share, least) for share in shares]

    def _scale(self, total: int) -> tuple[Fraction, Ints]:
        """Units of cost per 1 of the objective, and each member's curvature."""
        shares = self._shares()
        mean = sum(shares, Fraction(0)) / max(len(shares), 1)
        shares = [share / mean for share in shares]
        objective, size = self._objective, self._index.size
        largest = max(shares, default=Fraction(1))
        smallest = min(shares, default=Fraction(1))
        square = Fraction(total * total, max(size * size, 1)) or Fraction(1)
        balance = Fraction(objective.balance) if total else Fraction(0)
        other = Fraction(objective.movement) + Fraction(objective.rack)
        other += Fraction(objective.movement_by_weight)
        groups: tuple[Together | Apart, ...] = (
            *self._constraints.together,
            *self._constraints.apart,
        )
        for each in groups:
            other += Fraction(each.cost or 0)
        precision = Fraction(_PRECISION)
        while True:
            scale = precision * square * largest / balance if balance else precision
            worst = precision * largest / smallest * total * total + scale * other * (size + 1)
            if worst < _MOST_COST:
                break
            precision /= 2
            if precision < Fraction(1, 2**20) or (balance and precision < 1):
                raise InvalidObjectiveError(
                    "the objective's coefficients are too far apart for 64-bit arithmetic: "
                    "bring them closer together"
                )
        curvature = [round(precision * largest / share) if balance else 0 for share in shares]
        return scale, np.array(curvature, dtype=np.int64)

    # -- what concerns several units -----------------------------------------------------------

    def _groups(self, unit_of: Ints, scale: Fraction) -> Iterable[Group]:
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
                        cost=round(scale * Fraction(each.cost)),
                    )
        for apart in self._constraints.apart:
            items = [np.unique(unit_of[numbers]) for numbers in self._things(apart)]
            if len(items) < 2:
                continue
            scope_of, scopes = self._scopes(apart.label)
            yield Group(
                kind="apart",
                name=str(apart),
                items=tuple(items),
                scope_of=scope_of,
                scopes=scopes,
                cost=None if apart.cost is None else round(scale * Fraction(apart.cost)),
            )

    def _things(self, apart: Apart) -> list[Ints]:
        listed = [self.numbers(what, str(apart)) for what in apart.what]
        if apart.each:
            return [numbers[at : at + 1] for numbers in listed for at in range(numbers.size)]
        return [numbers for numbers in listed if numbers.size]

    def _scopes(self, label: str | None) -> tuple[Ints, int]:
        if label is None:
            return np.arange(len(self._members), dtype=np.int64), len(self._members)
        values: dict[str, int] = {}
        scope = [
            values.setdefault(member.labels[label], len(values)) if label in member.labels else -1
            for member in self._members
        ]
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
            note = f"{where}: no member is {who} now"
            if note not in self.notes:
                self.notes.append(note)
        return self._masks[who]

    def _missing(self, note: str) -> None:
        if note not in self.unknown:
            self.unknown.append(note)
            self.notes.append(note)


def _merged_rows(
    unit_of: Ints, units: int, row: Ints, allowed: Mask, miss: Ints
) -> tuple[Ints, Mask, Ints]:
    """Rows by unit instead of by partition; those of merged units are new."""
    if units == unit_of.size:
        return row, allowed, miss
    sizes = np.bincount(unit_of, minlength=units)
    order = np.argsort(unit_of, kind="stable")
    ends = np.cumsum(sizes)
    unit_row = np.zeros(units, dtype=np.int64)
    single = sizes == 1
    unit_row[single] = row[order[ends[single] - 1]]
    found: dict[tuple[int, ...], int] = {}
    more_allowed: list[Mask] = []
    more_miss: list[Ints] = []
    for unit in np.flatnonzero(~single).tolist():
        rows = row[order[ends[unit] - sizes[unit] : ends[unit]]]
        key = tuple(np.sort(rows).tolist())
        number = found.setdefault(key, allowed.shape[0] + len(found))
        if number == allowed.shape[0] + len(more_allowed):
            more_allowed.append(np.logical_and.reduce(allowed[rows], axis=0))
            more_miss.append(miss[rows].sum(axis=0))
        unit_row[unit] = number
    if more_allowed:
        allowed = np.concatenate([allowed, np.array(more_allowed)])
        miss = np.concatenate([miss, np.array(more_miss)])
    used, unit_row = np.unique(unit_row, return_inverse=True)
    return unit_row.reshape(-1).astype(np.int64), allowed[used], miss[used]


def _homes(
    unit_of: Ints, units: int, owner: NDArray[np.int32], leaving: Ints, members: int
) -> dict[str, Ints]:
    """Owner entries by unit; see `Model`."""
    owned = np.flatnonzero(owner >= 0)
    keys, entry = np.unique(
        unit_of[owned] * max(members, 1) + owner[owned].astype(np.int64), return_inverse=True
    )
    entry = entry.reshape(-1)
    unit, member = np.divmod(keys, max(members, 1))
    count = np.bincount(entry, minlength=keys.size).astype(np.int64)
    cost = np.bincount(entry, weights=leaving[owned], minlength=keys.size).astype(np.int64)
    return {
        "home_unit": unit,
        "home_member": member,
        "home_count": count,
        "home_cost": cost,
        "home_start": np.searchsorted(unit, np.arange(units + 1)).astype(np.int64),
        "away_count": np.bincount(unit, weights=count, minlength=units).astype(np.int64),
        "away_cost": np.bincount(unit, weights=cost, minlength=units).astype(np.int64),
    }
