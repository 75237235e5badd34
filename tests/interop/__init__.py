"""Real clients of several makers in one group on a real Apache Kafka."""

import pytest

pytest.importorskip("kafka", reason="kafka-python is an extra")
pytest.importorskip("confluent_kafka", reason="confluent-kafka is an extra")
