"""Two aiokafka members: how long a rebalance takes, on the embedded broker and on Apache Kafka.

The second member joins a group of one; measured from its start to the moment both have their
assignment, and from the second member's leave to the moment the first has everything. Most of both
is the wait for the first member's next heartbeat (100 ms), which no broker can shorten; so the time
from the first member's revocation to the last assignment stands beside it. By turns on both brokers
in one run, initial delay 0, the same consumers.

Run: python -m benchmarks.two_members   (needs Java and Maven for Apache Kafka)
"""

import asyncio
import logging
import time
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.measure import Figure, show
from rebalance.broker import EmbeddedBroker
from rebalance.clients.aiokafka import TraceListener, strategy
from rebalance.testing.apache_kafka import ApacheKafka
from rebalance.timeline import trace

RUNS = 7
PARTITIONS = 12
CASES = (
    "the second member joins: from its start",
    "the second member joins: from the first one's revocation",
    "the second member leaves: from its close",
    "the second member leaves: from the first one's revocation",
)
SETTINGS = {"group.initial.rebalance.delay.ms": "0"}


class Watch:
    """Wakes up when members' ownership changes."""

    def __init__(self) -> None:
        self.owned: dict[str, int] = {}
        self.changed = asyncio.Event()
        self.revoked_at = 0.0
        self.log = trace.Trace(
            trace.Header(source="benchmark", started_at_ms=int(time.time() * 1000)), watch=self.see
        )

    def see(self, event: trace.Event) -> None:
        """Count what each member owns."""
        if isinstance(event, trace.Assigned):
            self.owned[event.member] = sum(map(len, event.partitions.values()))
            self.changed.set()
        elif isinstance(event, trace.Revoked | trace.MemberStopped):
            self.owned[event.member] = 0
            self.revoked_at = time.perf_counter()

    async def until(self, wanted: dict[str, int]) -> None:
        """Wait until members own as many partitions as wanted."""
        async with asyncio.timeout(30):
            while any(self.owned.get(name) != count for name, count in wanted.items()):
                self.changed.clear()
                await self.changed.wait()


async def consumer(servers: str, group: str, name: str, watch: Watch) -> Any:
    """A started consumer, polling in the background of the group only."""
    plugged = strategy("range")
    made = AIOKafkaConsumer(
        bootstrap_servers=servers,
        group_id=group,
        client_id=name,
        partition_assignment_strategy=[plugged],
        heartbeat_interval_ms=100,
        session_timeout_ms=6000,
        retry_backoff_ms=20,
    )
    plugged.bind(made)
    made.subscribe([f"t-{group}"], listener=TraceListener(watch.log, member=name, consumer=made))
    await made.start()
    return made


async def run_once(servers: str, group: str) -> tuple[float, float, float, float]:
    """Milliseconds until two share the topic, and of that from the revocation on; then the same
    until one has it again."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics(
        [NewTopic(f"t-{group}", num_partitions=PARTITIONS, replication_factor=1)]
    )
    await admin.close()
    watch = Watch()
    first = await consumer(servers, group, "A", watch)
    await watch.until({"A": PARTITIONS})
    began = time.perf_counter()
    second = await consumer(servers, group, "B", watch)
    await watch.until({"A": PARTITIONS // 2, "B": PARTITIONS // 2})
    joined = time.perf_counter()
    join_itself = joined - watch.revoked_at
    await second.stop()
    await watch.until({"A": PARTITIONS})
    left = time.perf_counter()
    leave_itself = left - watch.revoked_at
    await first.stop()
    times = (joined - began, join_itself, left - joined, leave_itself)
    return tuple(1000 * each for each in times)  # type: ignore[return-value]


async def measure() -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
    """By turns; the first turn warms both up and is not counted."""
    embedded: list[tuple[float, ...]] = []
    apache: list[tuple[float, ...]] = []
    with ApacheKafka(SETTINGS) as kafka:
        async with EmbeddedBroker(SETTINGS) as broker:
            for turn in range(RUNS + 1):
                here = await run_once(broker.bootstrap_servers, f"embedded-{turn}")
                there = await run_once(kafka.bootstrap_servers, f"apache-{turn}")
                if turn:
                    embedded.append(here)
                    apache.append(there)
    return embedded, apache


def main() -> None:
    """Measure and print."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    embedded, apache = asyncio.run(measure())
    for index, what in enumerate(CASES):
        figures = [
            Figure(name=name, unit="ms", runs=tuple(run[index] for run in runs))
            for name, runs in (("embedded broker", embedded), ("Apache Kafka 4.4.0", apache))
        ]
        show(f"Two aiokafka members, {what}", figures, against=figures[1])


if __name__ == "__main__":
    main()
