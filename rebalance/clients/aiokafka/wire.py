"""Between aiokafka's values and ours: what members sent, what the cluster is, what members get.

The rule kept here: what goes on the wire is what Kafka's own clients of the same name send.
aiokafka writes and understands subscription version 0 only, but takes and hands on bytes as they
are; so we write version 3 (generation, rack) and read whatever a foreign member sent. An eager
member has given up everything when it joins, so the owned partitions of KIP-429 stay empty, and
what it held travels in the user data: as the assignor wants it, or as Java's sticky sends it.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from assignors.claims import Claim, member_user_data, with_claim
from assignors.codec import (
    CodecError,
    decode_subscription,
    encode_assignment,
    encode_subscription,
)
from assignors.errors import AssignorError
from assignors.interface import (
    Assignor,
    RebalanceProtocol,
    assignor_protocols,
)
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from rebalance.clients.aiokafka.private import CLUSTER, require

RawMembers = Mapping[str, tuple[str | None, bytes]]
"""Member id -> group instance id and subscription bytes, from the JoinGroup response."""

_ASSIGNMENT_VERSION = 0  # versions 0-3 do not differ; every client reads 0
_log = logging.getLogger("rebalance.clients.aiokafka")


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


def subscription_bytes(
    assignor: Assignor, topics: Iterable[str], claim: Claim, rack_id: str | None
) -> bytes:
    """What a member sends with its JoinGroup. `claim`: what it held, in which generation.

    Raises AssignorFailedError if the assignor's `user_data` raises.
    """
    names = sorted(topics)
    # Other clients' sticky assignors stumble over claims on topics nobody subscribes to.
    wanted = set(names)
    held = PartitionSet({t: ids for t, ids in claim.partitions.by_topic.items() if t in wanted})
    user_data = member_user_data(assignor, names, held, claim.generation_id)
    return encode_subscription(
        Subscription(
            topics=names,
            generation_id=claim.generation_id,
            rack_id=rack_id,
            user_data=user_data,
        )
    )


def subscriptions(
    assignor: Assignor, raw: RawMembers, decoded: Mapping[str, Any]
) -> dict[str, Subscription]:
    """What all members sent, as an assignor wants it. `decoded` is what aiokafka made of it.

    Raises AssignorError if a member's bytes cannot be read and guessing would be unsafe.
    """
    return {
        member_id: with_claim(assignor, _subscription(assignor, member_id, *each, decoded))
        for member_id, each in raw.items()
    }


def _subscription(
    assignor: Assignor,
    member_id: str,
    instance_id: str | None,
    data: bytes,
    decoded: Mapping[str, Any],
) -> Subscription:
    try:
        return decode_subscription(data, group_instance_id=instance_id)
    except CodecError as error:
        if RebalanceProtocol.COOPERATIVE in assignor_protocols(assignor):
            raise AssignorError(
                f"what member {member_id!r} owns cannot be known ({error}), and under "
                f"{assignor.name!r} it may still be consuming: repair or remove that member"
            ) from error
        _log.warning(
            "member %r: only its topics are used, as aiokafka read them: %s", member_id, error
        )
        return Subscription(topics=decoded[member_id].subscription, group_instance_id=instance_id)


def cluster_metadata(cluster: Any, topics: Iterable[str]) -> ClusterMetadata:
    """What aiokafka knows of these topics; one without metadata is left out, so nobody gets it.

    (aiokafka's leader watches all topics of the group and rejoins when one appears.)
    """
    require(cluster, CLUSTER)
    known = {topic: cluster.partitions_for_topic(topic) for topic in sorted(set(topics))}
    counts = {topic: len(ids) for topic, ids in known.items() if ids is not None}
    racks = {node.nodeId: node.rack for node in cluster.brokers() if node.rack is not None}
    if not racks:
        return ClusterMetadata(counts)
    return ClusterMetadata(
        counts,
        {
            topic: [_replica_racks(cluster, topic, each, racks) for each in range(count)]
            for topic, count in counts.items()
        },
    )


def _replica_racks(
    cluster: Any, topic: str, partition: int, racks: Mapping[Any, str]
) -> frozenset[str]:
    metadata = cluster._partitions[topic].get(partition)
    replicas = metadata.replicas if metadata is not None else ()
    return frozenset(racks[node] for node in replicas if node in racks)


def assignment_bytes(plan: GroupAssignment) -> dict[str, bytes]:
    """What each member gets, every member of the plan present, as SyncGroup carries it."""
    return {
        member_id: encode_assignment(
            partitions, user_data=plan.user_data.get(member_id, b""), version=_ASSIGNMENT_VERSION
        )
        for member_id, partitions in plan.items()
    }
