"""A commit is lost on its way, or its answer is: to the service both look the same.

    python lost_answer.py

A connection that breaks tells nobody whether the request had its effect. The broker of a test can
break it on either side of the effect, hold what the service does then, and look in the meantime.
aiokafka sends such a commit again. Committing twice does no harm; whatever else a service does when
a commit fails, like counting the order once more, had better do none either.
"""

import asyncio
import logging
from typing import Literal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from rebalance.broker import EmbeddedBroker

ORDERS = TopicPartition("orders", 0)


async def lose_a_commit(when: Literal["before", "after"]) -> None:
    """Commit one order while the connection breaks before or after the commit's effect."""
    async with EmbeddedBroker({"group.initial.rebalance.delay.ms": "0"}) as broker:
        broker.create_topic("orders", 1)
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
            await producer.send_and_wait("orders", b"12 apples")
        async with service(broker) as consumer:
            await consumer.getone()
            commits = broker.watch(api="OffsetCommit")
            lost = broker.drop(when, api="OffsetCommit", times=1)
            committing = asyncio.ensure_future(consumer.commit())
            await lost.hit()
            with broker.hold(api="OffsetCommit") as again:
                await again.hit()
                print(f"lost {when} its effect: committed {await committed(broker)}", end=", ")
            await committing
            print(f"after {len(commits.requests)} requests {await committed(broker)}")


def service(broker: EmbeddedBroker) -> AIOKafkaConsumer:
    """The consumer of the service."""
    return AIOKafkaConsumer(
        "orders",
        bootstrap_servers=broker.bootstrap_servers,
        group_id="counting",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )


async def committed(broker: EmbeddedBroker) -> int:
    """The group's offset as an admin sees it; -1: none."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets("counting", partitions=[ORDERS])
        return int(offsets[ORDERS].offset)
    finally:
        await admin.close()


async def main() -> None:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of the connection it lost
    await lose_a_commit("before")
    await lose_a_commit("after")


if __name__ == "__main__":
    asyncio.run(main())
