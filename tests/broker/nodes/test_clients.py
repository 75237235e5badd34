"""Real clients find their way: coordinators move, nodes stop and start, loading takes its time.

Every acknowledged record is read once, every commit is kept, and the group stays in the generation
that it had: nobody need rebalance because a coordinator moved.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import confluent_kafka
import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.broker.controls.node_controls import LoadingHold
from rebalance.coordinator import GroupSnapshot
from rebalance.protocol.states import GroupState
from rebalance.testing.embedded import EmbeddedBrokerThread
from tests.broker.nodes.readers import MAKERS, Reader
from tests.support.brokers import SETTINGS

# kafka-python leaves sockets to the collector; they are collected before the next test.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

T = TypeVar("T")

PARTITIONS = 6
PER_ROUND = 30
DEADLINE_S = 60.0


class _Cluster:
    """A broker of three nodes in a thread, a topic, a producer, and two members of one maker."""

    def __init__(
        self, broker: EmbeddedBroker, thread: EmbeddedBrokerThread, members: ExitStack
    ) -> None:
        self.broker = broker
        self._thread, self._members = thread, members
        self.readers: list[Reader] = []
        self.sent = 0
        self._producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": thread.bootstrap_servers,
                "enable.idempotence": True,
                "log_level": 0,
            }
        )

    def join(self, maker: str) -> None:
        """One member more."""
        reader = Reader(maker, self._thread.bootstrap_servers, "g", "orders")
        self.readers.append(self._members.enter_context(reader))

    def do(self, control: Callable[[], T]) -> T:
        """A control that is no coroutine, on the broker's loop."""

        async def call() -> T:
            return control()

        return self._thread.run(call())

    def group(self) -> GroupSnapshot | None:
        return self.do(lambda: self.broker.group("g"))

    def coordinator(self) -> int:
        found = self.do(lambda: self.broker.coordinator_of("g"))
        assert isinstance(found, int)
        return found

    def stop(self, node_id: int) -> None:
        self._thread.run(self.broker.stop_node(node_id, loading_ms=200))

    def start(self, node_id: int) -> None:
        self._thread.run(self.broker.start_node(node_id))

    def prefer(self) -> None:
        self._thread.run(self.broker.elect_preferred_leaders())

    def hold(self) -> LoadingHold:
        return self.do(lambda: self.broker.hold_loading("g"))

    def connections(self) -> int:
        return self.do(lambda: self.broker.usage().connections)

    def move(self, loading_ms: int) -> None:
        self._thread.run(self.broker.move_coordinator("g", loading_ms=loading_ms))

    def produce(self) -> None:
        """Some records to every partition, acknowledged when this returns."""
        for _ in range(PER_ROUND):
            self._producer.produce("orders", b"%d" % self.sent, partition=self.sent % PARTITIONS)
            self.sent += 1
        assert self._producer.flush(DEADLINE_S) == 0

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait, and look after the members meanwhile."""
        end = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < end, f"not {what}: {self.group()}"
            for reader in self.readers:
                reader.check()
            time.sleep(0.02)

    def until_at_rest(self) -> int:
        """Until each member reads some of what is sent, for those who cooperate rebalance twice;
        the generation then."""
        while True:
            self.until_stable()
            before = [len(reader.seen) for reader in self.readers]
            self.produce()
            self.until_read()
            read = [len(r.seen) - b for r, b in zip(self.readers, before, strict=True)]
            if read == [PER_ROUND // 2, PER_ROUND // 2]:
                return self.until_stable()

    def until_stable(self) -> int:
        """Until the group is Stable with both members; the generation."""

        def stable() -> bool:
            group = self.group()
            return (
                group is not None and group.state is GroupState.STABLE and len(group.members) == 2
            )

        self.until(stable, "stable")
        group = self.group()
        assert group is not None
        return group.generation_id

    def until_read(self) -> None:
        """Until every record that was sent has been read, which happens once."""
        self.until(lambda: len(self.seen()) >= self.sent, "read")
        assert sorted(map(int, self.seen())) == list(range(self.sent))

    def seen(self) -> list[bytes]:
        """What the members read, one member after the other."""
        return [value for reader in self.readers for value in reader.seen]


@contextmanager
def _cluster(maker: str, members: int = 2) -> Iterator[_Cluster]:
    broker = EmbeddedBroker(SETTINGS, nodes=3)
    with EmbeddedBrokerThread(broker) as thread, ExitStack() as stack:
        cluster = _Cluster(broker, thread, stack)
        cluster.do(lambda: broker.create_topic("orders", PARTITIONS))
        for _ in range(members):
            cluster.join(maker)
        yield cluster
        stack.close()
        _commits_are_kept(thread.bootstrap_servers, cluster.sent)
    gc.collect()


def _commits_are_kept(servers: str, sent: int) -> None:
    """Whoever comes next begins behind all that was read."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": servers, "group.id": "g"})
    try:
        wanted = [confluent_kafka.TopicPartition("orders", p) for p in range(PARTITIONS)]
        committed = consumer.committed(wanted, timeout=DEADLINE_S)
        assert sum(found.offset for found in committed) == sent
    finally:
        consumer.close()


@pytest.mark.parametrize("maker", MAKERS)
def test_p03_p04_members_go_on_when_their_coordinator_moves(maker: str) -> None:
    with _cluster(maker) as cluster:
        generation = cluster.until_at_rest()
        for loading_ms in (0, 300):
            cluster.move(loading_ms)
            cluster.produce()
            cluster.until_read()
        assert cluster.until_stable() == generation


@pytest.mark.parametrize("maker", MAKERS)
def test_p03_p04_members_go_on_when_the_node_of_their_coordinator_stops(maker: str) -> None:
    with _cluster(maker) as cluster:
        generation = cluster.until_at_rest()
        node = cluster.coordinator()
        cluster.stop(node)
        cluster.produce()
        cluster.until_read()
        cluster.start(node)
        cluster.prefer()
        cluster.produce()
        cluster.until_read()
        assert cluster.coordinator() == node
        assert cluster.until_stable() == generation


@pytest.mark.parametrize("maker", MAKERS)
def test_p04_members_wait_for_a_coordinator_that_loads(maker: str) -> None:
    with _cluster(maker) as cluster:
        generation = cluster.until_at_rest()
        before = cluster.sent
        hold = cluster.hold()
        cluster.produce()
        cluster.until(lambda: len(cluster.seen()) > before, "read while it loads")
        assert cluster.group() is None
        cluster.do(hold.release)
        cluster.until_read()
        assert cluster.until_stable() == generation


@pytest.mark.parametrize("maker", MAKERS)
def test_p04_who_comes_while_the_coordinator_loads_is_in_the_group_later(maker: str) -> None:
    with _cluster(maker, members=0) as cluster:
        hold = cluster.hold()
        cluster.produce()
        cluster.join(maker)
        cluster.until(lambda: cluster.connections() > 1, "connected")
        assert not cluster.seen()
        cluster.do(hold.release)
        cluster.until_read()
