"""OffsetCommit: key 8, versions 2 to 10. Who may commit is the coordinator's to say (O01, O02).

A partition that does not exist is refused here and never reaches it (O03); a request without any
that exists is answered without asking it at all (O09). Version 10 names topics by their ids.
"""

from __future__ import annotations

from assignors.model import TopicPartition
from rebalance.broker.codec import Message
from rebalance.broker.state import BrokerState, Call
from rebalance.broker.topics import Topic
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import OffsetCommitRequest, OffsetToCommit
from rebalance.protocol.responses import OffsetCommitResponse

KEY, OLDEST, NEWEST = 8, 2, 10

_FIRST_WITH_TOPIC_IDS = 10


async def handle(state: BrokerState, call: Call) -> Message:
    """Ask the coordinator about what exists."""
    found = [(entry, _topic(state, call, entry)) for entry in call.body["topics"]]
    offsets = tuple(
        _offset(topic, part)
        for entry, topic in found
        if topic is not None
        for part in entry["partitions"]
        if _exists(topic, part)
    )
    errors = await _ask(state, call, offsets) if offsets else {}
    missing = (
        ErrorCode.UNKNOWN_TOPIC_ID
        if call.version >= _FIRST_WITH_TOPIC_IDS
        else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    )
    return {
        "topics": [
            {
                "name": entry.get("name"),
                "topic_id": entry.get("topic_id"),
                "partitions": [
                    {
                        "partition_index": part["partition_index"],
                        "error_code": missing
                        if topic is None
                        else errors.get(
                            (topic.name, part["partition_index"]),
                            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                        ),
                    }
                    for part in entry["partitions"]
                ],
            }
            for entry, topic in found
            if entry["partitions"]
        ]
    }


def _topic(state: BrokerState, call: Call, entry: Message) -> Topic | None:
    if call.version >= _FIRST_WITH_TOPIC_IDS:
        return state.topics.by_id(entry["topic_id"])
    return state.topics.get(entry["name"])


def _exists(topic: Topic, part: Message) -> bool:
    index: int = part["partition_index"]
    return 0 <= index < topic.num_partitions


def _offset(topic: Topic, part: Message) -> OffsetToCommit:
    return OffsetToCommit(
        partition=TopicPartition(topic.name, part["partition_index"]),
        offset=part["committed_offset"],
        leader_epoch=part.get("committed_leader_epoch", -1),
        metadata=part["committed_metadata"],
        topic_id=topic.topic_id.bytes,
    )


async def _ask(
    state: BrokerState, call: Call, offsets: tuple[OffsetToCommit, ...]
) -> dict[tuple[str, int], ErrorCode]:
    body = call.body
    response = await state.groups.ask(
        OffsetCommitRequest(
            group_id=body["group_id"],
            generation_id=body["generation_id_or_member_epoch"],
            member_id=body["member_id"],
            group_instance_id=body.get("group_instance_id"),
            offsets=offsets,
            retention_time_ms=body.get("retention_time", -1),
            version=call.version,
        )
    )
    assert isinstance(response, OffsetCommitResponse)
    return {(p.partition.topic, p.partition.partition): p.error for p in response.partitions}
