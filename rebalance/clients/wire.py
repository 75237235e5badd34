"""Between a client's bytes and our values: what members sent, and what they get.

The rule kept here, for every client alike: what goes on the wire is what Kafka's own clients of the
same name send. An eager member has given up everything when it joins, so the owned partitions of
KIP-429 stay empty, and what it held travels in the user data: as the assignor wants it, or as
Java's sticky sends it. A cooperative member owns what it says.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from assignors.claims import Claim, member_user_data, with_claims
from assignors.codec import CodecError, encode_subscription
from assignors.errors import AssignorError
from assignors.interface import Assignor, RebalanceProtocol, assignor_protocols
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.wire import decode_subscriptions, encode_assignments

RawMembers = Mapping[str, tuple[str | None, bytes]]
"""Member id -> group instance id and subscription bytes, from the JoinGroup response."""

_ASSIGNMENT_VERSION = 0  # versions 0-3 do not differ; every client reads 0
_log = logging.getLogger("rebalance.clients")


def subscription_bytes(
    assignor: Assignor,
    topics: Iterable[str],
    claim: Claim,
    rack_id: str | None,
    *,
    protocol: RebalanceProtocol = RebalanceProtocol.EAGER,
) -> bytes:
    """What a member sends with its JoinGroup: version 3.

    `claim`: what it held and in which generation (eager), or what it owns and the last generation
    it was in (cooperative). Raises AssignorFailedError if the assignor's `user_data` raises.
    """
    names = sorted(topics)
    # Other clients' sticky assignors stumble over claims on topics nobody subscribes to.
    wanted = set(names)
    held = PartitionSet({t: ids for t, ids in claim.partitions.by_topic.items() if t in wanted})
    owns = claim.partitions if protocol is RebalanceProtocol.COOPERATIVE else PartitionSet()
    return encode_subscription(
        Subscription(
            topics=names,
            owned=owns,
            generation_id=claim.generation_id,
            rack_id=rack_id,
            user_data=member_user_data(assignor, names, held, claim.generation_id),
        )
    )


def subscriptions(
    assignor: Assignor, raw: RawMembers, topics_of: Callable[[str], Sequence[str]]
) -> Mapping[str, Subscription]:
    """What all members sent, as an assignor wants it.

    `topics_of` is what the client itself makes of a member whose bytes we cannot read. Raises
    AssignorError if there are such bytes and guessing would be unsafe.
    """

    def unreadable(member_id: str, error: CodecError) -> Subscription:
        if RebalanceProtocol.COOPERATIVE in assignor_protocols(assignor):
            raise AssignorError(
                f"what member {member_id!r} owns cannot be known ({error}), and under "
                f"{assignor.name!r} it may still be consuming: repair or remove that member"
            ) from error
        _log.warning(
            "member %r: only its topics are used, as the client read them: %s", member_id, error
        )
        return Subscription(topics=topics_of(member_id))

    sent = decode_subscriptions(
        {member_id: data for member_id, (_, data) in raw.items()},
        instance_ids={member_id: instance_id for member_id, (instance_id, _) in raw.items()},
        unreadable=unreadable,
    )
    return with_claims(assignor, sent)


def cluster_metadata(
    counts: Mapping[str, int],
    replicas: Callable[[str, int], Iterable[int]],
    rack_of: Mapping[int, str],
) -> ClusterMetadata:
    """Topics with their partitions and, if any broker has a rack, the racks of their replicas.

    `replicas`: node ids of one partition. `rack_of`: node id -> rack, nodes without one left out.
    """
    if not rack_of:
        return ClusterMetadata(counts)
    return ClusterMetadata(
        counts,
        {
            topic: [
                frozenset(rack_of[node] for node in replicas(topic, each) if node in rack_of)
                for each in range(count)
            ]
            for topic, count in counts.items()
        },
    )


def assignment_bytes(plan: GroupAssignment) -> dict[str, bytes]:
    """What each member gets, every member of the plan present, as SyncGroup carries it."""
    return encode_assignments(plan, user_data=b"", version=_ASSIGNMENT_VERSION)
