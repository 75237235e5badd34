"""Clients without an event loop, a broker in a thread: kafka-python and confluent-kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as Partition
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

from rebalance.broker import EmbeddedBroker
from rebalance.protocol.errors import ErrorCode
from rebalance.testing.embedded import EmbeddedBrokerThread
from tests.broker.faults.members import FAST
from tests.support.kafka_python import polled

TOPIC = "orders"

POLL_MS = 20


@pytest.fixture
def thread() -> Iterator[EmbeddedBrokerThread]:
    with EmbeddedBrokerThread(EmbeddedBroker(FAST, time="virtual")) as running:
        running.broker.create_topic(TOPIC, 2)
        yield running


@contextmanager
def kafka_python(thread: EmbeddedBrokerThread, **more: Any) -> Iterator[KafkaConsumer]:
    consumer = KafkaConsumer(
        TOPIC,
        bootstrap_servers=thread.bootstrap_servers,
        group_id="g",
        client_id="service",
        session_timeout_ms=45_000,
        heartbeat_interval_ms=50,
        retry_backoff_ms=10,
        enable_auto_commit=False,
        **more,
    )
    try:
        yield consumer
    finally:
        consumer.close(autocommit=False)


@contextmanager
def confluent(thread: EmbeddedBrokerThread, **more: Any) -> Iterator[Consumer]:
    consumer = Consumer(
        {
            "bootstrap.servers": thread.bootstrap_servers,
            "group.id": "g",
            "client.id": "service",
            "session.timeout.ms": 45_000,
            "heartbeat.interval.ms": 50,
            "enable.auto.commit": False,
            **more,
        }
    )
    consumer.subscribe([TOPIC])
    try:
        yield consumer
    finally:
        consumer.close()


def polled_until(poll: Callable[[], object], is_so: Callable[[], object]) -> None:
    while not is_so():
        poll()


def test_kafka_python_commits_again_when_the_answer_is_lost(thread: EmbeddedBrokerThread) -> None:
    broker = thread.broker
    with kafka_python(thread) as consumer:
        polled_until(lambda: polled(consumer, POLL_MS), consumer.assignment)
        commits = broker.watch(api="OffsetCommit")
        broker.drop("after", api="OffsetCommit", times=1)
        consumer.commit({TopicPartition(TOPIC, 0): OffsetAndMetadata(5, "", -1)})
        assert [(seen.was_cut, seen.errors) for seen in commits.requests] == [
            (True, None),
            (False, ()),
        ]
        assert consumer.committed(TopicPartition(TOPIC, 0)) == 5


@pytest.mark.parametrize(("new", "again_in"), [(kafka_python, 4), (confluent, 0)])
def test_a05_who_is_refused_an_api_versions_reads_why_and_asks_again_on_its_connection(
    thread: EmbeddedBrokerThread, new: Callable[..., Any], again_in: int
) -> None:
    """kafka-python goes by the range that it is told; librdkafka takes version 0 whatever it is."""
    broker = thread.broker
    asked = broker.watch(api="ApiVersions")
    broker.answer_with("UNSUPPORTED_VERSION", api="ApiVersions", times=1)
    with new(thread) as consumer:
        is_python = new is kafka_python
        polled_until(
            lambda: polled(consumer, POLL_MS) if is_python else consumer.poll(0.02),
            consumer.assignment,
        )
    first, second = asked.requests[:2]
    assert first.errors == (ErrorCode.UNSUPPORTED_VERSION,)
    assert (second.correlation_id, second.version) == (2, again_in)
    assert second.errors == ()


def test_confluent_commits_again_when_the_coordinator_moves(thread: EmbeddedBrokerThread) -> None:
    broker = thread.broker
    with confluent(thread) as consumer:
        polled_until(lambda: consumer.poll(0.02), consumer.assignment)
        commits = broker.watch(api="OffsetCommit")
        broker.answer_with("NOT_COORDINATOR", api="OffsetCommit", times=1)
        consumer.commit(offsets=[Partition(TOPIC, 0, 5)], asynchronous=False)
        refused = (ErrorCode.NOT_COORDINATOR,)
        assert [seen.errors for seen in commits.requests] == [refused, ()]
        (found,) = consumer.committed([Partition(TOPIC, 0)], timeout=10)
        assert found.offset == 5


def test_j06_a_fenced_confluent_consumer_fails_for_good(thread: EmbeddedBrokerThread) -> None:
    broker = thread.broker
    with confluent(thread, **{"group.instance.id": "worker-1"}) as consumer:
        polled_until(lambda: consumer.poll(0.02), consumer.assignment)
        fenced = broker.answer_with(
            "FENCED_INSTANCE_ID", api="Heartbeat", group_instance_id="worker-1"
        )
        fenced.wait()
        errors: list[KafkaError] = []

        def poll() -> None:
            try:
                message = consumer.poll(0.02)
            except KafkaException as error:
                errors.append(error.args[0])
                return
            if message is not None and message.error() is not None:
                errors.append(message.error())

        polled_until(poll, lambda: errors)
        assert errors[0].code() == KafkaError._FATAL
        assert "fenced" in errors[0].str()
        fenced.release()


def test_h06_a_session_of_45_s_is_over_at_once(thread: EmbeddedBrokerThread) -> None:
    broker = thread.broker
    with kafka_python(thread) as consumer, ThreadPoolExecutor() as pool:
        polled_until(lambda: polled(consumer, POLL_MS), consumer.assignment)
        with broker.hold(api="Heartbeat") as mute:
            mute.wait()
            thread.run(broker.advance(45))
            group = thread.run(broker.wait_for_group("g", state="Empty"))
            assert group.members == ()
        # Its heartbeat is answered UNKNOWN_MEMBER_ID: it joins again with its next polls.
        back = pool.submit(thread.run, broker.wait_for_group("g", state="Stable"))
        polled_until(lambda: polled(consumer, POLL_MS), back.done)
        assert back.result().generation_id > group.generation_id
