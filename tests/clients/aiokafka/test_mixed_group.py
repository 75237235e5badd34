"""M04 and M06 with others: our eager member among members that really cooperate."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from assignors import (
    ClusterMetadata,
    CooperativeStickyAssignor,
    GroupAssignment,
    PartitionSet,
    Subscription,
)
from rebalance.clients.aiokafka import EagerOnlyWarning
from tests.clients.aiokafka.group import Group, create_topics, loads, until
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]
kafka = pytest.importorskip("kafka", reason="kafka-python is an extra")


class Recording(CooperativeStickyAssignor):
    """Remembers what it was asked and what it said."""

    def __init__(self) -> None:
        super().__init__()
        self.rounds: list[tuple[Mapping[str, Subscription], GroupAssignment]] = []

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        plan = super().assign(cluster, members)
        self.rounds.append((dict(members), plan))
        return plan


class CooperativePeer:
    """A kafka-python consumer with cooperative-sticky, polling in its own thread."""

    def __init__(self, bootstrap_servers: str, group_id: str, topic: str) -> None:
        from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

        self.consumer = kafka.KafkaConsumer(
            topic,
            bootstrap_servers=bootstrap_servers,
            group_id=group_id,
            partition_assignment_strategy=[CooperativeStickyAssignor],
            enable_auto_commit=False,
            session_timeout_ms=30_000,
            heartbeat_interval_ms=200,
        )
        self.topic = topic
        self.owned = PartitionSet()
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._poll)

    def _poll(self) -> None:
        # kafka-python may lead before it knows the topic, and then assigns nothing for good.
        self.consumer.partitions_for_topic(self.topic)
        while not self.ending.is_set():
            self.consumer.poll(timeout_ms=50)
            self.owned = PartitionSet((t, p) for t, p in self.consumer.assignment())
        self.consumer.close()


@asynccontextmanager
async def polling(peer: CooperativePeer) -> AsyncIterator[CooperativePeer]:
    peer.thread.start()
    try:
        yield peer
    finally:
        peer.ending.set()
        # The others go on meanwhile: it may be in a rebalance that waits for them.
        await asyncio.to_thread(peer.thread.join)
        del peer.consumer
        with warnings.catch_warnings():  # kafka-python may leave a socket to the collector
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


async def test_a_cooperative_member_gives_up_before_another_gets(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic, group_id = unique("topic"), unique("group")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 6})
    assignor = Recording()
    async with Group(kafka_broker.bootstrap_servers, group_id) as group:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EagerOnlyWarning)
            await group.join("A", [topic], assignor)  # leads, eagerly
            cooperative = CooperativePeer(kafka_broker.bootstrap_servers, group_id, topic)
            async with polling(cooperative) as peer:
                await until(lambda: len(peer.owned) == 3)
                await group.join("B", [topic], assignor)
                every = PartitionSet({topic: range(6)})
                await until(lambda: _whole(group, peer, every) and loads(group.owned()) == [2, 2])
    held = [
        (members, plan)
        for members, plan in assignor.rounds
        if len(members) == 3 and any(each.owned for each in members.values())
    ]
    assert held  # it cooperated, and its owned partitions were read although aiokafka drops them
    for members, plan in held:
        for member, subscription in members.items():
            for other in set(members) - {member}:
                assert not plan[other] & subscription.owned


async def test_an_eager_member_joins_where_a_cooperative_one_leads(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic, group_id = unique("topic"), unique("group")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 6})
    every = PartitionSet({topic: range(6)})
    async with Group(kafka_broker.bootstrap_servers, group_id) as group:
        cooperative = CooperativePeer(kafka_broker.bootstrap_servers, group_id, topic)
        async with polling(cooperative) as peer:
            await until(lambda: len(peer.owned) == 6)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", EagerOnlyWarning)
                await group.join("A", [topic], "cooperative-sticky")
            # Withheld at first, handed over once the leader has let go and joined again.
            await until(lambda: _whole(group, peer, every) and len(peer.owned) == 3)


def _whole(group: Group, peer: CooperativePeer, every: PartitionSet) -> bool:
    owned = [*group.owned().values(), peer.owned]
    together = PartitionSet([each for held in owned for each in held])
    return together == every and sum(map(len, owned)) == len(every)
