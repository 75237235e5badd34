"""Metadata: key 3, versions 0 to 13.

No topics asked for means all of them: an empty list in version 0, null from 1 on. A topic that
does not exist is created, but this answer still says that it is unknown, as Kafka's does, which
creates it a little later: a client must ask twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from rebalance.broker.call import Call
from rebalance.broker.nodes.leadership import Leadership
from rebalance.broker.state import BrokerState
from rebalance.broker.topics.topics import INTERNAL_TOPICS, Topic, TopicError, name_problem
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 3, 0, 13

TOPIC_OPERATIONS = 0b1101_1111_1000
"""Read, write, create, delete, alter, describe, describe and alter configs: nothing is guarded."""

CLUSTER_OPERATIONS = 0b1_1111_1010_0000
"""Create, alter, describe, cluster action, configs, idempotent write."""

OMITTED = -(2**31)

_FIRST_WITH_TOPIC_IDS = 12


async def handle(state: BrokerState, call: Call) -> Message:
    """Describe the nodes that run, and the topics."""
    body = call.body
    if _misuses_ids(call):
        refused = [
            _missing(ErrorCode.INVALID_REQUEST, OMITTED, **entry) for entry in body["topics"]
        ]
        return {"topics": refused}
    return {
        "brokers": [
            {"node_id": found.node_id, "host": found.host, "port": found.port}
            for found in state.endpoints(call)
        ],
        "cluster_id": state.cluster_id,
        "controller_id": state.leadership.controller_id,
        "topics": _topics(state, call),
        "cluster_authorized_operations": CLUSTER_OPERATIONS
        if body.get("include_cluster_authorized_operations")
        else OMITTED,
    }


def _misuses_ids(call: Call) -> bool:
    """Versions 10 and 11 have the field for a topic's id and must not use it."""
    return call.version < _FIRST_WITH_TOPIC_IDS and any(
        entry["name"] is None or entry.get("topic_id") is not None
        for entry in call.body["topics"] or ()
    )


def _topics(state: BrokerState, call: Call) -> list[Message]:
    wanted = call.body["topics"]
    operations = (
        TOPIC_OPERATIONS if call.body.get("include_topic_authorized_operations") else OMITTED
    )
    if wanted is None or (call.version == 0 and not wanted):
        return [_found(state, topic, operations) for topic in state.topics]
    # Kafka answers a topic once, however often it is named.
    asked = dict.fromkeys(_meant(wanted))
    may_create = bool(call.body.get("allow_auto_topic_creation", True))
    unknown_ids: list[Message] = []
    found: list[Message] = []
    absent: list[Message] = []
    for name, topic_id in asked:
        topic = state.topics.by_id(topic_id) if name is None else state.topics.get(name)
        if topic is not None:
            found.append(_found(state, topic, operations))
        elif name is None:
            unknown_ids.append(_missing(ErrorCode.UNKNOWN_TOPIC_ID, OMITTED, topic_id=topic_id))
        else:
            absent.append(_by_name(state, name, operations, may_create=may_create))
    return [*unknown_ids, *found, *absent]


def _meant(wanted: list[Message]) -> Iterator[tuple[str | None, uuid.UUID | None]]:
    """Each topic by its id if any has one, and then those without are left out; else by name."""
    by_id = any(entry.get("topic_id") is not None for entry in wanted)
    for entry in wanted:
        if not by_id:
            yield entry["name"], None
        elif entry["topic_id"] is not None:
            yield None, entry["topic_id"]


def _by_name(state: BrokerState, name: str, operations: int, *, may_create: bool) -> Message:
    """A name that is not there: have it created, and say what it is now."""
    code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if name_problem(name) is not None:
        code = ErrorCode.INVALID_TOPIC_EXCEPTION
    elif may_create:
        try:
            state.topics.auto_create(name)
        except TopicError as error:
            code = error.code
    return _missing(code, operations, name=name, is_internal=name in INTERNAL_TOPICS)


def _missing(code: ErrorCode, operations: int, **key: object) -> Message:
    """Of a name Kafka tells what may be done even where there is no topic."""
    return {
        "error_code": code,
        "partitions": [],
        "topic_authorized_operations": operations,
        **key,
    }


def _found(state: BrokerState, topic: Topic, operations: int) -> Message:
    return {
        "error_code": ErrorCode.NONE,
        "name": topic.name,
        "topic_id": topic.topic_id,
        "is_internal": topic.is_internal,
        "partitions": [
            described_partition(state.leadership, topic, partition)
            for partition in range(topic.num_partitions)
        ],
        "topic_authorized_operations": operations,
    }


def described_partition(leadership: Leadership, topic: Topic, partition: int) -> Message:
    """A partition with its leader and replicas."""
    leader = leadership.leader(topic, partition)
    replicas = leadership.replicas(topic, partition)
    return {
        "error_code": ErrorCode.NONE,
        "partition_index": partition,
        "leader_id": leader.node_id,
        "leader_epoch": leader.epoch,
        "replica_nodes": replicas,
        "isr_nodes": leadership.in_sync(replicas),
        "offline_replicas": leadership.offline(replicas),
    }
