"""DeleteRecords: key 21, versions 0 to 2.

Moves a partition's log start offset; -1 moves it to the end. What was deleted before stays so.
Groups stand on the records of an internal topic, and a compacted one keeps the last word of each
key: neither is cut.
Source: `ReplicaManager.deleteRecordsOnLocalLog`, `Partition.deleteRecordsOnLeader`.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 21, 0, 2

_TO_THE_END = -1
_NO_WATERMARK = -1


async def handle(state: BrokerState, call: Call) -> Message:
    """Delete in each partition, once: of one named twice the last word counts."""
    wanted: dict[str, dict[int, int]] = {}
    for entry in call.body["topics"]:
        for part in entry["partitions"]:
            wanted.setdefault(entry["name"], {})[part["partition_index"]] = part["offset"]
    return {
        "topics": [
            {
                "name": topic,
                "partitions": [
                    _delete(state, topic, index, offset) for index, offset in offsets.items()
                ],
            }
            for topic, offsets in wanted.items()
        ]
    }


def _delete(state: BrokerState, topic: str, partition: int, offset: int) -> Message:
    answer: Message = {"partition_index": partition, "low_watermark": _NO_WATERMARK}
    found = state.topics.get(topic)
    log = None if found is None else found.log(partition)
    if found is None or log is None:
        return {**answer, "error_code": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
    if found.is_internal:
        return {**answer, "error_code": ErrorCode.INVALID_TOPIC_EXCEPTION}
    if not state.leads(found, partition):
        return {**answer, "error_code": ErrorCode.NOT_LEADER_OR_FOLLOWER}
    if found.cleans_by("compact") and not found.cleans_by("delete"):
        return {**answer, "error_code": ErrorCode.POLICY_VIOLATION}
    upto = log.end_offset if offset == _TO_THE_END else offset
    if not 0 <= upto <= log.end_offset:
        return {**answer, "error_code": ErrorCode.OFFSET_OUT_OF_RANGE}
    state.topics.delete_records(found, log, upto)
    return {**answer, "error_code": ErrorCode.NONE, "low_watermark": log.start_offset}
