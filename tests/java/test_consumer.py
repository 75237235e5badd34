"""The driver of Java consumers: they consume, they rebalance, and they leave nothing behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaProducer

from tests.clients.aiokafka.group import create_topics
from tests.java import JavaConsumer, JavaConsumerError, require_java, wait_until
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]


@pytest.fixture(autouse=True)
def java_is_possible() -> None:
    require_java("Java consumers")


def topic_with_records(bootstrap_servers: str, topic: str, partitions: int, records: int) -> str:
    """So many records in each of so many partitions."""
    asyncio.run(create_topics(bootstrap_servers, {topic: partitions}))
    if records:
        produce(bootstrap_servers, topic, partitions, records)
    return topic


def produce(bootstrap_servers: str, topic: str, partitions: int, records: int) -> None:
    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers) as producer:
            for number in range(partitions * records):
                await producer.send_and_wait(topic, b"x", partition=number % partitions)

    asyncio.run(send())


def all_of(topic: str, partitions: int) -> set[tuple[str, int]]:
    return {(topic, partition) for partition in range(partitions)}


def test_one_consumes_and_leaves(kafka_broker: KafkaBroker, unique: Unique) -> None:
    servers = kafka_broker.bootstrap_servers
    topic = topic_with_records(servers, unique("topic"), partitions=3, records=2)

    with JavaConsumer(servers, unique("group"), [topic], assignor="sticky") as consumer:
        pid = consumer.pid
        leading = consumer.wait("leading")
        assigned = consumer.wait("assigned")
        wait_until(lambda: sum(consumer.polled.values()) == 6, "six records read")
        assert leading.data["assignor"] == "sticky"
        assert leading.plan == {consumer.member_id: assigned.partitions}
        assert leading.data["members"][consumer.member_id]["topics"] == [topic]
        assert assigned.partitions == consumer.owned == all_of(topic, 3)
        assert consumer.polled == dict.fromkeys(all_of(topic, 3), 2)

    assert [event.kind for event in consumer.events][-3:] == ["revoked", "closed", "ended"]
    assert consumer.owned == set()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("assignor", ["sticky", "cooperative-sticky"])
def test_two_share_and_the_one_left_takes_over(
    kafka_broker: KafkaBroker, unique: Unique, assignor: str
) -> None:
    servers, group_id = kafka_broker.bootstrap_servers, unique("group")
    topic = topic_with_records(servers, unique("topic"), partitions=4, records=0)

    with JavaConsumer(servers, group_id, [topic], assignor=assignor) as first:
        first.wait("assigned")
        with JavaConsumer(servers, group_id, [topic], assignor=assignor) as second:
            wait_until(lambda: len(first.owned) == len(second.owned) == 2, "two each")
            assert first.owned | second.owned == all_of(topic, 4)
        wait_until(lambda: len(first.owned) == 4, "all for the first again")
        given_up = frozenset().union(*(e.partitions for e in first.events if e.kind == "revoked"))

    # An eager member gives up all to join again, a cooperative one only what moves.
    assert len(given_up) == (4 if assignor == "sticky" else 2)


def test_a_static_member_that_is_killed_keeps_its_place(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    servers, group_id = kafka_broker.bootstrap_servers, unique("group")
    topic = topic_with_records(servers, unique("topic"), partitions=2, records=0)

    with JavaConsumer(servers, group_id, [topic], group_instance_id="i") as before:
        wait_until(lambda: before.owned, "assigned")
        member_id, generation_id = before.member_id, before.generation_id
        before.kill()
    assert before.owned == set()

    with JavaConsumer(servers, group_id, [topic], group_instance_id="i") as after:
        wait_until(lambda: after.owned, "assigned")
        assert after.generation_id == generation_id
        assert after.member_id != member_id


def test_one_that_is_paused_does_not_poll(kafka_broker: KafkaBroker, unique: Unique) -> None:
    servers = kafka_broker.bootstrap_servers
    topic = topic_with_records(servers, unique("topic"), partitions=1, records=1)

    with JavaConsumer(servers, unique("group"), [topic]) as consumer:
        wait_until(lambda: sum(consumer.polled.values()) == 1, "the first record")
        consumer.tell("pause")
        produce(servers, topic, partitions=1, records=1)
        consumer.tell("resume")
        wait_until(lambda: sum(consumer.polled.values()) == 2, "the second record")

    kinds = [e.data.get("command", e.kind) for e in consumer.events]
    between = kinds[kinds.index("pause") + 1 : kinds.index("resume")]
    assert between == []
    assert "polled" in kinds[kinds.index("resume") :]


def test_commands_change_the_subscription(kafka_broker: KafkaBroker, unique: Unique) -> None:
    servers = kafka_broker.bootstrap_servers
    one = topic_with_records(servers, unique("topic"), partitions=1, records=0)
    two = topic_with_records(servers, unique("topic"), partitions=2, records=0)

    with JavaConsumer(servers, unique("group"), [one]) as consumer:
        wait_until(lambda: consumer.owned == all_of(one, 1), "the first topic")
        consumer.tell(f"subscribe {one} {two}")
        wait_until(lambda: consumer.owned == all_of(one, 1) | all_of(two, 2), "both topics")
        after = len(consumer.events)
        consumer.tell("rejoin")
        consumer.wait("leading", after=after)


def test_what_fails_is_said_with_its_reason() -> None:
    consumer = JavaConsumer("127.0.0.1:1", "g", ["t"], properties={"auto.offset.reset": "never"})
    with pytest.raises(JavaConsumerError, match=r"failed.*auto\.offset\.reset"):
        consumer.start()


def test_a_wait_that_is_too_long_says_what_was_seen() -> None:
    with (
        JavaConsumer("127.0.0.1:1", "g", ["t"]) as consumer,
        pytest.raises(JavaConsumerError, match=r"'assigned': not within 0.1 s[^$]*started"),
    ):
        consumer.wait("assigned", timeout_s=0.1)


def test_without_its_input_the_program_ends() -> None:
    """As when the test run that started it was killed."""
    consumer = JavaConsumer("127.0.0.1:1", "g", ["t"]).start()
    process = consumer._running()
    assert process.stdin is not None

    process.stdin.close()
    consumer.wait("closed")
    assert process.wait() == 0
    consumer.kill()
