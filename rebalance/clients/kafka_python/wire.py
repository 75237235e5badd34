"""What kafka-python knows, in our values: the members of a JoinGroup response, and the cluster.

The rule kept here: nothing that a member sent is taken from what kafka-python decoded, unless the
bytes cannot be read (rebalance/clients/wire.py).
"""

from collections.abc import Iterable
from typing import Any

from kafka.protocol.consumer.metadata import ConsumerProtocolSubscription

from assignors.codec import encode_subscription
from assignors.errors import AssignorError
from assignors.model import ClusterMetadata, Subscription
from rebalance.clients import wire
from rebalance.clients.wire import RawMembers


def raw_members(response: Any) -> RawMembers:
    """The members of a JoinGroup response; below version 5 it has no instance ids."""
    return {
        each.member_id: (each.group_instance_id, bytes(each.metadata)) for each in response.members
    }


def topics_of(raw: RawMembers, member_id: str) -> list[str]:
    """The topics of a member as kafka-python reads them. Raises AssignorError if it cannot."""
    try:
        return list(ConsumerProtocolSubscription.decode(raw[member_id][1]).topics)
    except Exception as error:  # whatever its decoder stumbles over
        raise AssignorError(
            f"what member {member_id!r} subscribes to cannot be read ({error!r}): "
            "repair or remove that member"
        ) from error


def plain_metadata(topics: Iterable[str]) -> bytes:
    """A subscription that kafka-python can decode, whatever the member itself had sent."""
    return encode_subscription(Subscription(topics=sorted(topics)), version=0)


def cluster_metadata(cluster: Any, topics: Iterable[str]) -> ClusterMetadata:
    """What kafka-python knows of these topics; one without metadata is left out.

    (kafka-python's leader watches all topics of the group and rejoins when one appears.)
    """
    known = {topic: cluster.partitions_for_topic(topic) for topic in sorted(set(topics))}

    def replicas(topic: str, partition: int) -> Iterable[int]:
        metadata = cluster._partitions[topic].get(partition)
        return metadata.replica_nodes if metadata is not None else ()

    return wire.cluster_metadata(
        {topic: len(ids) for topic, ids in known.items() if ids is not None},
        replicas,
        {node.node_id: node.rack for node in cluster.brokers() if node.rack},
    )
