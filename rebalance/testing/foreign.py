"""aiokafka's and kafka-python's own assignors, in our interface: to check what one runs today.

The rule kept here: they are asked as their client asks them. A member's bytes are what that client
would have sent for it (its own `on_assignment`, then its own `metadata`), encoded and decoded, and
the cluster is an object of the client's own class. What the client loses on the way is lost here
too: aiokafka never tells its sticky assignor the generation, kafka-python's cooperative one does
not write it. Each member of each call has state of its own, also where the client keeps it on a
class. A member whose `Subscription` has user data is one of another client: its bytes go to the
assignor as they are, in the newest version of the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assignors.codec import (
    decode_assignment,
    decode_subscription,
    encode_assignment,
    encode_subscription,
)
from assignors.interface import (
    DEFAULT_PROMISES,
    Assignor,
    AssignorInterfaceError,
    Promise,
    RebalanceProtocol,
    resolve,
)
from assignors.model import ClusterMetadata, PartitionSet, Subscription

_AIOKAFKA = "aiokafka.coordinator.assignors."
_KAFKA_PYTHON = "kafka.coordinator.assignors."

_AIOKAFKA_JOINS: Mapping[str, Any] = {"member_assignment": None, "generation": -1}
"""What aiokafka's sticky keeps on its class, as a consumer finds it that has just started."""

_STICKY = DEFAULT_PROMISES | {Promise.BALANCED, Promise.MINIMAL_MOVES, Promise.IDEMPOTENT}
_DOCUMENTED: Mapping[str, frozenset[Promise]] = {
    "StickyPartitionAssignor": _STICKY,
    "CooperativeStickyAssignor": _STICKY | {Promise.COOPERATIVE_SAFE},
}
"""What the documentation of these classes says they do; every assignor is to be valid and
deterministic."""


def adapted(assignor: object) -> Assignor:
    """The assignor as `resolve` finds it, or, if it is one of aiokafka or kafka-python, wrapped.

    Raises AssignorError as `resolve` does.
    """
    found: Any = resolve(assignor)
    homes = [f"{each.__module__}." for each in type(found).__mro__]
    if any(home.startswith(_AIOKAFKA) for home in homes):
        return AiokafkaAssignor(found)
    if any(home.startswith(_KAFKA_PYTHON) for home in homes):
        return KafkaPythonAssignor(found)
    return found  # type: ignore[no-any-return]


class ForeignAssignor:
    """What the two have in common. `foreign`: an object of the client's assignor class."""

    client = "?"

    def __init__(self, foreign: Any) -> None:
        self.foreign = foreign
        self.name: str = foreign.name
        self.promises = _documented(type(foreign))
        self.protocols: tuple[RebalanceProtocol, ...] = (RebalanceProtocol.EAGER,)

    def __repr__(self) -> str:
        return f"<{self.client}'s {type(self.foreign).__name__}>"

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> dict[str, list[tuple[str, int]]]:
        """Its plan, partitions as often and as many as it lists them."""
        data = {member: self._bytes(each) for member, each in members.items()}
        instances = {member: each.group_instance_id for member, each in members.items()}
        plan: dict[str, list[tuple[str, int]]] = {}
        for member, assignment in self._assign(cluster, data, instances).items():
            plan[member] = [(t, p) for t, ids in _listed(assignment) for p in ids]
        return plan

    def user_data(self, topics: Sequence[str], owned: PartitionSet, generation_id: int) -> bytes:
        """What its client sends with the subscription of such a member."""
        sent = self._own_bytes(
            Subscription(topics=topics, owned=owned, generation_id=generation_id)
        )
        return decode_subscription(sent).user_data or b""

    def _bytes(self, member: Subscription) -> bytes:
        return encode_subscription(member) if member.user_data else self._own_bytes(member)

    def _own_bytes(self, member: Subscription) -> bytes:
        raise NotImplementedError

    def _assign(
        self, cluster: ClusterMetadata, data: Mapping[str, bytes], instances: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        raise NotImplementedError


class AiokafkaAssignor(ForeignAssignor):
    """One of `aiokafka.coordinator.assignors`: its group protocol is eager, subscription v0."""

    client = "aiokafka"

    def _own_bytes(self, member: Subscription) -> bytes:
        mine = self._own_state()
        if member.owned:
            mine.on_assignment(_aiokafka_protocol().ASSIGNMENT.decode(_assigned(member.owned)))
        encoded: bytes = mine.metadata(list(member.topics)).encode()
        return encoded

    def _assign(
        self, cluster: ClusterMetadata, data: Mapping[str, bytes], instances: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        metadata = _aiokafka_protocol().METADATA
        members = {member: metadata.decode(each) for member, each in data.items()}
        plan: Mapping[str, Any] = self._own_state().assign(_aiokafka_cluster(cluster), members)
        return plan

    def _own_state(self) -> Any:
        """A class made for one use, of a member that has held nothing yet.

        aiokafka keeps what a member holds on the class, so that a consumer that lives (or lived)
        in this process would tell its own partitions for a member that has none.
        """
        base = type(self.foreign)
        held = {each: _AIOKAFKA_JOINS[each] for each in _AIOKAFKA_JOINS if hasattr(base, each)}
        return type(base.__name__, (base,), held)


class KafkaPythonAssignor(ForeignAssignor):
    """One of `kafka.coordinator.assignors`, eager or cooperative."""

    client = "kafka-python"

    def __init__(self, foreign: Any) -> None:
        super().__init__(foreign)
        supported = foreign.supported_protocols()
        self.protocols = tuple(RebalanceProtocol(int(each)) for each in supported)

    def _own_bytes(self, member: Subscription) -> bytes:
        from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment

        mine = type(self.foreign)()
        if member.owned:
            held = ConsumerProtocolAssignment.decode(_assigned(member.owned))
            mine.on_assignment(held, member.generation_id)
        encoded: bytes = mine.metadata(list(member.topics)).encode()
        return encoded

    def _assign(
        self, cluster: ClusterMetadata, data: Mapping[str, bytes], instances: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        from kafka.protocol.consumer import JoinGroupResponse
        from kafka.protocol.consumer.metadata import ConsumerProtocolSubscription

        members = [
            JoinGroupResponse.JoinGroupResponseMember(
                member_id=member,
                group_instance_id=instances[member],
                metadata=ConsumerProtocolSubscription.decode(each),
            )
            for member, each in data.items()
        ]
        mine = type(self.foreign)()
        plan: Mapping[str, Any] = mine.assign(_kafka_python_cluster(cluster), members)
        return plan


def _documented(foreign: type) -> frozenset[Promise]:
    for each in foreign.__mro__:
        if each.__name__ in _DOCUMENTED and f"{each.__module__}.".startswith(
            (_AIOKAFKA, _KAFKA_PYTHON)
        ):
            return _DOCUMENTED[each.__name__]
    return DEFAULT_PROMISES


def _assigned(partitions: PartitionSet) -> bytes:
    return encode_assignment(partitions, user_data=b"", version=0)


def _listed(assignment: Any) -> list[tuple[str, list[int]]]:
    """Of what `assign` returned for a member, as the wire would carry it; doubles stay doubles."""
    if isinstance(assignment, bytes):
        columns = decode_assignment(assignment).partitions.by_topic
        return [(topic, ids.tolist()) for topic, ids in columns.items()]
    try:
        return [(topic, list(ids)) for topic, ids in assignment.assignment]
    except (AttributeError, TypeError, ValueError) as error:
        raise AssignorInterfaceError(
            f"it assigned {assignment!r}: return an assignment of the client's own kind"
        ) from error


# --- the clients' own classes --------------------------------------------------------------------


def _aiokafka_protocol() -> Any:
    from aiokafka.coordinator.protocol import ConsumerProtocol

    return ConsumerProtocol


def _aiokafka_cluster(cluster: ClusterMetadata) -> Any:
    from aiokafka.cluster import ClusterMetadata as AiokafkaCluster
    from aiokafka.protocol.metadata import MetadataResponse_v1

    nodes = _nodes(cluster)
    topics = [
        (0, topic, False, [(0, p, 0, replicas, replicas) for p, replicas in enumerate(each)])
        for topic, each in _replicas(cluster, nodes).items()
    ]
    brokers = [(node, "localhost", 9092, rack) for rack, node in nodes.items()]
    made = AiokafkaCluster()
    made.update_metadata(MetadataResponse_v1(brokers, 0, topics))
    return made


def _kafka_python_cluster(cluster: ClusterMetadata) -> Any:
    from kafka.cluster import ClusterMetadata as KafkaPythonCluster
    from kafka.protocol.metadata import MetadataResponse

    topic_class = MetadataResponse.MetadataResponseTopic
    partition_class = topic_class.MetadataResponsePartition
    nodes = _nodes(cluster)
    topics = [
        topic_class(
            error_code=0,
            name=topic,
            is_internal=False,
            partitions=[
                partition_class(
                    error_code=0,
                    partition_index=partition,
                    leader_id=0,
                    replica_nodes=replicas,
                    isr_nodes=replicas,
                )
                for partition, replicas in enumerate(each)
            ],
        )
        for topic, each in _replicas(cluster, nodes).items()
    ]
    brokers = [
        MetadataResponse.MetadataResponseBroker(node, "localhost", 9092, rack)
        for rack, node in nodes.items()
    ]
    response = MetadataResponse(version=1, brokers=brokers, controller_id=0, topics=topics)
    made = KafkaPythonCluster()
    # Through the wire: what is made by hand is not yet of a version, and cannot be read.
    made.update_metadata(MetadataResponse.decode(response.encode(version=1), version=1))
    return made


def _nodes(cluster: ClusterMetadata) -> dict[str | None, int]:
    """A broker for each rack, and one without, which leads all partitions."""
    racks = {rack for each in cluster.racks.values() for replicas in each for rack in replicas}
    return {None: 0, **{rack: node for node, rack in enumerate(sorted(racks), 1)}}


def _replicas(
    cluster: ClusterMetadata, nodes: Mapping[str | None, int]
) -> dict[str, list[list[int]]]:
    """Topic -> the brokers of each partition."""
    found: dict[str, list[list[int]]] = {}
    for topic, count in cluster.partitions.items():
        racks = cluster.racks.get(topic, (frozenset(),) * count)
        found[topic] = [[nodes[rack] for rack in sorted(each)] or [0] for each in racks]
    return found
