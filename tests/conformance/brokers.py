"""The two brokers that are compared, with the same settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from rebalance.testing.brokers import APACHE_KAFKA, EMBEDDED, SETTINGS, running
from tests.conformance.conversation import PLAIN
from tests.conformance.side import opened

COMMON = {
    # What the kit starts Apache Kafka with anyway; a transaction of offsets can notice.
    "offsets.topic.num.partitions": "1",
    # A connection whose request is never answered outlives its client by that much.
    "connections.max.idle.ms": "20000",
}

SETUPS: Mapping[str, Mapping[str, str]] = {
    PLAIN: {},
    # Long enough that what has to come before its end does, on a busy machine too.
    "delaying": {"group.initial.rebalance.delay.ms": "6000"},
    "narrow": {"group.max.size": "2"},
    "forgetful": {"offsets.retention.check.interval.ms": "300"},
    "forgets_in_a_minute": {
        "offsets.retention.minutes": "1",
        "offsets.retention.check.interval.ms": "300",
    },
    # The limits of session timeouts that Kafka has by default.
    "default_limits": {
        "group.min.session.timeout.ms": "6000",
        "group.max.session.timeout.ms": "1800000",
    },
}
"""What both brokers are set to, by the name that a case gives."""

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
    with ExitStack() as stack:
        started = [
            stack.enter_context(running(kind, {**SETTINGS_OF_BOTH, **settings}))
            for kind in (EMBEDDED, APACHE_KAFKA)
        ]
        ours, kafka = (address_of(broker.bootstrap_servers) for broker in started)
        for address in (ours, kafka):
            prepare(address)
        yield Brokers(ours=ours, kafka=kafka)


def address_of(bootstrap_servers: str) -> Address:
    """Host and port."""
    host, _, port = bootstrap_servers.rpartition(":")
    return host, int(port)


def prepare(address: Address) -> None:
    """The topics behind both are made by the first question, and take a moment to get ready."""
    with opened(address, "preparer") as side:
        side.prepare()
