"""Produce: key 0, versions 3 to 13.

One batch a partition, checked and appended; each partition has its own error. With acks=0 nothing
is answered, and an error closes the connection, because that is all that the producer can notice.
Nobody appends to an internal topic, for groups are rebuilt from what stands there (Kafka lets the
admin client do it).
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.errors import WireError
from rebalance.broker.logs.batches import BatchError, read_batch
from rebalance.broker.logs.log import PartitionLog
from rebalance.broker.nodes.leader_checks import CurrentLeaders, leader_error
from rebalance.broker.state import BrokerState
from rebalance.broker.topics.topics import Topic
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 0, 3, 13

_FIRST_WITH_TOPIC_IDS = 13
_FIRST_WITH_ZSTD = 7


async def handle(state: BrokerState, call: Call) -> Message | None:
    """Append what can be appended."""
    acks = call.body["acks"]
    leaders = CurrentLeaders(state, call)
    answers = []
    failed = False
    for entry in call.body["topic_data"]:
        partitions = [
            _partition(state, call, leaders, entry, data) if acks in (-1, 0, 1) else _bad_acks(data)
            for data in entry["partition_data"]
        ]
        failed = failed or any(p["error_code"] != ErrorCode.NONE for p in partitions)
        answers.append(
            {
                "name": entry.get("name"),
                "topic_id": entry.get("topic_id"),
                "partition_responses": partitions,
            }
        )
    if acks != 0:
        return {"responses": answers, "node_endpoints": leaders.endpoints}
    if failed:
        raise WireError("a produce request without acknowledgement failed")
    return None


def _partition(
    state: BrokerState, call: Call, leaders: CurrentLeaders, entry: Message, data: Message
) -> Message:
    if call.version >= _FIRST_WITH_TOPIC_IDS:
        topic = state.topics.by_id(entry["topic_id"])
        missing = ErrorCode.UNKNOWN_TOPIC_ID
    else:
        topic = state.topics.get(entry["name"])
        missing = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if topic is None:
        return _refused(data, missing, "This server does not host this topic.")
    log = topic.log(data["index"])
    if log is None:
        return _refused(
            data, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "The topic has no such partition."
        )
    try:
        return _append(state, call, topic, log, data)
    except BatchError as error:
        refused = _refused(data, error.code, str(error))
        if error.by_log:
            refused["log_start_offset"] = log.start_offset
        return refused | leaders.of(error.code, topic, data["index"])


def _append(
    state: BrokerState, call: Call, topic: Topic, log: PartitionLog, data: Message
) -> Message:
    if topic.is_internal:
        code, words = ErrorCode.INVALID_TOPIC_EXCEPTION, "Cannot append to internal topic"
        raise BatchError(code, f"{words} {topic.name}")
    code = leader_error(state, topic, data["index"])
    if code is not ErrorCode.NONE:
        raise BatchError(code, "This node does not lead the partition.")
    records = data["records"] or b""
    header = read_batch(
        records,
        max_bytes=state.topics.max_batch_bytes(topic),
        allow_zstd=call.version >= _FIRST_WITH_ZSTD,
    )
    if header.is_transactional:
        # The one code that clients take as final: transactions are of offsets alone here.
        code = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
        raise BatchError(code, "Records in a transaction are not served.")
    answer: Message = {"index": data["index"], "error_code": ErrorCode.NONE}
    known = log.producers.check(header)
    if known is None:
        answer["base_offset"] = state.topics.append(topic, log, records, header)
    else:
        answer["base_offset"] = known.base_offset
        answer["log_append_time"] = known.max_timestamp
    answer["log_start_offset"] = log.start_offset
    return answer


def _bad_acks(data: Message) -> Message:
    return _refused(data, ErrorCode.INVALID_REQUIRED_ACKS, "acks must be -1, 0 or 1.")


def _refused(data: Message, code: ErrorCode, message: str) -> Message:
    return {
        "index": data["index"],
        "error_code": code,
        "base_offset": -1,
        "log_start_offset": -1,
        "error_message": message,
    }
