"""Both brokers at once, with the same settings, for the whole run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from kio.schema.errors import ErrorCode

from rebalance.broker import EmbeddedBroker
from rebalance.testing.apache_kafka import ApacheKafka
from rebalance.testing.embedded import EmbeddedBrokerThread
from tests.admin.raw_group import RawGroup
from tests.admin.twin import Twin, until
from tests.broker.batch_maker import batch
from tests.conversations.raw import Connection
from tests.support.brokers import SETTINGS, require_apache_kafka

TWIN_SETTINGS = {
    **SETTINGS,
    "log.retention.bytes": "-1",
    "num.partitions": "3",
    "offsets.topic.num.partitions": "1",
}
"""`log.retention.bytes` has another default here: logs are memory."""


@pytest.fixture(scope="session")
def twin_brokers() -> Iterator[tuple[str, str]]:
    """`bootstrap.servers` of the embedded broker and of Apache Kafka."""
    require_apache_kafka()
    with (
        ApacheKafka(TWIN_SETTINGS) as kafka,
        EmbeddedBrokerThread(EmbeddedBroker(TWIN_SETTINGS)) as embedded,
    ):
        _wait_for_coordinator(kafka.bootstrap_servers)
        yield embedded.bootstrap_servers, kafka.bootstrap_servers


def _wait_for_coordinator(bootstrap_servers: str) -> None:
    """Kafka makes the topic of offsets when somebody asks who coordinates (A06)."""
    connection = Connection(_address(bootstrap_servers), "preparer")

    def is_there() -> bool | None:
        connection.ask("find_coordinator", 3, {"key": "any", "key_type": 0})
        answer = connection.ask("delete_groups", 2, {"groups_names": ["missing"]})
        return answer.results[0].error_code is ErrorCode.group_id_not_found or None

    until(is_there, "a coordinator")
    connection.close()


def _address(bootstrap_servers: str) -> tuple[str, int]:
    host, _, port = bootstrap_servers.rpartition(":")
    return host, int(port)


@pytest.fixture
def twin(twin_brokers: tuple[str, str]) -> Iterator[Twin]:
    """A connection to each."""
    embedded, kafka = map(_address, twin_brokers)
    twin = Twin(embedded, kafka)
    yield twin
    twin.close()


@pytest.fixture
def topic(twin: Twin, unique: Callable[[str], str]) -> str:
    """Two partitions, five records in the first."""
    name = twin.create(unique("topic"), 2)
    part = {"index": 0, "records": batch(*[b"x"] * 5)}
    data = [{"name": name, "partition_data": [part]}]
    twin.ask("produce", 9, {"acks": -1, "timeout": 5000, "topic_data": data})
    return name


@pytest.fixture
def group(twin: Twin, topic: str, unique: Callable[[str], str]) -> Iterator[str]:
    """A group of two static members, on both."""
    name = unique("group")
    groups = [RawGroup(side.address, name, topic) for side in (twin.embedded, twin.kafka)]
    yield name
    for each in groups:
        each.close()
