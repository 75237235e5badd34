"""confluent-kafka's consumer, with librdkafka's own assignors."""

from __future__ import annotations

from typing import Any

import confluent_kafka

from tests.judges.members import speech


def main() -> None:
    """Live until told to close."""
    wanted = speech.wanted()
    found = speech.commands()
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": wanted.servers,
            "group.id": wanted.group_id,
            "client.id": wanted.member,
            "partition.assignment.strategy": wanted.assignor,
            "session.timeout.ms": wanted.session_timeout_ms,
            "heartbeat.interval.ms": speech.HEARTBEAT_MS,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            **({"group.instance.id": wanted.instance_id} if wanted.instance_id else {}),
        }
    )
    consumer.subscribe(
        wanted.topics,
        on_assign=_telling("assigned"),
        on_revoke=_telling("revoked"),
        on_lost=_telling("lost"),
    )
    speech.tell("started")
    while (command := speech.next_command(found)) != speech.CLOSE:
        if command == speech.COMMIT:
            _commit(consumer)
            speech.tell("done", command=command)
        _poll(consumer)
    consumer.close()
    speech.tell("closed")


def _poll(consumer: Any) -> None:
    message = consumer.poll(speech.POLL_MS / 1000)
    if message is None:
        return
    if message.error() is not None:
        raise confluent_kafka.KafkaException(message.error())
    speech.tell_read([(message.topic(), message.partition(), message.offset())])


def _commit(consumer: Any) -> None:
    positions = [each for each in consumer.position(consumer.assignment()) if each.offset >= 0]
    if positions:
        consumer.commit(offsets=positions, asynchronous=False)


def _telling(event: str) -> Any:
    def tell(_: Any, partitions: Any) -> None:
        speech.tell_partitions(event, ((each.topic, each.partition) for each in partitions))

    return tell


if __name__ == "__main__":
    main()
