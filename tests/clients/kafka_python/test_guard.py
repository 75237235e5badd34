"""A slow assignor in a real kafka-python leader: the loop lives, the group gets a plan, it is said.

And what a trace says of a real consumer, held against what the consumer went through.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from assignors import RebalanceProtocol
from rebalance.clients.kafka_python import Guard, TraceListener, strategy
from rebalance.timeline.trace import AssignorReplaced, Header, Trace
from tests.clients.kafka_python.group import (
    Group,
    close,
    consumer_with,
    create_topics,
    wait_until,
)
from tests.clients.slow import Held, Looping
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]
SOON = Guard(limit_ms=50)
NEVER = Guard(limit_ms=600_000)


def test_the_loop_lives_while_an_assignor_is_at_work(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    held = Held()
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        try:
            member = group.join("A", [topic], strategy(held, guard=NEVER))
            assert held.called.wait(60)
            # What runs on its loop goes on: polls come back, and so does any other request.
            assert member.consumer.partitions_for_topic(topic) == {0, 1}
            assert member.consumer.end_offsets([]) == {}
            member.consumer._coordinator._net.run(_nothing)
        finally:
            held.let_go.set()
        group.settled({topic: 2})


async def _nothing() -> None:
    return None


def test_a_consumer_can_be_closed_meanwhile(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic, group_id = unique("topic"), unique("group")
    create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    looping = Looping()
    used = strategy(looping, guard=NEVER)
    consumer = used.bind(consumer_with(kafka_broker.bootstrap_servers, group_id, [topic], used))
    try:
        while not looping.calls:
            consumer.poll(timeout_ms=20)
        close(consumer)
    finally:
        looping.let_go = True


def test_who_is_late_is_replaced_and_the_trace_says_so(
    kafka_broker: KafkaBroker, unique: Unique, caplog: pytest.LogCaptureFixture
) -> None:
    topic, group_id = unique("topic"), unique("group")
    create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    held = Held(protocols=(RebalanceProtocol.COOPERATIVE,))
    used = strategy(held, guard=SOON)
    consumer = used.bind(consumer_with(kafka_broker.bootstrap_servers, group_id, [], used))
    trace = Trace(Header(source="test"))
    consumer.subscribe([topic], listener=TraceListener(trace, member="A", consumer=consumer))
    try:
        while len(consumer.assignment()) < 4:
            consumer.poll(timeout_ms=20)
        generation_id = consumer._coordinator._generation.generation_id
    finally:
        held.let_go.set()
        close(consumer)
    (told,) = [each for each in trace.events if isinstance(each, AssignorReplaced)]
    assert told == AssignorReplaced(
        t=told.t,
        group_id=group_id,
        member="A",
        assignor="held",
        replaced_by="cooperative-sticky",
        reason="it gave no answer within 50 ms",
        generation_id=generation_id,
    )
    warned = [each for each in caplog.records if each.name == "rebalance.clients"]
    assert [each.levelno for each in warned] == [logging.WARNING]


def test_an_endless_loop_costs_one_thread_and_no_rebalance(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    looping = Looping()
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        try:
            member = group.join("A", [topic], strategy(looping, guard=SOON))
            group.settled({topic: 4})
            first = member.generation_id
            member.rejoin()
            wait_until(lambda: member.generation_id > first and member.at_rest, "it joins again")
            group.settled({topic: 4})
            assert looping.calls == 1
            names = [each.name for each in threading.enumerate()]
            assert names.count("assignor-looping") == 1
        finally:
            looping.let_go = True


def test_one_that_fails_may_be_replaced_instead(kafka_broker: KafkaBroker, unique: Unique) -> None:
    class Forgetting:
        name = "forgetting"

        def assign(self, cluster: Any, members: Any) -> Any:
            return {}

    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        group.join("A", [topic], strategy(Forgetting(), guard=Guard(on_failure="fall back")))
        group.settled({topic: 4})


def test_partitions_that_appear_while_an_assignor_is_at_work_are_not_forgotten(
    kafka_broker: KafkaBroker, unique: Unique, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kafka.cluster import ClusterMetadata

    topic = unique("topic")
    create_topics(kafka_broker.bootstrap_servers, {topic: 3})
    hidden = {topic}
    partitions_for_topic = ClusterMetadata.partitions_for_topic

    def known(self: Any, name: str) -> Any:
        return {0} if name in hidden else partitions_for_topic(self, name)

    monkeypatch.setattr(ClusterMetadata, "partitions_for_topic", known)
    held = Held()
    with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        try:
            member = group.join("A", [topic], strategy(held, guard=NEVER))
            assert held.called.wait(60)
            hidden.clear()
            cluster = member.consumer._coordinator._cluster
            member.consumer._coordinator._net.run(cluster.request_update)
        finally:
            held.let_go.set()
        group.settled({topic: 3})
        assert held.calls == 2  # it joined again, for the plan was of older metadata
