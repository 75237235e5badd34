"""Clients without an event loop of ours; skipped where they are not installed."""

import pytest

# Imported here first: kafka-python warns of a deprecation of its own when it is.
pytest.importorskip("kafka", reason="kafka-python is an extra")
pytest.importorskip("confluent_kafka", reason="confluent-kafka is an extra")
