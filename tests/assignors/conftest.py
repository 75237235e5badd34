"""Fixtures of these tests: Kafka's own classes, to be asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.java import require_java
from tests.java.oracle import Oracle


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """One Java process for the whole run."""
    require_java()
    with Oracle() as running:
        yield running
