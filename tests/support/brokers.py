"""What the suite asks before it starts a real Apache Kafka."""

from __future__ import annotations

from collections.abc import Mapping

from rebalance.testing import brokers
from rebalance.testing.apache_kafka import ApacheKafkaUnavailableError, libraries
from rebalance.testing.brokers import KafkaBroker
from tests.support.requirements import not_run, require

__all__ = ["SETTINGS", "KafkaBroker", "require_apache_kafka"]

SETTINGS: Mapping[str, str] = {
    **brokers.SETTINGS,
    "offsets.retention.check.interval.ms": "86400000",
}
"""What brokers that live for many tests are started with.

By default an empty group without offsets goes at a check every ten minutes (O10), which one broker
makes at another moment than the other: in a run that long it comes in the middle of a conversation.
"""

_WHAT = "Apache Kafka tests"


def require_apache_kafka() -> None:
    """Skip, or in CI fail, where Apache Kafka cannot be run."""
    fetched = libraries.directory().is_dir()
    require("java", *(() if fetched else ("mvn",)), what=_WHAT)
    try:
        libraries.fetch()
    except ApacheKafkaUnavailableError as error:
        not_run(_WHAT, str(error))
