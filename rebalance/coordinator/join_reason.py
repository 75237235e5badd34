"""Why a member rejoined, read out of what it sent: for traces, never for a rule.

Rule kept: what the bytes do not say is not guessed: without a better reason it is "leader rejoined"
or "member rejoined", which is what the coordinator saw. Of a client's words (KIP-800) only whole
phrases count that it is known to send; an application may say anything in its own. librdkafka
(JoinGroup up to v5, LeaveGroup up to v1) and aiokafka send none, kafka-python sends only the
application's.
"""

from assignors.codec import CodecError, decode_subscription
from assignors.model import Subscription
from rebalance.coordinator.classic_group import ClassicMemberState
from rebalance.protocol.causes import Cause
from rebalance.protocol.requests import JoinGroupRequest, protocol_names

_POLL_INTERVAL_EXCEEDED = frozenset(
    {
        "consumer poll timeout has expired.",  # Java: AbstractCoordinator.handlePollTimeoutExpiry
        "max.poll.interval.ms exceeded",  # ours: rebalance.member.reasons.POLL_TIMEOUT
    }
)
_METADATA_CHANGED = frozenset(
    {
        "cached metadata has changed",  # Java: ConsumerCoordinator.rejoinNeededOrPending
        # franz-go: groupConsumer.findNewAssignments, both
        "rejoining because we are the leader and noticed some topics have new partitions",
        "leader detected that partitions on topics another member is consuming have changed, "
        "rejoining to trigger rebalance",
        # ours: rebalance.member.reasons.METADATA_CHANGED
        "metadata changed: topics have other partitions than were assigned",
    }
)


def words(reason: str | None) -> str:
    """The client's reason (KIP-800), or Kafka's words for none."""
    return reason or "not provided"


def leave_cause(reason: str | None) -> Cause:
    """Java and our own member say so when the poll interval made them leave."""
    return Cause.POLL_INTERVAL_EXCEEDED if reason in _POLL_INTERVAL_EXCEEDED else Cause.MEMBER_LEFT


def rejoin_cause(
    member: ClassicMemberState, request: JoinGroupRequest, protocol_name: str, *, leads: bool
) -> Cause:
    """Compare what the member offered before with what it offers now."""
    if request.reason in _METADATA_CHANGED:
        return Cause.METADATA_CHANGED
    cause = _difference(
        member.metadata(protocol_name),
        next((p.metadata for p in request.protocols if p.name == protocol_name), b""),
    )
    if cause is not None:
        return cause
    if protocol_names(member.protocols) != protocol_names(request.protocols):
        return Cause.SUBSCRIPTION_CHANGED
    return Cause.LEADER_REJOINED if leads else Cause.MEMBER_REJOINED


def _difference(before: bytes, after: bytes) -> Cause | None:
    """What two subscriptions of a member differ in, if both can be read."""
    if before == after:
        return None
    old, new = _subscription(before), _subscription(after)
    if old is None or new is None:
        return None
    if set(old.topics) != set(new.topics):
        return Cause.SUBSCRIPTION_CHANGED
    # To own more than before is what the last assignment did; it asks for nothing.
    return None if old.owned <= new.owned else Cause.OWNERSHIP_CHANGED


def _subscription(metadata: bytes) -> Subscription | None:
    """None for another protocol type's bytes, or rubbish: the coordinator never minds."""
    try:
        return decode_subscription(metadata)
    except CodecError:
        return None
