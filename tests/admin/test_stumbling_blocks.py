"""What clients trip over on brokers that are not Kafka, asked by those clients on both brokers.

The same is asked raw, in every version, in tests/conformance and beside this file; here real
clients say whether they can live with the answers.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

import aiokafka
import confluent_kafka
import kafka
import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from kafka.errors import OffsetMetadataTooLargeError

from rebalance.broker import EmbeddedBroker
from rebalance.testing.embedded import EmbeddedBrokerThread
from tests.admin.twin import until
from tests.conversations.raw import Connection, NoAnswerError

Unique = Callable[[str], str]
WITHIN_S = 20.0


@pytest.fixture(params=["embedded", "apache-kafka"])
def servers(request: pytest.FixtureRequest, twin_brokers: tuple[str, str]) -> str:
    """Each of the two brokers."""
    return twin_brokers[request.param == "apache-kafka"]


def connected(servers: str) -> Connection:
    host, _, port = servers.rpartition(":")
    return Connection((host, int(port)), "raw")


def consumer_of(servers: str, group_id: str) -> confluent_kafka.Consumer:
    return confluent_kafka.Consumer({"bootstrap.servers": servers, "group.id": group_id})


def test_a00_an_absent_topic_is_unknown_and_made_by_being_asked_for(
    servers: str, unique: Unique
) -> None:
    """With `num.partitions` partitions, and a producer needs no more than to ask again."""
    name = unique("absent")
    connection = connected(servers)

    def asked() -> tuple[int, int]:
        fields = {"topics": [{"name": name}], "allow_auto_topic_creation": True}
        (topic,) = connection.ask("metadata", 9, fields).topics
        return topic.error_code.value, len(topic.partitions)

    assert asked() == (3, 0)
    until(lambda: asked() == (0, 3) or None, "three partitions")
    connection.close()

    producer = confluent_kafka.Producer({"bootstrap.servers": servers})
    told: list[object] = []
    producer.produce(unique("other"), b"x", on_delivery=lambda error, _: told.append(error))
    assert producer.flush(WITHIN_S) == 0
    assert told == [None]


def test_o04_nothing_is_committed_in_a_group_that_nobody_knows(
    servers: str, topic: str, unique: Unique
) -> None:
    """No error, by the word of three clients."""
    group_id = unique("nobody")
    confluent = consumer_of(servers, group_id)
    (found,) = confluent.committed([confluent_kafka.TopicPartition(topic, 0)], timeout=WITHIN_S)
    assert (found.error, found.offset) == (None, confluent_kafka.OFFSET_INVALID)
    confluent.close()

    python = kafka.KafkaConsumer(bootstrap_servers=servers, group_id=group_id)
    assert python.committed(kafka.TopicPartition(topic, 0)) is None
    python.close()

    async def committed() -> int | None:
        async with aiokafka.AIOKafkaConsumer(
            bootstrap_servers=servers, group_id=group_id, enable_auto_commit=False
        ) as consumer:
            consumer.assign([aiokafka.TopicPartition(topic, 0)])
            found: int | None = await consumer.committed(aiokafka.TopicPartition(topic, 0))
            return found

    assert asyncio.run(committed()) is None


def test_o03_metadata_over_its_limit_is_told_as_such(
    servers: str, topic: str, unique: Unique
) -> None:
    """And what was committed beside it counts."""
    just, more = "x" * 4096, "x" * 4097
    with_its_nul = just[1:]  # confluent-kafka sends the end of C's string, too
    group_id = unique("group")
    confluent = consumer_of(servers, group_id)
    positions = [
        confluent_kafka.TopicPartition(topic, 0, 3, metadata=more),
        confluent_kafka.TopicPartition(topic, 1, 4, metadata=with_its_nul),
    ]
    with pytest.raises(confluent_kafka.KafkaException) as caught:
        confluent.commit(offsets=positions, asynchronous=False)
    too_large = confluent_kafka.KafkaError.OFFSET_METADATA_TOO_LARGE
    assert caught.value.args[0].code() == too_large
    asked = [confluent_kafka.TopicPartition(topic, partition) for partition in (0, 1)]
    kept = confluent.committed(asked, timeout=WITHIN_S)
    assert [each.offset for each in kept] == [confluent_kafka.OFFSET_INVALID, 4]
    confluent.close()

    python = kafka.KafkaConsumer(bootstrap_servers=servers, group_id=group_id)
    nul = python.committed(kafka.TopicPartition(topic, 1), metadata=True).metadata
    assert nul == with_its_nul + "\0"
    partition = kafka.TopicPartition(topic, 0)
    python.assign([partition])
    with pytest.raises(OffsetMetadataTooLargeError):
        python.commit({partition: kafka.OffsetAndMetadata(3, more, -1)})
    python.commit({partition: kafka.OffsetAndMetadata(3, just, -1)})
    assert python.committed(partition) == 3
    python.close()


def test_a02_types_are_filtered_as_librdkafka_writes_them(servers: str, group: str) -> None:
    kinds = confluent_kafka.ConsumerGroupType
    admin = AdminClient({"bootstrap.servers": servers})

    def listed(*types: confluent_kafka.ConsumerGroupType) -> set[str]:
        found = admin.list_consumer_groups(types=set(types)).result(WITHIN_S)
        assert found.errors == []
        return {each.group_id for each in found.valid}

    assert group in listed(kinds.CLASSIC)
    assert group not in listed(kinds.CONSUMER)


def test_a00_who_asks_for_acls_hears_that_there_is_no_authorizer(servers: str) -> None:
    admin = AdminClient({"bootstrap.servers": servers})
    anything = AclBindingFilter(
        ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY,
        AclPermissionType.ANY,
    )  # fmt: skip
    one = AclBinding(
        ResourceType.TOPIC, "orders", ResourcePatternType.LITERAL, "User:a", "*",
        AclOperation.READ, AclPermissionType.ALLOW,
    )  # fmt: skip
    assert admin.describe_acls(anything).result(WITHIN_S) == []  # librdkafka drops the error
    with pytest.raises(confluent_kafka.KafkaException) as caught:
        admin.create_acls([one])[one].result(WITHIN_S)
    assert caught.value.args[0].code() == confluent_kafka.KafkaError.SECURITY_DISABLED


def test_a05_an_unknown_api_key_ends_its_connection_and_nothing_else(servers: str) -> None:
    before, strange = connected(servers), connected(servers)
    body = struct.pack(">hhih", 999, 0, 7, -1)
    strange._socket.sendall(struct.pack(">i", len(body)) + body)
    with pytest.raises(NoAnswerError):
        strange._read(1)
    strange.close()
    assert before.ask("metadata", 9, {"topics": []}).brokers
    before.close()
    assert AdminClient({"bootstrap.servers": servers}).list_topics(timeout=WITHIN_S).brokers


def test_node_id_and_number_of_partitions_are_those_that_were_set() -> None:
    settings = {"node.id": "7", "num.partitions": "4"}
    with EmbeddedBrokerThread(EmbeddedBroker(settings)) as broker:
        producer = confluent_kafka.Producer({"bootstrap.servers": broker.bootstrap_servers})
        producer.produce("orders", b"x")
        assert producer.flush(WITHIN_S) == 0
        seen = producer.list_topics("orders", timeout=WITHIN_S)
    assert (list(seen.brokers), seen.controller_id) == ([7], 7)
    partitions = seen.topics["orders"].partitions
    assert {each: of.leader for each, of in partitions.items()} == dict.fromkeys(range(4), 7)
