"""A real Apache Kafka broker without a container, for tests and benchmarks.

``with ApacheKafka({"log.retention.ms": "60000"}) as kafka: kafka.bootstrap_servers``

On the command line: ``python -m rebalance.testing.apache_kafka``. Needs Java 17 or later on PATH,
and Maven and the network once per machine.
"""

from rebalance.testing.apache_kafka.libraries import VERSION, ApacheKafkaUnavailableError
from rebalance.testing.apache_kafka.log import PreparedRebalance, prepared_rebalances
from rebalance.testing.apache_kafka.starter import ApacheKafka, ApacheKafkaError

__all__ = [
    "VERSION",
    "ApacheKafka",
    "ApacheKafkaError",
    "ApacheKafkaUnavailableError",
    "PreparedRebalance",
    "prepared_rebalances",
]
