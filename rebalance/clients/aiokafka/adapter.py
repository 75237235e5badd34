"""An assignor in the shape that aiokafka calls.

aiokafka asks for classes with classmethods, but only ever reads `name` and calls `metadata`,
`assign` and `on_assignment` on what it was given; so an instance serves, and the state that
aiokafka forces on an assignor can belong to one consumer. The rule kept here: whatever an assignor
does, what aiokafka gets is valid bytes for every member, or an end of this membership (seam.py).
"""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from assignors.columns import subscribed_topics
from assignors.errors import AssignorError
from assignors.interface import (
    Assignor,
    RebalanceProtocol,
    assignor_protocols,
    resolve,
)
from assignors.model import PartitionSet
from rebalance.clients import wire
from rebalance.clients.aiokafka.errors import EagerOnlyWarning, StrategyError
from rebalance.clients.aiokafka.seam import Seam
from rebalance.clients.aiokafka.wire import cluster_metadata
from rebalance.clients.guard import Guard
from rebalance.clients.reporting import reporting

ConsumerT = TypeVar("ConsumerT")


def strategy(
    assignor: Assignor | type[Assignor] | str, *, guard: Guard | None = None
) -> "Strategy":
    """What `AIOKafkaConsumer(partition_assignment_strategy=[...])` takes, for one consumer.

    `assignor`: an assignor, its class, "module:Class", or a registered name such as "sticky".
    `guard`: its time limit and what follows when it is late or fails; default: `Guard()`.
    Warns with EagerOnlyWarning if it prefers to cooperate.
    Raises AssignorError if there is no such assignor, StrategyError if it cannot run eagerly.
    """
    found = resolve(assignor)
    protocols = assignor_protocols(found)
    if RebalanceProtocol.EAGER not in protocols:
        raise StrategyError(
            f"assignor {found.name!r} supports only the cooperative protocol, which aiokafka does "
            "not speak: use 'sticky', or a client that cooperates"
        )
    if RebalanceProtocol.COOPERATIVE in protocols:
        warnings.warn(
            f"{found.name!r} runs eagerly under aiokafka: every rebalance stops all partitions of "
            "this consumer, and it does not get the same ones back for sure; 'sticky' keeps them",
            EagerOnlyWarning,
            stacklevel=2,
        )
    return Strategy(reporting(found), guard or Guard())


class Strategy:
    """One assignor for one consumer; made by `strategy()`, tied by `bind()`."""

    def __init__(self, assignor: Assignor, guard: Guard) -> None:
        self.assignor = assignor
        self.guard = guard
        self._seam: Seam | None = None

    def __repr__(self) -> str:
        return f"<strategy {self.name!r}{'' if self._seam else ', not bound'}>"

    def bind(self, consumer: ConsumerT) -> ConsumerT:
        """Tie this strategy to the consumer it was given to, before `start()`; returns it.

        Raises StrategyError if it is tied to another consumer, was not given to this one, or this
        one has no group or is of an unknown aiokafka.
        """
        if self._seam is not None:
            if self._seam.consumer is not consumer:
                raise StrategyError(
                    f"{self!r} is bound to another consumer: "
                    "make one strategy(...) for each consumer"
                )
            return consumer
        seam = Seam(consumer)
        given = seam.consumer._partition_assignment_strategy
        if not any(each is self for each in given):
            raise StrategyError(
                f"{self!r} was not given to this consumer: make it with "
                "AIOKafkaConsumer(..., partition_assignment_strategy=[s])"
            )
        siblings = [each._seam for each in given if isinstance(each, Strategy) and each._seam]
        # Several strategies of one consumer share what it held: the group changes between them.
        self._seam = next((each for each in siblings if each.consumer is consumer), seam)
        return consumer

    # --- what aiokafka calls, each in the coordination task of its consumer ----------------------

    @property
    def name(self) -> str:
        """The protocol name on the wire."""
        return self.assignor.name

    def metadata(self, topics: Iterable[str]) -> bytes:
        """What this member sends with its JoinGroup, encoded. `topics`: what it subscribes to."""
        seam = self._entered()
        try:
            return wire.subscription_bytes(self.assignor, topics, seam.claim(), seam.rack_id)
        except AssignorError as error:
            seam.fail(error)

    def assign(self, cluster: Any, members: Mapping[str, Any]) -> dict[str, bytes]:
        """The leader's plan, encoded for each member.

        `cluster` and `members` are aiokafka's; the latter lack what their version 0 cannot hold, so
        the bytes of the JoinGroup response are read instead. Raises NotPlannedError to the seam,
        which makes the plan and has aiokafka ask again.
        """
        seam = self._entered()
        try:
            subscriptions = seam.members(self.assignor, members)
            known = cluster_metadata(cluster, subscribed_topics(subscriptions))
            return wire.assignment_bytes(seam.plan(self.guard, self.assignor, known, subscriptions))
        except AssignorError as error:
            seam.fail(error)

    def on_assignment(self, assignment: Any) -> None:
        """This member was assigned these partitions (aiokafka's decoded assignment)."""
        columns: dict[str, list[int]] = {}
        for topic, ids in assignment.assignment:
            columns.setdefault(topic, []).extend(ids)
        self._entered().assigned(PartitionSet(columns))

    def _entered(self) -> Seam:
        if self._seam is None:
            raise StrategyError(
                f"{self!r}: call bind(consumer) before consumer.start(), and make one "
                "strategy(...) for each consumer"
            )
        self._seam.enter()
        return self._seam
