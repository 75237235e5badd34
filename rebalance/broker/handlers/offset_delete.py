"""OffsetDelete: key 47, version 0. The rules are the coordinator's (A04).

A partition that does not exist is answered here and never reaches the coordinator, unlike the
request: an error of the group stands alone, whatever the partitions are.
"""

from __future__ import annotations

from collections.abc import Mapping

from assignors.model import TopicPartition
from rebalance.broker.call import Call
from rebalance.broker.groups.partition_answers import TopicAnswer, merged
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import OffsetDeleteRequest
from rebalance.protocol.responses import OffsetDeleteResponse

KEY, OLDEST, NEWEST = 47, 0, 0


async def handle(state: BrokerState, call: Call) -> Message:
    """Ask the coordinator about what exists."""
    asked = [
        TopicPartition(entry["name"], part["partition_index"])
        for entry in call.body["topics"]
        for part in entry["partitions"]
    ]
    response = await state.groups.ask(
        OffsetDeleteRequest(
            group_id=call.body["group_id"],
            partitions=tuple(partition for partition in asked if _exists(state, partition)),
        )
    )
    assert isinstance(response, OffsetDeleteResponse)
    if response.error is not ErrorCode.NONE:
        return {"error_code": response.error, "topics": []}
    errors = {answer.partition: answer.error for answer in response.partitions}
    return {
        "error_code": ErrorCode.NONE,
        "topics": merged([_answered(state, entry, errors) for entry in call.body["topics"]]),
    }


def _answered(
    state: BrokerState, entry: Message, errors: Mapping[TopicPartition, ErrorCode]
) -> TopicAnswer:
    name = entry["name"]
    partitions = (TopicPartition(name, part["partition_index"]) for part in entry["partitions"])
    answers = [
        (each.partition, errors.get(each, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
        for each in partitions
    ]
    return TopicAnswer.of({"name": name}, state.topics.get(name), answers)


def _exists(state: BrokerState, partition: TopicPartition) -> bool:
    topic = state.topics.get(partition.topic)
    return topic is not None and topic.has(partition.partition)
