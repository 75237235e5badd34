"""kafka-python's consumer with our adapter: its own leader forgets topics that only others want.

What else is wrong with its own assignors: docs/kafka_python.md.
"""

from __future__ import annotations

from typing import Any

import kafka
from kafka.consumer.subscription_state import ConsumerRebalanceListener

from rebalance.clients.kafka_python import strategy
from tests.judges.members import speech


class Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python is untyped
    """Tells what it is told."""

    def on_partitions_assigned(self, assigned: Any) -> None:
        speech.tell_partitions("assigned", assigned)

    def on_partitions_revoked(self, revoked: Any) -> None:
        speech.tell_partitions("revoked", revoked)

    def on_partitions_lost(self, lost: Any) -> None:
        speech.tell_partitions("lost", lost)


def main() -> None:
    """Live until told to close."""
    wanted = speech.wanted()
    found = speech.commands()
    used = strategy(wanted.assignor)
    consumer = used.bind(
        kafka.KafkaConsumer(
            bootstrap_servers=wanted.servers,
            group_id=wanted.group_id,
            client_id=wanted.member,
            group_instance_id=wanted.instance_id,
            partition_assignment_strategy=[used],
            session_timeout_ms=wanted.session_timeout_ms,
            heartbeat_interval_ms=speech.HEARTBEAT_MS,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
    )
    consumer.subscribe(wanted.topics, listener=Listener())
    speech.tell("started")
    while (command := speech.next_command(found)) != speech.CLOSE:
        if command == speech.COMMIT:
            consumer.commit()
            speech.tell("done", command=command)
        polled = consumer.poll(timeout_ms=speech.POLL_MS)
        speech.tell_read(
            (each.topic, each.partition, each.offset) for some in polled.values() for each in some
        )
    consumer.close()
    speech.tell("closed")


if __name__ == "__main__":
    main()
