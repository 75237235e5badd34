"""Churn: what happens to a group over time, played with any assignor.

Each step ends in a rebalance. The rule kept here: members carry only what real ones would, namely
what their last plan gave them and its generation, so that every group of a churn is one that the
assignor itself led to. A cooperative assignor gets the rebalances that follow until nothing is
withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from assignors.interface import Assignor, run_assignor
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.quality import violations
from rebalance.testing.groups import Group

_MOST_REBALANCES_A_STEP = 4
"""Two are promised; an assignor that needs more is seen by others to."""


@dataclass(frozen=True, slots=True)
class Join:
    """A member comes, and owns nothing."""

    member: str
    topics: Sequence[str]


@dataclass(frozen=True, slots=True)
class Leave:
    """A member goes for good; whether it left or crashed is the same to an assignor."""

    member: str


@dataclass(frozen=True, slots=True)
class Restart:
    """A process is replaced: its member goes, and another of the same subscription comes."""

    member: str
    successor: str


@dataclass(frozen=True, slots=True)
class Lapse:
    """A member misses one rebalance, and comes back in the next with what it claimed before."""

    member: str


@dataclass(frozen=True, slots=True)
class Resubscribe:
    """A member changes its subscription, and still owns what it owned."""

    member: str
    topics: Sequence[str]


@dataclass(frozen=True, slots=True)
class Repartition:
    """A topic gets partitions, or is deleted and made again with fewer."""

    topic: str
    partitions: int


Step: TypeAlias = Join | Leave | Restart | Lapse | Resubscribe | Repartition
Plan: TypeAlias = Callable[[Group], GroupAssignment]


@dataclass(frozen=True, slots=True)
class Churn:
    """The topics at the beginning, and what happens. Steps of members that are gone do nothing."""

    cluster: ClusterMetadata
    steps: tuple[Step, ...]

    def play(self, assignor: Assignor | Plan) -> Iterator[tuple[Group, GroupAssignment]]:
        """Every rebalance in turn: the group as its leader saw it, and the plan.

        `assignor`: or a function of the group. Raises AssignorError as `run_assignor` does.
        """
        plan = assignor if callable(assignor) else _planning(assignor)
        state = _State(Group(self.cluster, {}))
        for step in self.steps:
            state.apply(step)
            yield from state.rebalances(plan)
            if state.absent:
                state.return_all()
                yield from state.rebalances(plan)


def _planning(assignor: Assignor) -> Plan:
    return lambda group: run_assignor(assignor, group.cluster, group.members)


@dataclass(slots=True)
class _State:
    """The group between two rebalances, and who is away."""

    group: Group
    generation_id: int = 0
    absent: dict[str, Subscription] = field(default_factory=dict)

    def apply(self, step: Step) -> None:
        members = dict(self.group.members)
        cluster = self.group.cluster
        if isinstance(step, Repartition):
            cluster = ClusterMetadata({**cluster.partitions, step.topic: step.partitions})
        elif isinstance(step, Join):
            members[step.member] = Subscription(topics=step.topics)
        elif step.member in members:
            gone = members.pop(step.member)
            if isinstance(step, Restart):
                members[step.successor] = Subscription(topics=gone.topics)
            elif isinstance(step, Lapse):
                self.absent[step.member] = gone
            elif isinstance(step, Resubscribe):
                members[step.member] = replace(gone, topics=step.topics)
        self.group = Group(cluster, members)

    def return_all(self) -> None:
        self.group = self.group.with_members({**self.group.members, **self.absent})
        self.absent = {}

    def rebalances(self, plan: Plan) -> Iterator[tuple[Group, GroupAssignment]]:
        for _ in range(_MOST_REBALANCES_A_STEP):
            group, answer = self.group, plan(self.group)
            yield group, answer
            self.generation_id += 1
            self.group = group.owning(
                {m: answer.get(m, PartitionSet()) for m in group.members}, self.generation_id
            )
            if not violations(group.cluster, group.members, answer):
                return
