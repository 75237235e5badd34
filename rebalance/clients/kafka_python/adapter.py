"""An assignor in the shape that kafka-python calls.

kafka-python takes classes and makes an object of each, or takes objects of its abstract assignor as
they are; so a strategy is one of the latter, and its state belongs to one consumer. The rule kept
here: whatever an assignor does, what kafka-python gets is valid bytes for every member, or an
end of this membership (seam.py).
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from kafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from kafka.coordinator.assignors.abstract import RebalanceProtocol as KafkaProtocol

from assignors.interface import Assignor, assignor_protocols, resolve
from assignors.model import PartitionSet
from rebalance.clients.guard import Guard
from rebalance.clients.kafka_python.errors import StrategyError
from rebalance.clients.kafka_python.seam import Seam
from rebalance.clients.reporting import reporting

ConsumerT = TypeVar("ConsumerT")


def strategy(
    assignor: Assignor | type[Assignor] | str, *, guard: Guard | None = None
) -> "Strategy":
    """What `KafkaConsumer(partition_assignment_strategy=[...])` takes, for one consumer.

    `assignor`: an assignor, its class, "module:Class", or a registered name such as "sticky". The
    consumer cooperates if all its assignors can. `guard`: the assignor's time limit and what
    follows when it is late or fails; default: `Guard()`.
    Raises AssignorError if there is no such assignor.
    """
    found = resolve(assignor)
    assignor_protocols(found)
    return Strategy(reporting(found), guard or Guard())


class Strategy(AbstractPartitionAssignor):  # type: ignore[misc]  # kafka-python is untyped
    """One assignor for one consumer; made by `strategy()`, tied by `bind()`."""

    def __init__(self, assignor: Assignor, guard: Guard) -> None:
        self.assignor = assignor
        self.guard = guard
        self._seam: Seam | None = None

    def __repr__(self) -> str:
        return f"<strategy {self.name!r}{'' if self._seam else ', not bound'}>"

    def bind(self, consumer: ConsumerT) -> ConsumerT:
        """Tie this strategy to the consumer it was given to, before its first poll; returns it.

        Raises StrategyError if it is tied to another consumer, was not given to this one, or this
        one has no group or is of an unknown kafka-python.
        """
        if self._seam is not None:
            if self._seam.consumer is not consumer:
                raise StrategyError(
                    f"{self!r} is bound to another consumer: "
                    "make one strategy(...) for each consumer"
                )
            return consumer
        given = Seam.check(consumer)
        if not any(each is self for each in given):
            raise StrategyError(
                f"{self!r} was not given to this consumer: make it with "
                "KafkaConsumer(..., partition_assignment_strategy=[s])"
            )
        bound = (each._seam for each in given if isinstance(each, Strategy) and each._seam)
        # Several strategies of one consumer share what it held: the group changes between them.
        self._seam = next((each for each in bound if each.consumer is consumer), None)
        if self._seam is None:
            self._seam = Seam(consumer)
        return consumer

    # --- what kafka-python calls, each on the thread of its consumer's loop -----------------------

    @property
    def name(self) -> str:
        """The protocol name on the wire."""
        return self.assignor.name

    def supported_protocols(self) -> list[Any]:
        """The rebalance protocols, best first."""
        return [KafkaProtocol(int(each)) for each in assignor_protocols(self.assignor)]

    def metadata(self, topics: Iterable[str]) -> bytes:
        """What this member sends with its JoinGroup, encoded. `topics`: what it subscribes to."""
        return self._entered().subscription_bytes(self.assignor, topics)

    def assign(self, cluster: Any, members: Any) -> dict[str, bytes]:
        """The leader's plan, encoded for each member; it was made before (seam.py)."""
        return self._entered().planned()

    def on_assignment(self, assignment: Any, generation: int) -> None:
        """This member was assigned these partitions (kafka-python's decoded assignment)."""
        columns: dict[str, list[int]] = {}
        for topic, ids in assignment.assigned_partitions:
            columns.setdefault(topic, []).extend(ids)
        self._entered().assigned(PartitionSet(columns), generation)

    def _entered(self) -> Seam:
        if self._seam is None:
            raise StrategyError(
                f"{self!r}: call bind(consumer) before the first consumer.poll(), and make one "
                "strategy(...) for each consumer"
            )
        self._seam.enter()
        return self._seam
