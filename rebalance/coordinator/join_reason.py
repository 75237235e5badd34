"""Why a member rejoined, read out of what it sent: for traces, never for a rule.

Rule kept: what the bytes do not say is not guessed; a leader without a better reason is
"leader rejoined".
"""

from assignors.codec import CodecError, decode_subscription
from assignors.model import Subscription
from rebalance.coordinator.classic_group import ClassicMemberState
from rebalance.protocol.causes import Cause
from rebalance.protocol.requests import JoinGroupRequest, protocol_names

_POLL_INTERVAL_WORDS = ("poll timeout", "max.poll.interval")
_METADATA_WORDS = ("metadata has changed", "metadata changed")


def words(request: JoinGroupRequest) -> str:
    """The client's reason (KIP-800), or Kafka's words for none."""
    return request.reason or "not provided"


def leave_cause(reason: str | None) -> Cause:
    """Java, librdkafka and our own member say so when the poll interval made them leave."""
    text = reason or ""
    if any(part in text for part in _POLL_INTERVAL_WORDS):
        return Cause.POLL_INTERVAL_EXCEEDED
    return Cause.MEMBER_LEFT


def rejoin_cause(
    member: ClassicMemberState, request: JoinGroupRequest, protocol_name: str, *, leads: bool
) -> Cause:
    """Compare what the member offered before with what it offers now."""
    if any(part in (request.reason or "") for part in _METADATA_WORDS):
        return Cause.METADATA_CHANGED
    before = _subscription(member.metadata(protocol_name))
    after = _subscription(
        next((p.metadata for p in request.protocols if p.name == protocol_name), b"")
    )
    if before is not None and after is not None:
        if set(before.topics) != set(after.topics):
            return Cause.SUBSCRIPTION_CHANGED
        if before.owned != after.owned:
            return Cause.OWNERSHIP_CHANGED
    if protocol_names(member.protocols) != protocol_names(request.protocols):
        return Cause.SUBSCRIPTION_CHANGED
    return Cause.LEADER_REJOINED if leads else Cause.UNKNOWN


def _subscription(metadata: bytes) -> Subscription | None:
    """None for another protocol type's bytes, or rubbish: the coordinator never minds."""
    try:
        return decode_subscription(metadata)
    except CodecError:
        return None
