"""The two brokers that are compared, with the same settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from rebalance.testing.brokers import APACHE_KAFKA, EMBEDDED, SETTINGS, running
from tests.conformance.side import opened

COMMON = {
    # What the kit starts Apache Kafka with anyway; a transaction of offsets can notice.
    "offsets.topic.num.partitions": "1",
    # A connection whose request is never answered outlives its client by that much.
    "connections.max.idle.ms": "20000",
}

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
            stack.enter_context(running(kind, SETTINGS | COMMON | settings))
            for kind in (EMBEDDED, APACHE_KAFKA)
        ]
        ours, kafka = (_address(broker.bootstrap_servers) for broker in started)
        for address in (ours, kafka):
            _prepare(address)
        yield Brokers(ours=ours, kafka=kafka)


def _address(bootstrap_servers: str) -> Address:
    host, _, port = bootstrap_servers.rpartition(":")
    return host, int(port)


def _prepare(address: Address) -> None:
    """The topics behind both are made by the first question, and take a moment to get ready."""
    with opened(address, "preparer") as side:
        side.prepare()
