"""CreateTopics: key 19, versions 2 to 7.

The checks and their codes are in topics.py; here is what concerns the request: a topic named twice
is refused both times, and from version 5 on the answer tells what was made.
"""

from __future__ import annotations

from collections import Counter

from rebalance.broker.call import Call
from rebalance.broker.configs.broker_configs import ConfigSource
from rebalance.broker.configs.topic_configs import TOPIC_KEYS
from rebalance.broker.state import BrokerState
from rebalance.broker.topics.topics import NewTopic, Topic, TopicError
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 19, 2, 7


async def handle(state: BrokerState, call: Call) -> Message:
    """Create each topic that can be created."""
    wanted = call.body["topics"]
    times = Counter(entry["name"] for entry in wanted)
    answers = []
    for name in times:
        entry = next(e for e in wanted if e["name"] == name)
        if times[name] > 1:
            answers.append(_refused(name, ErrorCode.INVALID_REQUEST, "Duplicate topic name."))
            continue
        try:
            topic = state.topics.create(_new_topic(entry), validate_only=call.body["validate_only"])
        except TopicError as error:
            answers.append(_refused(name, error.code, str(error)))
        else:
            answers.append(_created(state, topic))
    return {"topics": answers}


def _new_topic(entry: Message) -> NewTopic:
    assignments: dict[int, tuple[int, ...]] = {}
    for assigned in entry["assignments"]:
        partition = assigned["partition_index"]
        if partition in assignments:
            words = f"Found multiple manual partition assignments for partition {partition}"
            raise TopicError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, words)
        assignments[partition] = tuple(assigned["broker_ids"])
    return NewTopic(
        name=entry["name"],
        num_partitions=entry["num_partitions"],
        replication_factor=entry["replication_factor"],
        assignments=assignments,
        configs={config["name"]: config["value"] for config in entry["configs"]},
    )


def _refused(name: str, code: ErrorCode, message: str) -> Message:
    return {"name": name, "error_code": code, "error_message": message, "configs": []}


def _created(state: BrokerState, topic: Topic) -> Message:
    entries = state.configs.entries(TOPIC_KEYS, topic.configs, ConfigSource.TOPIC)
    return {
        "name": topic.name,
        "topic_id": topic.topic_id,
        "error_code": ErrorCode.NONE,
        "error_message": None,
        "num_partitions": topic.num_partitions,
        "replication_factor": len(state.leadership.node_ids),
        "configs": [
            {"name": entry.key.name, "value": entry.value, "config_source": entry.source}
            for entry in entries
        ],
    }
