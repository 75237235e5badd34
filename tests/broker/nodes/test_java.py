"""Kafka's own consumer among the nodes: it checks leader epochs, which other clients overlook."""

from __future__ import annotations

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.testing.embedded import EmbeddedBrokerThread
from tests.java import JavaConsumer, require_java, wait_until
from tests.java.test_consumer import produce
from tests.support.brokers import SETTINGS

PARTITIONS = 4


@pytest.mark.parametrize("assignor", ["range", "cooperative-sticky"])
def test_p03_p04_java_goes_on_when_coordinators_and_leaders_move(assignor: str) -> None:
    require_java("Java consumers")
    broker = EmbeddedBroker(SETTINGS, nodes=3)
    with EmbeddedBrokerThread(broker) as thread:

        async def create() -> None:
            broker.create_topic("orders", PARTITIONS)

        async def generation() -> int:
            group = broker.group("g")
            assert group is not None
            return group.generation_id

        async def coordinator() -> int:
            node_id = broker.coordinator_of("g")
            assert node_id is not None
            return node_id

        thread.run(create())
        servers = thread.bootstrap_servers
        with (
            JavaConsumer(servers, "g", ["orders"], assignor=assignor) as one,
            JavaConsumer(servers, "g", ["orders"], assignor=assignor) as two,
        ):
            sent = 0

            def all_is_read() -> None:
                nonlocal sent
                produce(servers, "orders", PARTITIONS, 5)
                sent += 5 * PARTITIONS
                wait_until(
                    lambda: sum(one.polled.values()) + sum(two.polled.values()) == sent,
                    f"{sent} records read",
                )

            wait_until(lambda: len(one.owned) == len(two.owned) == 2, "two each")
            all_is_read()
            before = thread.run(generation())
            thread.run(broker.move_coordinator("g", loading_ms=300))
            for partition in range(PARTITIONS):
                thread.run(broker.move_leader("orders", partition))
            all_is_read()
            node = thread.run(coordinator())
            thread.run(broker.stop_node(node))
            all_is_read()
            thread.run(broker.start_node(node))
            thread.run(broker.elect_preferred_leaders())
            all_is_read()
            assert thread.run(generation()) == before
