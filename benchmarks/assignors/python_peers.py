"""The sticky assignors of aiokafka and kafka-python, as their own group leader calls them.

The rule kept here: everything that a client hands to its assignor is made by that client's own
classes, and what a member remembers is put where that client keeps it. aiokafka keeps it on the
class and never learns a generation; kafka-python keeps it on the object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.assignors.cases import GENERATION
from benchmarks.assignors.handover import Handed

Given = Mapping[str, Iterable[tuple[str, object]]]


class Aiokafka:
    """aiokafka's StickyPartitionAssignor."""

    def __init__(self, group: Handed) -> None:
        from aiokafka.cluster import ClusterMetadata
        from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
        from aiokafka.coordinator.protocol import ConsumerProtocol
        from aiokafka.protocol.metadata import MetadataResponse_v1
        from aiokafka.structs import TopicPartition

        self._assignor = StickyPartitionAssignor
        self._protocol = ConsumerProtocol
        self._cluster = ClusterMetadata()
        topics = [
            (0, topic, False, [(0, number, 0, [0], [0]) for number in range(count)])
            for topic, count in group.cluster.partitions.items()
        ]
        self._cluster.update_metadata(MetadataResponse_v1([(0, "broker", 9092, None)], 0, topics))
        self._bytes: dict[str, bytes] = {}
        for member, each in group.members.items():
            held = [TopicPartition(*partition) for partition in each.owned] or None
            self._assignor.member_assignment = held
            self._bytes[member] = self._assignor.metadata(each.topics).encode()
        self._assignor.member_assignment = None
        self._members = self._decoded()

    def _decoded(self) -> dict[str, Any]:
        return {
            member: self._protocol.METADATA.decode(data) for member, data in self._bytes.items()
        }

    def plan(self) -> Given:
        """Asked once, for its plan."""
        return {
            member: each.assignment
            for member, each in self._assignor.assign(self._cluster, self._members).items()
        }

    def solver(self) -> None:
        """Members decoded, but for the user data, which the assignor itself decodes."""
        self._assignor.assign(self._cluster, self._members)

    def wire(self) -> None:
        """Bytes of all members in, bytes for all members out."""
        plan = self._assignor.assign(self._cluster, self._decoded())
        for each in plan.values():
            each.encode()

    def figures(self) -> Mapping[str, Any]:
        """What can be measured."""
        return {"solver": self.solver, "wire": self.wire}


class KafkaPython:
    """kafka-python's StickyPartitionAssignor."""

    def __init__(self, group: Handed) -> None:
        from kafka.cluster import ClusterMetadata
        from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
        from kafka.protocol.consumer.group import JoinGroupResponse
        from kafka.protocol.consumer.metadata import (
            ConsumerProtocolAssignment,
            ConsumerProtocolSubscription,
        )

        self._response = JoinGroupResponse.JoinGroupResponseMember
        self._subscription = ConsumerProtocolSubscription
        self._assignor = StickyPartitionAssignor()
        self._cluster = ClusterMetadata()
        self._cluster.update_metadata(_kafka_python_metadata(group))
        self._bytes: dict[str, bytes] = {}
        for member, each in group.members.items():
            joining = StickyPartitionAssignor()
            if each.owned:
                columns = [(topic, ids.tolist()) for topic, ids in each.owned.by_topic.items()]
                joining.on_assignment(ConsumerProtocolAssignment(0, columns, b""), GENERATION)
            self._bytes[member] = joining.metadata(each.topics).encode()
        self._members = self._decoded()

    def _decoded(self) -> list[Any]:
        return [
            self._response(version=5, member_id=member, metadata=self._subscription.decode(data))
            for member, data in self._bytes.items()
        ]

    def plan(self) -> Given:
        """Asked once, for its plan."""
        return {
            member: each.assigned_partitions
            for member, each in self._assignor.assign(self._cluster, self._members).items()
        }

    def solver(self) -> None:
        """Members decoded, but for the user data, which the assignor itself decodes."""
        self._assignor.assign(self._cluster, self._members)

    def wire(self) -> None:
        """Bytes of all members in, bytes for all members out."""
        plan = self._assignor.assign(self._cluster, self._decoded())
        for each in plan.values():
            each.encode()

    def figures(self) -> Mapping[str, Any]:
        """What can be measured."""
        return {"solver": self.solver, "wire": self.wire}


def _kafka_python_metadata(group: Handed) -> Any:
    from kafka.protocol.metadata import MetadataResponse

    topic_of = MetadataResponse.MetadataResponseTopic
    partition_of = topic_of.MetadataResponsePartition
    broker = MetadataResponse.MetadataResponseBroker(0, "broker", 9092, None, version=1)
    topics = [
        topic_of(
            version=1,
            error_code=0,
            name=topic,
            is_internal=False,
            partitions=[
                partition_of(
                    version=1,
                    error_code=0,
                    partition_index=number,
                    leader_id=0,
                    replica_nodes=[0],
                    isr_nodes=[0],
                )
                for number in range(count)
            ],
        )
        for topic, count in group.cluster.partitions.items()
    ]
    made = MetadataResponse(version=1, brokers=[broker], controller_id=0, topics=topics)
    return MetadataResponse.decode(made.encode(version=1), version=1)
