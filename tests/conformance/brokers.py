"""The two brokers that are compared, with the same settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from rebalance.broker import EmbeddedBroker
from rebalance.testing.brokers import APACHE_KAFKA, running
from rebalance.testing.embedded import EmbeddedBrokerThread
from tests.conformance.side import opened
from tests.support.brokers import SETTINGS

COMMON = {
    # What the kit starts Apache Kafka with anyway; a transaction of offsets can notice.
    "offsets.topic.num.partitions": "1",
    # A connection whose request is never answered outlives its client by that much.
    "connections.max.idle.ms": "20000",
}

SETUPS: Mapping[str, Mapping[str, str]] = {
    "forgets_in_a_minute": {
        "offsets.retention.minutes": "1",
        "offsets.retention.check.interval.ms": "300",
    },
    "forgetful": {"offsets.retention.check.interval.ms": "300"},
    # Long enough that what has to come before its end does, on a busy machine too.
    "delaying": {"group.initial.rebalance.delay.ms": "6000"},
    "narrow": {"group.max.size": "2"},
    # What Kafka has by default and tests do not.
    "defaults": {
        "group.min.session.timeout.ms": "6000",
        "group.max.session.timeout.ms": "1800000",
        "offsets.topic.num.partitions": "50",
    },
}
"""What both brokers are set to, by the name that a case gives; the longest first."""

SETTINGS_OF_BOTH: Mapping[str, str] = {**SETTINGS, **COMMON}
"""What stands behind every setup."""

Address = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brokers:
    """Where each listens."""

    ours: Address
    kafka: Address


@contextmanager
def both_running(settings: Mapping[str, str] = {}) -> Iterator[Brokers]:
    """Start both, and wait until each coordinates groups and transactions."""
    with both_fresh(settings) as brokers:
        for address in (brokers.ours, brokers.kafka):
            prepare(address)
        yield brokers


@contextmanager
def both_fresh(settings: Mapping[str, str] = {}) -> Iterator[Brokers]:
    """Start both, ours as `rebalance serve` does; nobody has asked them anything about groups."""
    settings = {**SETTINGS_OF_BOTH, **settings}
    with ExitStack() as stack:
        embedded = EmbeddedBroker(settings, offsets_topic_at_once=False)
        ours = stack.enter_context(EmbeddedBrokerThread(embedded))
        kafka = stack.enter_context(running(APACHE_KAFKA, settings))
        yield Brokers(
            ours=address_of(ours.bootstrap_servers), kafka=address_of(kafka.bootstrap_servers)
        )


def address_of(bootstrap_servers: str) -> Address:
    """Host and port."""
    host, _, port = bootstrap_servers.rpartition(":")
    return host, int(port)


def prepare(address: Address) -> None:
    """The topics behind both are made by the first question, and take a moment to get ready."""
    with opened(address, "preparer") as side:
        side.prepare()
