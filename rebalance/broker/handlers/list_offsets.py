"""ListOffsets: key 2, versions 1 to 11.

Looks an offset up by time. Negative times are questions of their own: -1 the end, -2 the start,
-3 the largest timestamp, -4 the start of what is local, -5 and -6 what tiered storage holds, which
is nothing here. Each came with a version and is refused below it.
Source: `ListOffsetsRequest`; KIP-734, KIP-405, KIP-1005, KIP-1023.
"""

from __future__ import annotations

from collections import Counter

from rebalance.broker.call import Call
from rebalance.broker.logs.log import OffsetAndTimestamp, PartitionLog
from rebalance.broker.nodes.leader_checks import NO_EPOCH, leader_error
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 2, 1, 11

_LATEST, _EARLIEST, _MAX_TIMESTAMP, _EARLIEST_LOCAL = -1, -2, -3, -4
_LATEST_TIERED, _EARLIEST_PENDING_UPLOAD = -5, -6
_SINCE = {
    _LATEST: 1,
    _EARLIEST: 1,
    _MAX_TIMESTAMP: 7,
    _EARLIEST_LOCAL: 8,
    _LATEST_TIERED: 9,
    _EARLIEST_PENDING_UPLOAD: 11,
}


async def handle(state: BrokerState, call: Call) -> Message:
    """Answer each partition asked about, once."""
    times = Counter(
        (entry["name"], part["partition_index"])
        for entry in call.body["topics"]
        for part in entry["partitions"]
    )
    topics: dict[str, dict[int, Message]] = {}
    for entry in call.body["topics"]:
        answers = topics.setdefault(entry["name"], {})
        for part in entry["partitions"]:
            index = part["partition_index"]
            is_twice = times[entry["name"], index] > 1
            answers[index] = _answer(state, call, entry["name"], part, is_twice=is_twice)
    return {
        "topics": [
            {"name": name, "partitions": list(answers.values())}
            for name, answers in topics.items()
            if answers
        ]
    }


def _answer(
    state: BrokerState, call: Call, topic: str, part: Message, *, is_twice: bool
) -> Message:
    found_topic = state.topics.get(topic)
    log = None if found_topic is None else found_topic.log(part["partition_index"])
    epoch = part.get("current_leader_epoch", NO_EPOCH)
    timestamp = part["timestamp"]
    code = ErrorCode.NONE
    if is_twice:
        code = ErrorCode.INVALID_REQUEST
    elif timestamp < 0 and call.version < _SINCE.get(timestamp, call.version + 1):
        code = ErrorCode.UNSUPPORTED_VERSION
    elif found_topic is None or log is None:
        code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    else:
        code = leader_error(state, found_topic, part["partition_index"], epoch)
    found, leader_epoch = OffsetAndTimestamp(), NO_EPOCH
    if code is ErrorCode.NONE and log is not None:
        found = _search(log, timestamp)
        leader_epoch = log.epochs.at(found.offset) if found.offset >= 0 else NO_EPOCH
    return {
        "partition_index": part["partition_index"],
        "error_code": code,
        "timestamp": found.timestamp,
        "offset": found.offset,
        "leader_epoch": leader_epoch,
    }


def _search(log: PartitionLog, timestamp: int) -> OffsetAndTimestamp:
    if timestamp == _LATEST:
        return OffsetAndTimestamp(offset=log.end_offset)
    if timestamp in (_EARLIEST, _EARLIEST_LOCAL):
        return OffsetAndTimestamp(offset=log.start_offset)
    if timestamp == _MAX_TIMESTAMP:
        return log.max_timestamp()
    if timestamp in (_LATEST_TIERED, _EARLIEST_PENDING_UPLOAD):
        return OffsetAndTimestamp()
    return log.by_timestamp(timestamp)
