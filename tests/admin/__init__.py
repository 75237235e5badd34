"""Admin APIs and admin clients, on the embedded broker and on Apache Kafka at once."""

import pytest

pytest.importorskip("kafka", reason="kafka-python is an extra")
pytest.importorskip("confluent_kafka", reason="confluent-kafka is an extra")
