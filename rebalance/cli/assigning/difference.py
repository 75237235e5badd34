"""Who gains what from whom: a plan against the owners of today.

The rule kept here: every partition whose owner changes is in exactly one `Hand`, so what one member
loses is what another gains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assignors.model import PartitionSet
from rebalance.cli.assigning.today import Today


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """What goes from one to another; None is nobody."""

    giver: str | None
    taker: str | None
    partitions: PartitionSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All of them, by giver, then taker; `kept`: partitions that stay with their owner."""

    hands: tuple[Hand, ...]
    kept: int

    def gained(self) -> dict[str, list[Hand]]:
        """Member id -> what it gets."""
        return self._by(lambda hand: hand.taker)

    def lost(self) -> dict[str, list[Hand]]:
        """Member id -> what it gives up."""
        return self._by(lambda hand: hand.giver)

    def _by(self, who: Callable[[Hand], str | None]) -> dict[str, list[Hand]]:
        found: dict[str, list[Hand]] = {}
        for hand in self.hands:
            member = who(hand)
            if member is not None:
                found.setdefault(member, []).append(hand)
        return found

    @property
    def moved(self) -> int:
        """Partitions that leave an owner."""
        return sum(len(each.partitions) for each in self.hands if each.giver is not None)

    @property
    def found(self) -> int:
        """Partitions without an owner that get one."""
        return sum(len(each.partitions) for each in self.hands if each.giver is None)

    def changes(self) -> dict[str, tuple[int, int]]:
        """Member id -> gained and lost, for those with any; the most changed first."""
        gained, lost = (
            {member: sum(len(each.partitions) for each in hands) for member, hands in side.items()}
            for side in (self.gained(), self.lost())
        )
        counts = {member: (gained.get(member, 0), lost.get(member, 0)) for member in gained | lost}
        return dict(sorted(counts.items(), key=lambda entry: (-sum(entry[1]), entry[0])))


def difference(
    today: Today,
    plan: Mapping[str, PartitionSet],
    *,
    before: Mapping[str, PartitionSet] | None = None,
) -> Difference:
    """From what is settled today, or from an earlier plan, to this one."""
    ids = today.settled.member_ids
    return _changed(
        today, ids, _owners(today, today.before if before is None else before), _owners(today, plan)
    )


def _owners(today: Today, plan: Mapping[str, PartitionSet]) -> NDArray[np.int64]:
    index = today.settled.index
    owner = np.full(index.size, -1, dtype=np.int64)
    for number, member in enumerate(today.settled.member_ids):
        owner[index.numbers(plan.get(member, PartitionSet()))] = number
    return owner


def _changed(
    today: Today, ids: tuple[str, ...], before: NDArray[np.int64], after: NDArray[np.int64]
) -> Difference:
    index = today.settled.index
    changed = np.flatnonzero(before != after)
    pairs = (before[changed] + 1) * (len(ids) + 1) + after[changed] + 1
    order = np.argsort(pairs, kind="stable")
    found, starts = np.unique(pairs[order], return_index=True)
    parts = np.split(changed[order], starts[1:])
    hands = []
    for pair, numbers in zip(found.tolist(), parts, strict=bool(found.size)):
        giver, taker = divmod(pair, len(ids) + 1)
        hands.append(
            Hand(
                giver=ids[giver - 1] if giver else None,
                taker=ids[taker - 1] if taker else None,
                partitions=index.partitions(numbers),
            )
        )
    return Difference(
        hands=tuple(hands),
        kept=int(np.count_nonzero(before >= 0)) - int(np.count_nonzero(before[changed] >= 0)),
    )
