"""What the suite asks before it starts a real Apache Kafka."""

from __future__ import annotations

from rebalance.testing.apache_kafka import ApacheKafkaUnavailableError, libraries
from rebalance.testing.brokers import SETTINGS, KafkaBroker
from tests.support.requirements import not_run, require

__all__ = ["SETTINGS", "KafkaBroker", "require_apache_kafka"]

_WHAT = "Apache Kafka tests"


def require_apache_kafka() -> None:
    """Skip, or in CI fail, where Apache Kafka cannot be run."""
    fetched = libraries.directory().is_dir()
    require("java", *(() if fetched else ("mvn",)), what=_WHAT)
    try:
        libraries.fetch()
    except ApacheKafkaUnavailableError as error:
        not_run(_WHAT, str(error))
