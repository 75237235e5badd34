"""The brokers a test can be run against, chosen by ``--rebalance-broker``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from rebalance.broker import EmbeddedBroker
from tests.support.apache_kafka import ApacheKafka, ApacheKafkaUnavailableError, libraries
from tests.support.embedded import EmbeddedBrokerThread
from tests.support.requirements import not_run, require

EMBEDDED = "embedded"
APACHE_KAFKA = "apache-kafka"
BOTH = "both"
_WHAT = "Apache Kafka tests"
_HOST_AND_PORT = re.compile(r".+:\d+")

# The same for both, so that a test means the same on both.
SETTINGS = {"group.initial.rebalance.delay.ms": "0", "group.min.session.timeout.ms": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaBroker:
    """A running broker; ``apache_kafka`` is set for that kind only, for its log and its pid."""

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


def require_apache_kafka() -> None:
    """Skip, or in CI fail, where Apache Kafka cannot be run."""
    fetched = libraries.directory().is_dir()
    require("java", *(() if fetched else ("mvn",)), what=_WHAT)
    try:
        libraries.fetch()
    except ApacheKafkaUnavailableError as error:
        not_run(_WHAT, str(error))


@contextmanager
def running(choice: str) -> Iterator[KafkaBroker]:
    """The broker of one choice, running."""
    if choice == APACHE_KAFKA:
        require_apache_kafka()
        with ApacheKafka(SETTINGS) as kafka:
            yield KafkaBroker(
                kind="apache-kafka",
                bootstrap_servers=kafka.bootstrap_servers,
                apache_kafka=kafka,
            )
    elif choice == EMBEDDED:
        with EmbeddedBrokerThread(EmbeddedBroker(SETTINGS)) as embedded:
            yield KafkaBroker(kind="embedded", bootstrap_servers=embedded.bootstrap_servers)
    else:
        yield KafkaBroker(kind="external", bootstrap_servers=choice)
