"""Real kafka-python consumers in one group, each polled by a thread of its own.

Rule: nothing here sleeps for a guessed time. Every wait is for a condition, looked at again after
each poll of any consumer, and a deadline ends it.
"""

from __future__ import annotations

import gc
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeVar

import kafka
from kafka.consumer.subscription_state import ConsumerRebalanceListener

from assignors import PartitionSet
from rebalance.clients.kafka_python import Strategy, strategy

T = TypeVar("T")

POLL_MS = 20
DEADLINE_S = 60.0
TIMEOUTS = {"session_timeout_ms": 15_000, "heartbeat_interval_ms": 200}
"""Nobody who lives expires, however busy the machine."""

_changed = threading.Condition()  # one for all, so that a condition may be about several consumers


def wait_until(condition: Callable[[], T], what: str, *, timeout_s: float = DEADLINE_S) -> T:
    """The condition's first true value. Raises AssertionError after the timeout, naming `what`."""
    deadline = time.monotonic() + timeout_s
    with _changed:
        while not (value := condition()):
            left = deadline - time.monotonic()
            assert left > 0, f"{what}: not within {timeout_s:g} s"
            _changed.wait(left)
        return value


def changed() -> None:
    """Have every waiting condition looked at again."""
    with _changed:
        _changed.notify_all()


def consumer_with(
    bootstrap_servers: str,
    group_id: str | None,
    topics: Sequence[str],
    *strategies: Any,
    **settings: Any,
) -> Any:
    """A consumer that has not polled; its strategies are not bound."""
    listener = settings.pop("listener", None)
    consumer = kafka.KafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        group_id=group_id,
        partition_assignment_strategy=list(strategies),
        **(TIMEOUTS | {"enable_auto_commit": False, "auto_offset_reset": "earliest"} | settings),
    )
    if topics:
        consumer.subscribe(list(topics), listener=listener)
    return consumer


def close(consumer: Any) -> None:
    """Close it and have its sockets collected now, not as a warning in another test."""
    consumer.close()
    with warnings.catch_warnings():  # kafka-python may leave a socket to the collector
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class Heard(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python is untyped
    """What a listener was told, in order: (callback, partitions)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, PartitionSet]] = []

    def on_partitions_revoked(self, revoked: Any) -> None:
        self.calls.append(("revoked", PartitionSet(revoked)))

    def on_partitions_assigned(self, assigned: Any) -> None:
        self.calls.append(("assigned", PartitionSet(assigned)))

    def on_partitions_lost(self, lost: Any) -> None:
        self.calls.append(("lost", PartitionSet(lost)))


class Member:
    """One consumer and the thread that polls it, until it is told to end or a poll raises."""

    def __init__(self, consumer: Any, used: Any = None) -> None:
        self.consumer = consumer
        self.strategy = used
        self.error: BaseException | None = None
        self.records = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def owned(self) -> PartitionSet:
        return PartitionSet(self.consumer._subscription.assigned_partitions())

    @property
    def generation_id(self) -> int:
        return int(self.consumer._coordinator._generation.generation_id)

    @property
    def at_rest(self) -> bool:
        coordinator = self.consumer._coordinator
        return bool(coordinator.stable() and not coordinator.need_rejoin())

    def rejoin(self) -> None:
        """Have it join again."""
        self.consumer._coordinator.request_rejoin()

    def failed(self) -> BaseException:
        """The error that ended its polls, when there is one."""
        return wait_until(lambda: self.error, "no poll raises")

    def end(self, *, leave: bool = True) -> None:
        """Poll no more; leave the group, or say nothing. Once is enough."""
        if self._ending.is_set():
            return
        self._ending.set()
        self._thread.join()
        if not leave:

            async def say_nothing(*args: Any, **kwargs: Any) -> None:
                return None

            self.consumer._coordinator.maybe_leave_group_async = say_nothing
        close(self.consumer)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                polled = self.consumer.poll(timeout_ms=POLL_MS)
            except BaseException as error:
                self.error = error
                changed()
                return
            self.records += sum(map(len, polled.values()))
            changed()


class Group:
    """Members of one group by name; `with` ends them all."""

    def __init__(self, bootstrap_servers: str, group_id: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.group_id = group_id
        self.members: dict[str, Member] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.members):
            self.leave(name)

    def join(
        self, name: str, topics: Sequence[str], assignor: Any = "sticky", **settings: Any
    ) -> Member:
        """A new member with our strategy (a strategy, or what makes one), or a class of theirs."""
        own = isinstance(assignor, type) and assignor.__module__.startswith("kafka.")
        used = assignor if own or isinstance(assignor, Strategy) else strategy(assignor)
        consumer = consumer_with(self.bootstrap_servers, self.group_id, topics, used, **settings)
        if isinstance(used, Strategy):
            used.bind(consumer)
        else:
            # On its own kafka-python assigns what it has metadata of, joins again when more comes,
            # and may forget what it is given then (docs/kafka_python.md): have it know before.
            for topic in topics:
                asked = (consumer.partitions_for_topic(topic) for _ in range(100))
                assert any(asked), f"no metadata of {topic}"
        self.members[name] = Member(consumer, used)
        return self.members[name]

    def leave(self, name: str) -> None:
        self.members.pop(name).end()

    def crash(self, name: str) -> None:
        """Gone without a word: no LeaveGroup, so the session has to expire."""
        self.members.pop(name).end(leave=False)

    def owned(self) -> dict[str, PartitionSet]:
        return {name: member.owned for name, member in self.members.items()}

    def is_whole(self, topics: Mapping[str, int]) -> bool:
        """Every partition is owned once, and nobody is on the way into another generation."""
        for member in self.members.values():
            assert member.error is None, f"a poll raised: {member.error!r}"
        owned = self.owned()
        every = PartitionSet({topic: range(count) for topic, count in topics.items()})
        together = PartitionSet([each for held in owned.values() for each in held])
        members = self.members.values()
        return (
            together == every
            and sum(len(held) for held in owned.values()) == len(every)
            and len({member.generation_id for member in members}) == 1
            and all(member.at_rest for member in members)
        )

    def settled(self, topics: Mapping[str, int]) -> dict[str, PartitionSet]:
        """What everybody owns once the group is whole."""
        wait_until(lambda: self.is_whole(topics), f"{topics} are not whole")
        return self.owned()


def create_topics(bootstrap_servers: str, topics: Mapping[str, int]) -> None:
    """Topics with so many partitions each, ready to be consumed."""
    import asyncio

    from tests.clients.aiokafka.group import create_topics as create

    asyncio.run(create(bootstrap_servers, topics))


def moved(before: Mapping[str, PartitionSet], after: Mapping[str, PartitionSet]) -> int:
    """Partitions that a member of both lost."""
    return sum(len(before[name] - after[name]) for name in before if name in after)


def loads(owned: Mapping[str, PartitionSet]) -> list[int]:
    return sorted(len(each) for each in owned.values())
