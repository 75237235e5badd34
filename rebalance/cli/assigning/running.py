"""Run one assignor on a group, as its leader would, to the end.

The rule kept here: an assignor that raises, or whose plan a group may not follow, is an outcome
like any other; the others still run. A cooperative assignor is played round by round, each member
revoking what it lost and joining again, until nobody has anything to revoke (KIP-429).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from assignors.claims import member_user_data
from assignors.interface import (
    BUILT_IN,
    Assignor,
    AssignorError,
    RebalanceProtocol,
    assignor_protocols,
    checked_plan,
    run_assignor,
)
from assignors.model import GroupAssignment, PartitionSet, Subscription
from assignors.quality import Quality, assess, withheld
from assignors.sticky import StickyAssignor
from rebalance.cli.assigning import optimizing
from rebalance.cli.assigning.today import Today
from rebalance.group_file import GroupFile

if TYPE_CHECKING:
    from assignors.optimized import Cause, Solution

Asking: TypeAlias = Callable[[], AbstractContextManager[None]]
"""Entered wherever the assignor's own code is called."""

MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Round:
    """One rebalance: its plan, and what it gives to nobody for now."""

    plan: GroupAssignment
    withheld: PartitionSet


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """What came of one assignor.

    `label`: its name, or how it was asked for. `rounds`: one under the eager protocol. `quality`:
    of the last round, against the owners of today; None if there was no round. `error`: why it
    failed, one line; `causes`: why nothing satisfies the constraints. `solution`: the
    account of `optimized`, of its first plan.
    """

    label: str
    name: str
    cooperative: bool
    rounds: tuple[Round, ...] = ()
    quality: Quality | None = None
    error: str | None = None
    causes: tuple[Cause, ...] = ()
    solution: Solution | None = None

    @property
    def ok(self) -> bool:
        """Whether it ran, and a group may follow what came out."""
        return self.error is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """The least that the subscriptions allow: imbalance, and moves among the plans that have it.

    `proven`: no such plan has fewer moves; else some has at most that many.
    """

    imbalance: int
    moves: int
    proven: bool


def possible(today: Today) -> Possible:
    """What to hold plans against."""
    plain = {member: replace(each, user_data=b"") for member, each in today.members.items()}
    plan = StickyAssignor().plan(today.cluster, plain)
    loads = (len(each) for each in plan.assignment.values())
    return Possible(
        imbalance=sum(load * load for load in loads), moves=plan.moves, proven=plan.fewest_moves
    )


def run(assignor: Assignor, label: str, today: Today, *, asking: Asking = nullcontext) -> Outcome:
    """Run it; what goes wrong is in the outcome."""
    name, cooperative = label, False
    played = _Played(assignor, label, today, asking)
    error: str | None = None
    causes: tuple[Cause, ...] = ()
    try:
        with asking():
            name = assignor.name
            cooperative = RebalanceProtocol.COOPERATIVE in assignor_protocols(assignor)
        played.to_the_end(cooperative)
    except AssignorError as failure:
        error, causes = _told(failure)
    quality = _quality(today, played.rounds[-1].plan) if played.rounds else None
    if error is None and quality is not None and not quality.valid:
        error = str(quality.violations[0])
    return Outcome(
        label=label,
        name=name,
        cooperative=cooperative,
        rounds=tuple(played.rounds),
        quality=quality,
        error=error,
        causes=causes,
        solution=played.solution,
    )


def _told(failure: AssignorError) -> tuple[str, tuple[Cause, ...]]:
    """Why it failed, and the causes if constraints are; `run_assignor` wraps what is raised."""
    for each in (failure, failure.__cause__):
        causes = getattr(each, "causes", None)
        if causes is not None:
            return "nothing satisfies the constraints", tuple(causes)
    return " ".join(str(failure).split()), ()


def _quality(today: Today, plan: Mapping[str, PartitionSet]) -> Quality:
    return assess(
        today.cluster, today.members, plan, weights=today.group.weights, capacity=today.shares
    )


class _Played:
    """The rounds of one assignor so far."""

    def __init__(self, assignor: Assignor, label: str, today: Today, asking: Asking) -> None:
        self.rounds: list[Round] = []
        self.solution: Solution | None = None
        self._assignor = assignor
        self._label = label
        self._today = today
        self._cluster = today.cluster
        self._members: Mapping[str, Subscription] = today.members
        self._generation_id = max(today.generation_id, 0)
        self._asking = asking

    def to_the_end(self, cooperative: bool) -> None:
        """Raises AssignorError; the rounds until then are kept."""
        while len(self.rounds) < MOST_ROUNDS:
            with self._asking():
                plan = self._plan(cooperative)
            missing = withheld(self._cluster, self._members, plan)
            self.rounds.append(Round(plan=plan, withheld=missing))
            revokes = any(each.owned - plan[member] for member, each in self._members.items())
            if not (cooperative and revokes):
                return
            with self._asking():
                self._members = self._afterwards(plan)
        raise AssignorError(
            f"{self._label} still takes partitions away in round "
            f"{MOST_ROUNDS}: a group would rebalance for ever"
        )

    def _plan(self, cooperative: bool) -> GroupAssignment:
        protocol = RebalanceProtocol.COOPERATIVE if cooperative else None
        members = self._members
        optimizer = optimizing.optimizer(self._assignor)
        if optimizer is not None:
            members = optimizing.declared(optimizer, self._today.group, members)
            if not self.rounds:
                self.solution = optimizing.solved(optimizer, self._cluster, members)
            if not cooperative:
                assert self.solution is not None
                plan = self.solution.assignment
                return checked_plan(self._assignor, self._cluster, members, plan)
        return run_assignor(self._assignor, self._cluster, members, protocol=protocol)

    def _afterwards(self, plan: GroupAssignment) -> dict[str, Subscription]:
        """The members as they join again."""
        self._generation_id += 1
        return next_members(self._assignor, self._members, plan, self._generation_id)


def next_members(
    assignor: Assignor,
    members: Mapping[str, Subscription],
    plan: Mapping[str, PartitionSet],
    generation_id: int,
) -> dict[str, Subscription]:
    """The members as they are once they follow the plan. Raises AssignorFailedError."""
    return {
        member: replace(
            each,
            owned=plan[member],
            generation_id=generation_id,
            user_data=member_user_data(assignor, each.topics, plan[member], generation_id),
        )
        for member, each in members.items()
    }


def afterwards(
    assignor: Assignor, outcome: Outcome, today: Today, *, every_round: bool
) -> GroupFile:
    """The group once it follows the first plan, or the last: each owns what the plan says.

    Raises AssignorFailedError.
    """
    rounds = outcome.rounds if every_round else outcome.rounds[:1]
    generation_id = max(today.generation_id, 0) + len(rounds)
    plan = rounds[-1].plan
    members = next_members(assignor, today.members, plan, generation_id)
    if optimizing.optimizer(assignor) is not None:
        members = optimizing.without_claims(today.group, members)
    elif assignor.name in BUILT_IN:
        # Their user data repeats what `owned` and `generation` say.
        members = {member: replace(each, user_data=b"") for member, each in members.items()}
    return replace(today.group, members=members)
