"""DescribeTopicPartitions: key 75, version 0.

Metadata of topics in pages of partitions, sorted by name (KIP-966). A cursor says where the next
page begins; topics before it are left out, and one that is not asked about is a mistake.
Source: `DescribeTopicPartitionsRequestHandler`.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.handlers.metadata import OMITTED, TOPIC_OPERATIONS, described_partition
from rebalance.broker.state import BrokerState
from rebalance.broker.topics.topics import name_problem
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 75, 0, 0

MOST_PARTITIONS = 2000
"""`max.request.partition.size.limit`."""


async def handle(state: BrokerState, call: Call) -> Message:
    """Describe up to `response_partition_limit` partitions of the topics asked about, or of all."""
    asked = [entry["name"] for entry in call.body["topics"]]
    cursor = call.body["cursor"]
    names = sorted(set(asked) or {topic.name for topic in state.topics})
    first = 0
    if cursor is not None:
        if cursor["partition_index"] < 0 or (asked and cursor["topic_name"] not in names):
            return {"topics": [_refused(name) for name in asked], "next_cursor": None}
        names = [name for name in names if name >= cursor["topic_name"]]
        first = cursor["partition_index"] if names[:1] == [cursor["topic_name"]] else 0
    left = max(min(call.body["response_partition_limit"], MOST_PARTITIONS), 1)
    topics: list[Message] = []
    for name in names:
        if left == 0:
            return {"topics": topics, "next_cursor": {"topic_name": name, "partition_index": 0}}
        described = _topic(state, name, first, left)
        topics.append(described)
        left -= len(described["partitions"])
        end = first + len(described["partitions"])
        topic = state.topics.get(name)
        if topic is not None and end < topic.num_partitions:
            return {"topics": topics, "next_cursor": {"topic_name": name, "partition_index": end}}
        first = 0
    return {"topics": topics, "next_cursor": None}


def _topic(state: BrokerState, name: str, first: int, most: int) -> Message:
    topic = state.topics.get(name)
    if topic is None:
        bad = name_problem(name) is not None
        code = ErrorCode.INVALID_TOPIC_EXCEPTION if bad else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        return {
            "error_code": code,
            "name": name,
            "partitions": [],
            "topic_authorized_operations": TOPIC_OPERATIONS,
        }
    return {
        "error_code": ErrorCode.NONE,
        "name": name,
        "topic_id": topic.topic_id,
        "is_internal": topic.is_internal,
        "partitions": [
            {
                **described_partition(state.leadership, topic, partition),
                "eligible_leader_replicas": [],
                "last_known_elr": [],
            }
            for partition in range(first, min(first + most, topic.num_partitions))
        ],
        "topic_authorized_operations": TOPIC_OPERATIONS,
    }


def _refused(name: str) -> Message:
    return {
        "error_code": ErrorCode.INVALID_REQUEST,
        "name": name,
        "partitions": [],
        "topic_authorized_operations": OMITTED,
    }
