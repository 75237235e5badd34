"""OffsetForLeaderEpoch: key 23, versions 2 to 4.

Where a leader epoch ended, so that a consumer can notice that its log was cut (KIP-320). This
broker has led every partition in one epoch, whose end is the end of the log; an epoch before it
ended where the log begins.
Source: `LeaderEpochFileCache.endOffsetFor`.
"""

from __future__ import annotations

from rebalance.broker.codec import Message
from rebalance.broker.log import LEADER_EPOCH, PartitionLog
from rebalance.broker.state import BrokerState, Call
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
                    _answer(state.topics.log(entry["topic"], part["partition"]), part)
                    for part in entry["partitions"]
                ],
            }
            for entry in call.body["topics"]
        ]
    }


def _answer(log: PartitionLog | None, part: Message) -> Message:
    current = part["current_leader_epoch"]
    code = ErrorCode.NONE
    epoch, end = _NO_EPOCH, _NO_OFFSET
    if log is None:
        code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    elif current not in (_NO_EPOCH, LEADER_EPOCH):
        older = current < LEADER_EPOCH
        code = ErrorCode.FENCED_LEADER_EPOCH if older else ErrorCode.UNKNOWN_LEADER_EPOCH
    else:
        epoch, end = _end_of(log, part["leader_epoch"])
    return {
        "error_code": code,
        "partition": part["partition"],
        "leader_epoch": epoch,
        "end_offset": end,
    }


def _end_of(log: PartitionLog, asked: int) -> tuple[int, int]:
    if asked == _NO_EPOCH or asked > LEADER_EPOCH:
        return _NO_EPOCH, _NO_OFFSET
    return asked, (log.end_offset if asked == LEADER_EPOCH else log.start_offset)
