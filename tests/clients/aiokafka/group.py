"""Real aiokafka consumers in one group, and how to wait for what they come to.

Rule: nothing here sleeps for a guessed time; every wait is for a condition, and the test's own
deadline ends it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from assignors import PartitionSet
from rebalance.cli.demonstration.process import stop_consumer
from rebalance.clients.aiokafka import Strategy, strategy

POLL_S = 0.02
TIMEOUTS = {
    "session_timeout_ms": 15_000,
    "heartbeat_interval_ms": 200,
    "rebalance_timeout_ms": 20_000,
}
"""Nobody who lives expires, however busy the machine; whose end is awaited asks for less."""

SHORT_SESSION_MS = 4_000


async def create_topics(bootstrap_servers: str, topics: Mapping[str, int]) -> None:
    """Topics with so many partitions each, ready to be consumed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, count, 1) for name, count in topics.items()])
        while len(await described(admin, topics)) < len(topics):  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)
    finally:
        await admin.close()


async def described(admin: AIOKafkaAdminClient, topics: Mapping[str, int]) -> list[Any]:
    """The topics that every partition of is led by somebody."""
    found = await admin.describe_topics(list(topics))
    return [
        each
        for each in found
        if each["error_code"] == 0
        and len(each["partitions"]) == topics[each["topic"]]
        and all(partition["leader"] >= 0 for partition in each["partitions"])
    ]


def consumer_with(
    bootstrap_servers: str, group_id: str, topics: list[str], *strategies: Any, **settings: Any
) -> AIOKafkaConsumer:
    """A consumer that is not started; its strategies are not bound."""
    listener = settings.pop("listener", None)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        group_id=group_id,
        partition_assignment_strategy=strategies,
        **(TIMEOUTS | {"enable_auto_commit": False} | settings),
    )
    if topics:
        consumer.subscribe(topics, listener=listener)
    return consumer


@asynccontextmanager
async def started(consumer: AIOKafkaConsumer) -> AsyncIterator[AIOKafkaConsumer]:
    """Started, and stopped whatever happens; `async with consumer` leaks when start() raises."""
    try:
        await consumer.start()
        yield consumer
    finally:
        await stop_consumer(consumer)


class Group:
    """Consumers of one group by name; `async with` stops them all."""

    def __init__(self, bootstrap_servers: str, group_id: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.group_id = group_id
        self.consumers: dict[str, AIOKafkaConsumer] = {}
        self.strategies: dict[str, Strategy] = {}

    async def __aenter__(self) -> Group:
        return self

    async def __aexit__(self, *_: object) -> None:
        for name in list(self.consumers):
            await self.leave(name)

    async def join(
        self, name: str, topics: list[str], assignor: Any = "sticky", **settings: Any
    ) -> AIOKafkaConsumer:
        """A new member with our strategy, or with one of aiokafka's own classes."""
        own = isinstance(assignor, type) and assignor.__module__.startswith("aiokafka.")
        used = assignor if own else strategy(assignor)
        consumer = consumer_with(self.bootstrap_servers, self.group_id, topics, used, **settings)
        if isinstance(used, Strategy):
            self.strategies[name] = used
            used.bind(consumer)
        self.consumers[name] = consumer
        await consumer.start()
        return consumer

    async def leave(self, name: str) -> None:
        await stop_consumer(self.consumers.pop(name))

    async def crash(self, name: str) -> None:
        """Gone without a word: no LeaveGroup, so the session has to expire."""
        consumer = self.consumers.pop(name)

        async def say_nothing() -> None:
            return None

        consumer._coordinator._maybe_leave_group = say_nothing
        await stop_consumer(consumer)

    def owned(self) -> dict[str, PartitionSet]:
        return {name: PartitionSet(each.assignment()) for name, each in self.consumers.items()}

    def is_whole(self, topics: Mapping[str, int]) -> bool:
        """Every partition is owned once, and nobody is on the way into another generation."""
        owned = self.owned()
        together = PartitionSet([each for held in owned.values() for each in held])
        every = PartitionSet({topic: range(count) for topic, count in topics.items()})
        coordinators = [each._coordinator for each in self.consumers.values()]
        return (
            together == every
            and sum(len(held) for held in owned.values()) == len(every)
            and len({each.generation for each in coordinators}) == 1
            and not any(each.need_rejoin(each._subscription.subscription) for each in coordinators)
            and not any(each._subscription.reassignment_in_progress for each in coordinators)
        )

    async def settled(self, topics: Mapping[str, int]) -> dict[str, PartitionSet]:
        """What everybody owns once the group is whole."""
        await until(lambda: self.is_whole(topics))
        return self.owned()


async def until(condition: Callable[[], object]) -> None:
    """Come back once the condition holds; a test's deadline ends the wait."""
    while not condition():  # noqa: ASYNC110 - aiokafka has no event for what is asked here
        await asyncio.sleep(POLL_S)


def moved(before: Mapping[str, PartitionSet], after: Mapping[str, PartitionSet]) -> int:
    """Partitions that a member of both lost."""
    return sum(len(before[name] - after[name]) for name in before if name in after)


def loads(owned: Mapping[str, PartitionSet]) -> list[int]:
    return sorted(len(each) for each in owned.values())
