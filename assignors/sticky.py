"""`sticky`: balanced, and among the balanced plans the one that moves least.

The rule kept here, in this order: valid; the least sum of squared loads that the subscriptions
allow; the fewest partitions taken from their settled owner; then few runs of ids, or an even spread
of every topic. Claims come settled from `claims`; nothing is remembered between calls.
Wire name and user data are those of Kafka's StickyAssignor (KIP-54), so both mix in one group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import ClassVar, get_args

from assignors.claims import Settled, settle, sticky_claims
from assignors.codec import encode_sticky_user_data
from assignors.columns import Subscriptions
from assignors.interface import Promise, RebalanceProtocol
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.own_flow import DEFAULT_BUDGET
from assignors.placing import Spread
from assignors.soft import Soft
from assignors.solver import Method, Solver, solve

_PROMISES = frozenset(Promise) - {Promise.COOPERATIVE_SAFE}
_SOFT_PROMISES = _PROMISES - {Promise.BALANCED, Promise.MINIMAL_MOVES}

__all__ = ["Method", "Soft", "Solver", "Spread", "StickyAssignor", "StickyPlan", "plan_from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StickyPlan:
    """A plan, and what is known of it.

    `moves`: partitions taken from a live settled owner. `fewest_moves`: True if no balanced plan
    has fewer (with a soft objective: if no plan costs less), False if the step budget ran out
    before that was certain. `method`: how it was found, see `solver.Solved`.
    """

    assignment: GroupAssignment
    moves: int
    fewest_moves: bool
    method: Method


@dataclass(frozen=True, slots=True)
class StickyAssignor:
    """Kafka's `sticky`, with balance and stickiness that can be proven.

    `spread`: "topic" spreads every topic over its subscribers, for topics that differ in traffic
    (KAFKA-16277); "contiguous" deals each member few long runs of ids, which keeps the messages of
    the group protocol short; "auto" spreads topics as long as
    that takes no more than 10,000 entries in a plan. `soft`: instead of balance first, weigh it
    against movement.
    `solver`: "flow" solves with OR-tools, "own" without, "auto" with OR-tools where it is
    installed; both are exact. `budget`: steps to spend, without OR-tools, on the proof that no plan
    moves less; the balance is always optimal.
    Raises ValueError for a spread or solver of another name, a budget or soft objective that is
    none, and where OR-tools is missing.
    """

    spread: Spread = "auto"
    budget: int = DEFAULT_BUDGET
    soft: Soft | None = field(default=None, kw_only=True)
    solver: Solver = field(default="auto", kw_only=True)

    name: ClassVar[str] = "sticky"
    protocols: ClassVar[tuple[RebalanceProtocol, ...]] = (RebalanceProtocol.EAGER,)

    def __post_init__(self) -> None:
        for name, value, known in (
            ("spread", self.spread, get_args(Spread)),
            ("solver", self.solver, get_args(Solver)),
        ):
            if value not in known:
                choice = " or ".join(f'"{each}"' for each in known)
                raise ValueError(f"{name} is {value!r}: give {choice}")
        budget: object = self.budget
        if not isinstance(budget, int) or isinstance(budget, bool) or budget < 0:
            raise ValueError(f"budget is {budget!r}: give a whole number of steps, 0 or more")
        soft: object = self.soft
        if not (soft is None or isinstance(soft, Soft)):
            raise ValueError(f"soft is {soft!r}: give Soft(balance=..., move=...)")
        if self.solver == "flow" and find_spec("ortools") is None:
            raise ValueError(
                "solver is 'flow', but OR-tools is not installed: "
                'run pip install "kafka-rebalance[optimize]", or give "auto"'
            )

    @property
    def promises(self) -> frozenset[Promise]:
        """Everything but the cooperative protocol; a soft objective trades two of them away."""
        return _PROMISES if self.soft is None else _SOFT_PROMISES

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        """The plan; see the class. Never raises on what a peer can send."""
        return self.plan(cluster, members).assignment

    def plan(self, cluster: ClusterMetadata, members: Mapping[str, Subscription]) -> StickyPlan:
        """The plan, how it was found, and whether it is proven to move least."""
        group = Subscriptions.of(members)
        return plan_from(settle(cluster, group, sticky_claims(group)), self)

    def user_data(self, topics: Sequence[str], owned: PartitionSet, generation_id: int) -> bytes:
        """What the member held and when, as Java writes it; nothing before a first assignment."""
        if generation_id < 0 and not owned:
            return b""
        return encode_sticky_user_data(owned, generation_id)


def plan_from(settled: Settled, assignor: StickyAssignor) -> StickyPlan:
    """The plan of this assignor for claims that are settled already."""
    solved = solve(
        settled,
        spread=assignor.spread,
        soft=assignor.soft,
        solver=assignor.solver,
        budget=assignor.budget,
    )
    return StickyPlan(
        assignment=settled.assignment(solved.owner),
        moves=solved.moves,
        fewest_moves=solved.proven,
        method=solved.method,
    )
