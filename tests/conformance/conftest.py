"""Both brokers at once, for the same conversation with each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.brokers import Brokers, both_running
from tests.support.brokers import require_apache_kafka


@pytest.fixture(scope="session")
def brokers() -> Iterator[Brokers]:
    """The embedded broker and Apache Kafka, for the whole run."""
    require_apache_kafka()
    with both_running() as running:
        yield running
