"""A conversation with each broker of `--rebalance-broker`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import pytest
from kio.schema.errors import ErrorCode

from rebalance.broker import EmbeddedBroker
from rebalance.testing.apache_kafka import ApacheKafka
from rebalance.testing.embedded import EmbeddedBrokerThread
from tests.conversations.offsets_log import commit_alone
from tests.conversations.raw import Connection
from tests.conversations.talk import Talk
from tests.support.brokers import SETTINGS, KafkaBroker

INITIAL_DELAY_MS = 60_000
"""Longer than any answer is waited for: whatever is answered did not wait for its end."""

READY_TIMEOUT_S = 60.0


def _address(bootstrap_servers: str) -> tuple[str, int]:
    host, _, port = bootstrap_servers.rpartition(":")
    return host, int(port)


@pytest.fixture(scope="session")
def topic(kafka_broker: KafkaBroker) -> str:
    """A topic with one partition. Its creation and a FindCoordinator make the broker ready."""
    return _prepare(kafka_broker.bootstrap_servers)


def _prepare(bootstrap_servers: str) -> str:
    connection = Connection(_address(bootstrap_servers), "preparer")
    name = "conversations"
    wanted = {"name": name, "num_partitions": 1, "replication_factor": 1}
    connection.ask("create_topics", 5, {"topics": [wanted], "timeout": 30_000})
    give_up = time.monotonic() + READY_TIMEOUT_S
    while not (_is_found(connection) and _commits(connection, name)):
        assert time.monotonic() < give_up, "the broker's coordinator does not get ready"
    connection.close()
    return name


def _is_found(connection: Connection) -> bool:
    answer = connection.ask("find_coordinator", 3, {"key": "any", "key_type": 0})
    return bool(answer.error_code.value == 0)


def _commits(connection: Connection, topic: str) -> bool:
    return commit_alone(connection, "preparer", topic) is ErrorCode.none


@pytest.fixture
def talk(kafka_broker: KafkaBroker, topic: str, unique: Callable[[str], str]) -> Iterator[Talk]:
    """A group of its own on a broker without initial delay."""
    talk = Talk(_address(kafka_broker.bootstrap_servers), unique("group"), topic)
    yield talk
    talk.close()


@contextmanager
def _another(kafka_broker: KafkaBroker, settings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The same kind of broker with other settings: its address, and a topic."""
    with ExitStack() as stack:
        if kafka_broker.kind == "apache-kafka":
            servers = stack.enter_context(ApacheKafka(SETTINGS | settings)).bootstrap_servers
        elif kafka_broker.kind == "embedded":
            servers = stack.enter_context(
                EmbeddedBrokerThread(EmbeddedBroker(SETTINGS | settings))
            ).bootstrap_servers
        else:
            pytest.skip(f"{', '.join(settings)} of a broker that runs already cannot be set")
        yield servers, _prepare(servers)


def _talk(broker: tuple[str, str], unique: Callable[[str], str]) -> Iterator[Talk]:
    servers, topic = broker
    talk = Talk(_address(servers), unique("group"), topic)
    yield talk
    talk.close()


@pytest.fixture(scope="session")
def delaying_broker(kafka_broker: KafkaBroker) -> Iterator[tuple[str, str]]:
    """A broker with an initial delay: its address, and a topic."""
    settings = {"group.initial.rebalance.delay.ms": str(INITIAL_DELAY_MS)}
    with _another(kafka_broker, settings) as broker:
        yield broker


@pytest.fixture
def delayed(delaying_broker: tuple[str, str], unique: Callable[[str], str]) -> Iterator[Talk]:
    """A group of its own on a broker with an initial delay."""
    yield from _talk(delaying_broker, unique)


@pytest.fixture(scope="session")
def narrow_broker(kafka_broker: KafkaBroker) -> Iterator[tuple[str, str]]:
    """A broker whose groups have room for two: its address, and a topic."""
    with _another(kafka_broker, {"group.max.size": "2"}) as broker:
        yield broker


@pytest.fixture
def narrow(narrow_broker: tuple[str, str], unique: Callable[[str], str]) -> Iterator[Talk]:
    """A group of its own on a broker whose groups have room for two."""
    yield from _talk(narrow_broker, unique)


@pytest.fixture(scope="session")
def forgetful_broker(kafka_broker: KafkaBroker) -> Iterator[tuple[str, str]]:
    """A broker that looks for what it may forget all the time: its address, and a topic."""
    with _another(kafka_broker, {"offsets.retention.check.interval.ms": "300"}) as broker:
        yield broker


@pytest.fixture
def forgetful(forgetful_broker: tuple[str, str], unique: Callable[[str], str]) -> Iterator[Talk]:
    """A group of its own on a broker that looks for what it may forget all the time."""
    yield from _talk(forgetful_broker, unique)
