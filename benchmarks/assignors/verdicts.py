"""How good a subject's plan is: the same measure for all, `assignors.quality`.

The rule kept here: a plan is judged as it was written down, from the group and the plan alone. Of
assignors that withhold partitions until they are revoked it is the plan before that, or else the
one with fewer partitions would look better balanced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assignors import PartitionSet
from assignors.claims import settle
from assignors.quality import imbalance, least_imbalance, load_range, movements, violations
from assignors.solver import solve
from benchmarks.assignors.handover import Handed, Owned


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`imbalance`: the sum of squared loads, and the least that the subscriptions allow.

    `moves`: partitions that their settled owner loses, and the fewest of any balanced plan;
    `least_moves` is None if nobody has proven a number. A worse balance can need fewer moves.
    `fault`: what is invalid, empty for a valid plan.
    """

    fault: str
    imbalance: int
    least_imbalance: int
    largest_load: int
    moves: int
    least_moves: int | None

    @property
    def balanced(self) -> bool:
        """Whether no plan is balanced better."""
        return self.imbalance == self.least_imbalance


class Judge:
    """Judges the plans of one group."""

    def __init__(self, group: Handed) -> None:
        self._group = group
        self._least = least_imbalance(group.cluster, group.members)
        best = solve(settle(group.cluster, group.members))
        self._moves = best.moves if best.proven else None

    def verdict(self, written: Mapping[str, Owned]) -> Verdict:
        """What is to be said of a plan as a subject wrote it."""
        cluster, members = self._group.cluster, self._group.members
        columns: dict[str, PartitionSet] = {}
        fault = ""
        for member, owned in written.items():
            columns[member] = (
                PartitionSet((topic, number) for topic, ids in owned for number in ids.tolist())
                if len({topic for topic, _ in owned}) < len(owned)
                else PartitionSet(dict(owned))
            )
            if len(columns[member]) < sum(ids.size for _, ids in owned):
                fault = f"{member} is given a partition twice"
        for each in violations(cluster, members, columns)[:1]:
            fault = str(each)
        return Verdict(
            fault=fault,
            imbalance=imbalance(columns),
            least_imbalance=self._least,
            largest_load=load_range(columns)[1],
            moves=movements(cluster, members, columns),
            least_moves=self._moves,
        )
