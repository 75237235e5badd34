"""`sticky`: balanced, and among the balanced plans the one that moves least.

The rule kept here, in this order: valid; the least sum of squared loads that the subscriptions
allow; the fewest partitions taken from their settled owner; then few runs of ids, or an even spread
of every topic. Claims come settled from `claims`; nothing is remembered between calls.
Wire name and user data are those of Kafka's StickyAssignor (KIP-54), so both mix in one group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from assignors.balance import balanced
from assignors.claims import Claim, Settled, settle
from assignors.classes import problem_of
from assignors.codec import decode_sticky_user_data, encode_sticky_user_data
from assignors.errors import CodecError
from assignors.interface import Promise, RebalanceProtocol
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.moves import DEFAULT_BUDGET, lost, spare_moves
from assignors.placing import placed

Spread = Literal["contiguous", "topic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StickyPlan:
    """A plan, and what is known of it.

    `moves`: partitions taken from a live settled owner. `fewest_moves`: True if no balanced plan
    has fewer, False if the step budget ran out before that was certain.
    """

    assignment: GroupAssignment
    moves: int
    fewest_moves: bool


@dataclass(frozen=True, slots=True)
class StickyAssignor:
    """Kafka's `sticky`, with balance and stickiness that can be proven.

    `spread`: "contiguous" deals each member few long runs of ids, which keeps the messages of the
    group protocol short; "topic" spreads every topic over the members, for topics that differ in
    traffic (KAFKA-16277). `budget`: steps to spend on the proof that no plan moves less; the
    balance is always optimal.
    """

    spread: Spread = "contiguous"
    budget: int = DEFAULT_BUDGET

    name: ClassVar[str] = "sticky"
    protocols: ClassVar[tuple[RebalanceProtocol, ...]] = (RebalanceProtocol.EAGER,)
    promises: ClassVar[frozenset[Promise]] = frozenset(
        {
            Promise.VALID,
            Promise.BALANCED,
            Promise.MINIMAL_MOVES,
            Promise.IDEMPOTENT,
            Promise.DETERMINISTIC,
            Promise.CONFLICT_PROOF,
        }
    )

    def __post_init__(self) -> None:
        if self.spread not in ("contiguous", "topic"):
            raise ValueError(f'spread is {self.spread!r}: give "contiguous" or "topic"')

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        """The plan; see the class. Never raises on what a peer can send."""
        return self.plan(cluster, members).assignment

    def plan(self, cluster: ClusterMetadata, members: Mapping[str, Subscription]) -> StickyPlan:
        """The plan, and whether it is proven to move least."""
        settled = settle(cluster, members, sticky_claims(members))
        return plan_from(settled, spread=self.spread, budget=self.budget)

    def user_data(self, topics: Sequence[str], owned: PartitionSet, generation_id: int) -> bytes:
        """What the member held and when, as Java writes it; nothing before a first assignment."""
        if generation_id < 0 and not owned:
            return b""
        return encode_sticky_user_data(owned, generation_id)


def plan_from(settled: Settled, *, spread: Spread, budget: int) -> StickyPlan:
    """The sticky plan for claims that are settled already."""
    if settled.index.size == 0:
        empty = GroupAssignment(dict.fromkeys(settled.member_ids, PartitionSet()))
        return StickyPlan(assignment=empty, moves=0, fewest_moves=True)
    problem = problem_of(settled)
    x = balanced(problem)
    # One class is solved in closed form; its plan cannot be improved.
    fewest = problem.classes == 1 or spare_moves(problem, x, budget=budget)
    owner: np.ndarray[tuple[int, ...], np.dtype[np.int32]] = placed(problem, x, settled, spread)
    return StickyPlan(
        assignment=settled.assignment(owner),
        moves=lost(problem, x),
        fewest_moves=fewest,
    )


def sticky_claims(members: Mapping[str, Subscription]) -> dict[str, Claim]:
    """What each member claims, read as Kafka's StickyAssignor reads it.

    Under the eager protocol a member has given everything up before it joins, so its claim is in
    the user data. A subscription without readable user data claims its `owned` partitions, which is
    how members in memory, and cooperative ones, speak.
    """
    return {member: _claim(each) for member, each in members.items()}


def _claim(subscription: Subscription) -> Claim:
    if subscription.user_data:
        try:
            said = decode_sticky_user_data(subscription.user_data)
        except CodecError:
            pass
        else:
            return Claim(partitions=said.partitions, generation_id=said.generation_id)
    return Claim(partitions=subscription.owned, generation_id=subscription.generation_id)
