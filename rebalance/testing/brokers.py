"""The brokers that a suite can run against: the embedded one, Apache Kafka, or one that is there.

The rule kept here: the same settings for both that are started here, so that a test means the same
on both; nothing is imported for a broker that was not chosen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rebalance.testing.apache_kafka import ApacheKafka

EMBEDDED = "embedded"
APACHE_KAFKA = "apache-kafka"
BOTH = "both"

SETTINGS: Mapping[str, str] = {
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1",
}
"""What both are started with by default: nothing waits without need (Kafka's property names)."""

_HOST_AND_PORT = re.compile(r".+:\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaBroker:
    """A running broker; `apache_kafka` is set for that kind only, for its log and its pid."""

    kind: Literal["embedded", "apache-kafka", "external"]
    bootstrap_servers: str
    apache_kafka: ApacheKafka | None = None


def chosen(option: str) -> tuple[str, ...]:
    """The brokers that an option's value stands for; raises ValueError for a wrong value."""
    if option == BOTH:
        return EMBEDDED, APACHE_KAFKA
    if option in (EMBEDDED, APACHE_KAFKA) or _HOST_AND_PORT.fullmatch(option):
        return (option,)
    raise ValueError(f"{option!r} is not {EMBEDDED}, {APACHE_KAFKA}, {BOTH} or HOST:PORT")


def outlives_the_run(option: str) -> bool:
    """Whether a chosen broker keeps what one run left there until the next."""
    return not {EMBEDDED, APACHE_KAFKA}.issuperset(chosen(option))


@contextmanager
def running(choice: str, settings: Mapping[str, str] = SETTINGS) -> Iterator[KafkaBroker]:
    """The broker of one choice, running; `settings` are of no effect on HOST:PORT.

    Raises:
        ApacheKafkaUnavailableError: Java, Maven or the network is missing for `apache-kafka`.
    """
    if choice == APACHE_KAFKA:
        from rebalance.testing.apache_kafka import ApacheKafka

        with ApacheKafka(settings) as kafka:
            yield KafkaBroker(
                kind="apache-kafka",
                bootstrap_servers=kafka.bootstrap_servers,
                apache_kafka=kafka,
            )
    elif choice == EMBEDDED:
        from rebalance.broker import EmbeddedBroker
        from rebalance.testing.embedded import EmbeddedBrokerThread

        with EmbeddedBrokerThread(EmbeddedBroker(settings)) as embedded:
            yield KafkaBroker(kind="embedded", bootstrap_servers=embedded.bootstrap_servers)
    else:
        yield KafkaBroker(kind="external", bootstrap_servers=choice)
