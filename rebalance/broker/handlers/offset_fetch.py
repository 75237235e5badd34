"""OffsetFetch: key 9, versions 1 to 10. What was committed is the coordinator's to know (O04).

Versions 8 and newer ask for several groups at once, and the coordinator is asked for each; version
10 names topics by their ids. Version 1 has no error of its own, so the group's goes to every
partition.
"""

from __future__ import annotations

import uuid
from itertools import groupby

from assignors.model import TopicPartition
from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import OffsetFetchRequest
from rebalance.protocol.responses import FetchedOffset, OffsetFetchResponse

KEY, OLDEST, NEWEST = 9, 1, 10

_FIRST_WITH_GROUPS = 8
_FIRST_WITH_TOPIC_IDS = 10


async def handle(state: BrokerState, call: Call) -> Message:
    """Ask the coordinator for each group."""
    if call.version >= _FIRST_WITH_GROUPS:
        return {"groups": [await _group(state, call, group) for group in call.body["groups"]]}
    return await _group(state, call, call.body)


async def _group(state: BrokerState, call: Call, group: Message) -> Message:
    by_id = call.version >= _FIRST_WITH_TOPIC_IDS
    asked = group["topics"]
    # With ids a topic may be unknown; it is answered here.
    names = None if asked is None else [_name(state, entry, by_id=by_id) for entry in asked]
    partitions = None
    if asked is not None and names is not None:
        partitions = tuple(
            TopicPartition(name, index)
            for name, entry in zip(names, asked, strict=True)
            if name is not None
            for index in entry["partition_indexes"]
        )
    response = await state.groups.ask(
        OffsetFetchRequest(
            group_id=group["group_id"],
            partitions=partitions,
            member_id=group.get("member_id"),
            member_epoch=group.get("member_epoch", -1),
            require_stable=call.body.get("require_stable", False),
        )
    )
    assert isinstance(response, OffsetFetchResponse)
    answer: Message = {"group_id": group["group_id"], "error_code": response.error}
    if asked is None or names is None:
        answer["topics"] = _all_topics(state, response)
    elif response.error is not ErrorCode.NONE and call.version > 1:
        answer["topics"] = []
    else:
        found = {(o.partition.topic, o.partition.partition): o for o in response.offsets}
        # Kafka's coordinator is asked for what is known, and the rest comes after its answer.
        in_order = sorted(zip(names, asked, strict=True), key=lambda each: each[0] is None)
        answer["topics"] = [_topic(entry, name, found, response.error) for name, entry in in_order]
    return answer


def _name(state: BrokerState, entry: Message, *, by_id: bool) -> str | None:
    if not by_id:
        return str(entry["name"])
    topic = state.topics.by_id(entry["topic_id"])
    return None if topic is None else topic.name


def _topic(
    entry: Message,
    name: str | None,
    found: dict[tuple[str, int], FetchedOffset],
    group_error: ErrorCode,
) -> Message:
    partitions = []
    for index in entry["partition_indexes"]:
        offset = None if name is None else found.get((name, index))
        if offset is not None:
            partitions.append(_partition(offset))
            continue
        partitions.append(
            {
                "partition_index": index,
                "committed_offset": -1,
                "metadata": "",
                "error_code": ErrorCode.UNKNOWN_TOPIC_ID if name is None else group_error,
            }
        )
    return {"name": name, "topic_id": entry.get("topic_id"), "partitions": partitions}


def _all_topics(state: BrokerState, response: OffsetFetchResponse) -> list[Message]:
    topics = []
    by_topic = sorted(response.offsets, key=lambda offset: offset.partition)
    for name, offsets in groupby(by_topic, key=lambda offset: offset.partition.topic):
        topics.append(
            {
                "name": name,
                "topic_id": _topic_id(state, name),
                "partitions": [_partition(offset) for offset in offsets],
            }
        )
    return topics


def _topic_id(state: BrokerState, name: str) -> uuid.UUID | None:
    topic = state.topics.get(name)
    return None if topic is None else topic.topic_id


def _partition(offset: FetchedOffset) -> Message:
    return {
        "partition_index": offset.partition.partition,
        "committed_offset": offset.offset,
        "committed_leader_epoch": offset.leader_epoch,
        "metadata": offset.metadata,
        "error_code": offset.error,
    }
