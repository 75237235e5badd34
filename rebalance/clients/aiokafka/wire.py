"""What aiokafka knows, in our values: the members of a JoinGroup response, and the cluster.

aiokafka writes and understands subscription version 0 only, but takes and hands on bytes as they
are. The rule kept here: nothing that a member sent is taken from what aiokafka decoded, unless the
bytes cannot be read (rebalance/clients/wire.py).
"""

from collections.abc import Iterable
from typing import Any

from assignors.model import ClusterMetadata
from rebalance.clients import wire
from rebalance.clients.aiokafka.private import CLUSTER, require
from rebalance.clients.wire import RawMembers


def raw_members(response: Any) -> RawMembers:
    """The members of a JoinGroup response; below version 5 it has no instance ids."""
    found: dict[str, tuple[str | None, bytes]] = {}
    for member in response.members:
        if response.API_VERSION >= 5:
            member_id, instance_id, metadata = member
        else:
            member_id, metadata = member
            instance_id = None
        found[member_id] = (instance_id, metadata)
    return found


def cluster_metadata(cluster: Any, topics: Iterable[str]) -> ClusterMetadata:
    """What aiokafka knows of these topics; one without metadata is left out, so nobody gets it.

    (aiokafka's leader watches all topics of the group and rejoins when one appears.)
    """
    require(cluster, CLUSTER)
    known = {topic: cluster.partitions_for_topic(topic) for topic in sorted(set(topics))}

    def replicas(topic: str, partition: int) -> Iterable[int]:
        metadata = cluster._partitions[topic].get(partition)
        return metadata.replicas if metadata is not None else ()

    return wire.cluster_metadata(
        {topic: len(ids) for topic, ids in known.items() if ids is not None},
        replicas,
        {node.nodeId: node.rack for node in cluster.brokers() if node.rack is not None},
    )
