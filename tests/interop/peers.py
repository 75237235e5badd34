"""One member of each maker, with the same few verbs: what it owns, whether it leads, `close()`."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import confluent_kafka
from aiokafka.abc import ConsumerRebalanceListener as AiokafkaListener
from kafka.consumer.subscription_state import ConsumerRebalanceListener

from assignors.interface import resolve
from rebalance.cli.demonstration.process import stop_consumer
from rebalance.clients import aiokafka, kafka_python
from rebalance.member.config import MemberConfig
from tests.clients.aiokafka.group import consumer_with as aiokafka_consumer
from tests.clients.kafka_python.group import Member, consumer_with
from tests.interop.ledger import Ledger, Partition, loads
from tests.interop.raw_member import RawMember
from tests.java import JavaConsumer

DEADLINE_S = 90.0
_LOOK_S = 0.02


class Peer(Protocol):
    """A member of the group."""

    name: str

    @property
    def leads(self) -> bool | None:
        """In its present generation; None: this client does not say."""

    def owned(self) -> frozenset[Partition]: ...
    def check(self) -> None:
        """Raises if it failed."""

    def close(self) -> None: ...


class KafkaPython(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python is untyped
    """kafka-python's consumer with our adapter."""

    name = "kafka-python"

    def __init__(
        self, servers: str, group_id: str, topics: Sequence[str], assignor: str, ledger: Ledger
    ) -> None:
        self._ledger = ledger
        used = kafka_python.strategy(assignor)
        self._member = Member(
            used.bind(consumer_with(servers, group_id, topics, used, listener=self))
        )

    @property
    def leads(self) -> bool:
        return bool(self._member.consumer._coordinator._is_leader)

    def owned(self) -> frozenset[Partition]:
        return self._ledger.owned(self.name)

    def check(self) -> None:
        if self._member.error is not None:
            raise self._member.error

    def close(self) -> None:
        self._member.end()

    def on_partitions_assigned(self, assigned: Any) -> None:
        self._ledger.got(self.name, map(tuple, assigned))

    def on_partitions_revoked(self, revoked: Any) -> None:
        self._ledger.gave(self.name, map(tuple, revoked))

    def on_partitions_lost(self, lost: Any) -> None:
        self._ledger.gave(self.name, map(tuple, lost))


class Classic:
    """Our ClassicMember on raw sockets."""

    name = "classic member"

    def __init__(
        self, servers: str, group_id: str, topics: Sequence[str], assignor: str, ledger: Ledger
    ) -> None:
        host, _, port = servers.rpartition(":")
        self._ledger = ledger
        self._raw = RawMember(
            (host, int(port)),
            MemberConfig(
                group_id=group_id,
                client_id="classic",
                session_timeout_ms=15_000,
                heartbeat_interval_ms=200,
                enable_auto_commit=False,
            ),
            [resolve(assignor)],
            topics,
            name=self.name,
            ledger=ledger,
        )

    @property
    def leads(self) -> bool:
        return self._raw.leads

    def owned(self) -> frozenset[Partition]:
        return self._ledger.owned(self.name)

    def check(self) -> None:
        assert not self._raw.error, self._raw.error

    def close(self) -> None:
        self._raw.close()


class Librdkafka:
    """confluent-kafka's consumer, with librdkafka's own assignors."""

    name = "librdkafka"

    def __init__(
        self, servers: str, group_id: str, topics: Sequence[str], assignor: str, ledger: Ledger
    ) -> None:
        self._ledger = ledger
        self._error: BaseException | None = None
        self._ending = threading.Event()
        self._consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": group_id,
                "partition.assignment.strategy": assignor,
                "session.timeout.ms": 15_000,
                "heartbeat.interval.ms": 200,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
            }
        )
        self._consumer.subscribe(
            list(topics), on_assign=self._got, on_revoke=self._gave, on_lost=self._gave
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    leads = None

    def owned(self) -> frozenset[Partition]:
        return self._ledger.owned(self.name)

    def check(self) -> None:
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self._ending.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "librdkafka does not close"

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                self._consumer.poll(0.1)
            self._consumer.close()
        except BaseException as error:
            self._error = error

    def _got(self, _: Any, partitions: Any) -> None:
        self._ledger.got(self.name, [(each.topic, each.partition) for each in partitions])

    def _gave(self, _: Any, partitions: Any) -> None:
        self._ledger.gave(self.name, [(each.topic, each.partition) for each in partitions])


class Java:
    """Kafka's own Java consumer; its words come with its own times and are entered at the end."""

    name = "java"

    def __init__(
        self, servers: str, group_id: str, topics: Sequence[str], assignor: str, ledger: Ledger
    ) -> None:
        self._ledger = ledger
        self._consumer = JavaConsumer(servers, group_id, topics, assignor=assignor).start()

    @property
    def leads(self) -> bool:
        """Whether its assignor was called since it was last told what it owns, or before."""
        return any(each.kind == "leading" for each in self._consumer.events)

    def owned(self) -> frozenset[Partition]:
        return self._consumer.owned

    def check(self) -> None:
        failed = [each for each in self._consumer.events if each.kind == "failed"]
        assert not failed, failed[0].data

    def close(self) -> None:
        self._consumer.close()
        for event in self._consumer.events:
            if event.kind == "assigned":
                self._ledger.got(self.name, event.partitions, event.t_ms)
            elif event.kind in ("revoked", "lost"):
                self._ledger.gave(self.name, event.partitions, event.t_ms)


class Aiokafka:
    """aiokafka's consumer with our adapter, its loop in a thread of its own; eager only."""

    name = "aiokafka"

    def __init__(
        self, servers: str, group_id: str, topics: Sequence[str], assignor: str, ledger: Ledger
    ) -> None:
        self._ledger = ledger
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._consumer = self._wait(self._start(servers, group_id, list(topics), assignor))

    async def _start(self, servers: str, group_id: str, topics: list[str], assignor: str) -> Any:
        ledger, name = self._ledger, self.name

        class Listener(AiokafkaListener):  # type: ignore[misc]  # aiokafka is untyped
            def on_partitions_revoked(self, revoked: Any) -> None:
                ledger.gave(name, map(tuple, revoked))

            def on_partitions_assigned(self, assigned: Any) -> None:
                ledger.got(name, map(tuple, assigned))

        used = aiokafka.strategy(assignor)
        consumer = aiokafka_consumer(servers, group_id, topics, used, listener=Listener())
        used.bind(consumer)
        await consumer.start()
        return consumer

    def _wait(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    @property
    def leads(self) -> bool:
        return self._consumer._coordinator._group_subscription is not None

    def owned(self) -> frozenset[Partition]:
        return self._ledger.owned(self.name)

    def check(self) -> None:
        self._consumer._coordinator.check_errors()

    def close(self) -> None:
        # aiokafka tells no listener of its end: what it owns ends before it leaves.
        self._ledger.gave(self.name, self.owned())
        self._wait(stop_consumer(self._consumer))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()


def settled(peers: Sequence[Peer], every: frozenset[Partition]) -> dict[str, frozenset[Partition]]:
    """What everybody owns, once everything is owned once and as evenly as can be."""
    fair = [len(every) // len(peers)] * len(peers)
    for extra in range(len(every) % len(peers)):
        fair[-1 - extra] += 1

    def whole() -> dict[str, frozenset[Partition]] | None:
        for peer in peers:
            peer.check()
        owned = {peer.name: peer.owned() for peer in peers}
        together = frozenset().union(*owned.values())
        once = sum(map(len, owned.values())) == len(together)
        return owned if together == every and once and loads(owned) == fair else None

    return until(whole, lambda: {peer.name: sorted(peer.owned()) for peer in peers})


def until(condition: Callable[[], Any], seen: Callable[[], object]) -> Any:
    """The condition's first true value; looked at again and again, for clients have no event."""
    deadline = time.monotonic() + DEADLINE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {DEADLINE_S:g} s; seen: {seen()}"
        time.sleep(_LOOK_S)
    return value
