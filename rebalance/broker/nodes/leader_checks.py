"""Whether a node may answer for a partition, and where a client is sent that came to the wrong one.

Rule kept: a request that names another epoch than the leader's is told so first (KIP-320), then
comes whether this node leads. Newer versions of Fetch and Produce name the leader and its address
beside NOT_LEADER_OR_FOLLOWER, so that the client need not ask for metadata (KIP-951).
Source: `Partition.checkCurrentLeaderEpoch`, `KafkaApis.getCurrentLeader`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebalance.protocol.errors import ErrorCode

if TYPE_CHECKING:
    from rebalance.broker.call import Call
    from rebalance.broker.state import BrokerState
    from rebalance.broker.topics.topic import Topic
    from rebalance.broker.wire.codec import Message

__all__ = ["NO_EPOCH", "CurrentLeaders", "leader_error"]

NO_EPOCH = -1
"""The client does not know which epoch the leader is in."""


def leader_error(
    state: BrokerState, topic: Topic, partition: int, claimed_epoch: int = NO_EPOCH
) -> ErrorCode:
    """NONE where this node leads the partition, in the epoch that the client claims."""
    leader = state.leadership.leader(topic, partition)
    if claimed_epoch not in (NO_EPOCH, leader.epoch):
        older = claimed_epoch < leader.epoch
        return ErrorCode.FENCED_LEADER_EPOCH if older else ErrorCode.UNKNOWN_LEADER_EPOCH
    if leader.node_id != state.node_id:
        return ErrorCode.NOT_LEADER_OR_FOLLOWER
    return ErrorCode.NONE


class CurrentLeaders:
    """The leaders that one response names, each with its address once."""

    __slots__ = ("_call", "_named", "_state")

    def __init__(self, state: BrokerState, call: Call) -> None:
        self._state, self._call = state, call
        self._named: dict[int, Message] = {}

    def of(self, code: ErrorCode, topic: Topic | None, partition: int) -> Message:
        """The field of a partition's answer that names its leader, if the error calls for it."""
        if code is not ErrorCode.NOT_LEADER_OR_FOLLOWER or topic is None:
            return {}
        leader = self._state.leadership.leader(topic, partition)
        if self._state.leadership.is_running(leader.node_id):
            found = self._state.endpoint(leader.node_id, self._call)
            self._named[found.node_id] = {
                "node_id": found.node_id,
                "host": found.host,
                "port": found.port,
                "rack": None,
            }
        return {"current_leader": {"leader_id": leader.node_id, "leader_epoch": leader.epoch}}

    @property
    def endpoints(self) -> list[Message]:
        """The addresses of all that were named."""
        return list(self._named.values())
