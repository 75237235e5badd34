"""OffsetForLeaderEpoch: key 23, versions 2 to 4.

Where a leader epoch ended, so that a consumer can notice that its log was cut (KIP-320). No log is
ever cut here; the answers say so.
Source: `LeaderEpochFileCache.endOffsetFor`.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.nodes.leader_checks import leader_error
from rebalance.broker.state import BrokerState
from rebalance.broker.topics.topics import Topic
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 23, 2, 4

_NO_EPOCH, _NO_OFFSET = -1, -1


async def handle(state: BrokerState, call: Call) -> Message:
    """Answer for each partition."""
    return {
        "topics": [
            {
                "topic": entry["topic"],
                "partitions": [
                    _answer(state, state.topics.get(entry["topic"]), part)
                    for part in entry["partitions"]
                ],
            }
            for entry in call.body["topics"]
        ]
    }


def _answer(state: BrokerState, topic: Topic | None, part: Message) -> Message:
    log = None if topic is None else topic.log(part["partition"])
    epoch, end = _NO_EPOCH, _NO_OFFSET
    if topic is None or log is None:
        code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    else:
        code = leader_error(state, topic, part["partition"], part["current_leader_epoch"])
        if code is ErrorCode.NONE:
            epoch, end = log.epochs.end_of(part["leader_epoch"], log.start_offset, log.end_offset)
    return {
        "error_code": code,
        "partition": part["partition"],
        "leader_epoch": epoch,
        "end_offset": end,
    }
