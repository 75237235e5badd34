"""Subscribing: what a real `AIOKafkaConsumer` takes and refuses, a simulated one does, too."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError

from examples import late_work, listener_bug
from rebalance.broker import EmbeddedBroker
from rebalance.testing import SimulatedConsumer, simulate
from tests.clients.aiokafka.group import create_topics

ALONE = "start A\nrun for 5s"


class Plain:
    """A listener that is none of aiokafka's."""

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing."""

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Nothing."""


class Proper(Plain, ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """One of aiokafka's."""


LISTENERS = {
    "careless work": listener_bug.Careless,
    "careful work": listener_bug.Careful,
    "careless uploads": late_work.Careless,
    "careful uploads": late_work.Careful,
    "proper": lambda service: Proper(),
    "plain": lambda service: Plain(),
}


def refused(use: Callable[[], Any]) -> str:
    """The error in a line; empty: there is none."""
    try:
        use()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


async def really(use: Callable[[Any], Any]) -> str:
    """What aiokafka says, which needs no broker for that."""
    consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:9", group_id="g")
    said = refused(lambda: use(consumer))
    await consumer.stop()
    return said


def simulated(use: Callable[[Any], Any]) -> str:
    """What a simulated consumer says."""
    said: list[str] = []

    async def application(consumer: SimulatedConsumer) -> None:
        said.append(refused(lambda: use(consumer)))
        await asyncio.Event().wait()

    simulate(application, scenario=ALONE, members=1, allow={"never read", "slow poll"})
    return said[0]


@pytest.mark.parametrize("name", LISTENERS)
async def test_listeners_are_taken_and_refused_as_in_aiokafka(name: str) -> None:
    def use(consumer: Any) -> None:
        consumer.subscribe(["orders"], listener=LISTENERS[name](None))

    expected = "TypeError: listener should be an instance of ConsumerRebalanceListener"
    assert await really(use) == (expected if name == "plain" else "")
    assert simulated(use) == await really(use)


@pytest.mark.parametrize(
    "arguments",
    [(), ([],), ("orders",), (["orders"], "ord.*"), (iter(["orders"]),), (("orders",), None)],
    ids=str,
)
async def test_topics_are_taken_and_refused_as_in_aiokafka(arguments: tuple[Any, ...]) -> None:
    def use(consumer: Any) -> None:
        consumer.subscribe(*arguments)

    assert simulated(use) == await really(use)


def test_pattern_is_not_there_and_says_so() -> None:
    said = simulated(lambda consumer: consumer.subscribe(pattern="ord.*"))
    assert said == "NotImplementedError: pattern='ord.*': a simulated consumer wants topics by name"


def test_methods_have_the_parameters_of_aiokafkas() -> None:
    for name, method in vars(SimulatedConsumer).items():
        theirs = getattr(AIOKafkaConsumer, name, None)
        if name.startswith("_") or not inspect.isfunction(theirs):
            continue
        assert list(inspect.signature(method).parameters) == list(
            inspect.signature(theirs).parameters
        ), name


# --- unsubscribing -------------------------------------------------------------------------------


async def hears_nothing(consumer: Any, wait: Callable[[], Awaitable[Any]]) -> list[str]:
    """What it says and what its listener hears while it unsubscribes; `wait` until all is done."""
    heard: list[str] = []

    class Hears(Proper):
        def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            heard.append(f"revoked {len(list(revoked))}")

    consumer.subscribe(["orders"], listener=Hears())
    while not consumer.assignment():
        await consumer.getmany(timeout_ms=50)
    del heard[:]  # aiokafka revokes nothing, before it joins
    consumer.unsubscribe()
    heard += [f"has {len(consumer.assignment())}", f"wants {len(consumer.subscription())}"]
    orders = TopicPartition("orders", 0)
    for use in (consumer.commit(), consumer.commit({orders: 1})):
        try:
            await use
        except IllegalStateError as error:
            heard.append(str(error))
    await wait()
    return heard


async def test_m01_unsubscribing_is_as_in_aiokafka() -> None:
    heard: list[str] = []

    async def application(consumer: SimulatedConsumer) -> None:
        heard.extend(await hears_nothing(consumer, lambda: asyncio.sleep(3)))
        await consumer.stop()

    story = f"{ALONE}\nshow members"
    given: dict[str, Any] = {"members": 1, "topics": {"orders": 1}}
    assert simulate(application, scenario=story, **given).check().played.printed == ("A: closed",)
    async with EmbeddedBroker() as broker:
        await create_topics(broker.bootstrap_servers, {"orders": 1})
        consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers, group_id="g")
        await consumer.start()
        try:
            assert await hears_nothing(consumer, consumer.stop) == heard
        finally:
            await consumer.stop()
    assert heard[:2] == ["has 0", "wants 0"]
    assert not [each for each in heard if each.startswith("revoked")]


@pytest.mark.parametrize("listener_runs", ["beside", "in poll"])
def test_m01_who_unsubscribes_leaves_the_group_and_may_come_back(listener_runs: Any) -> None:
    seen: list[Any] = []

    class Watching(Proper):
        def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            seen.append("revoked")

    async def comes_and_goes(consumer: SimulatedConsumer) -> None:
        consumer.subscribe(["orders"], listener=Watching())
        await consumer.getone()
        consumer.unsubscribe()
        seen.append((consumer.subscription(), consumer.assignment()))
        for commit in (consumer.commit(), consumer.commit({("orders", 0): 1})):
            with pytest.raises(IllegalStateError, match="Not subscribed to any topics"):
                await commit
        with pytest.raises(IllegalStateError, match="No current assignment"):
            consumer.seek(("orders", 0), 0)
        await asyncio.sleep(12)  # longer than max.poll.interval.ms: nobody waits for it
        consumer.subscribe(["orders"])
        await consumer.getone()
        seen.append((consumer.subscription(), consumer.assignment()))
        async for _ in consumer:
            continue

    story = "start A\nrun for 5s\nshow members\nrun for 20s\nshow ownership"
    given: dict[str, Any] = {"topics": {"orders": 1}, "listener_runs": listener_runs, "members": 1}
    result = simulate(comes_and_goes, scenario=story, **given).check()
    assert seen == [(set(), set()), ({"orders"}, {("orders", 0)})]
    unsubscribed, ownership = result.played.printed
    assert unsubscribed.startswith("A: Unsubscribed")
    assert ownership == "orders: A 0"


def test_who_unsubscribes_twice_or_when_it_is_stopped_does_no_harm() -> None:
    async def goes(consumer: SimulatedConsumer) -> None:
        await consumer.getone()
        consumer.unsubscribe()
        consumer.unsubscribe()
        await asyncio.sleep(1)
        await consumer.stop()
        consumer.unsubscribe()

    result = simulate(goes, scenario=f"{ALONE}\nshow members", members=1).check()
    assert result.played.printed == ("A: closed",)


# --- listeners alone -----------------------------------------------------------------------------


def refused_listener(listener: Any) -> str:
    return refused(lambda: simulate(listener=lambda consumer: listener, scenario=ALONE, members=1))


def test_plain_listener_alone_is_enough() -> None:
    assert refused_listener(Plain()) == ""


def test_listener_without_its_methods_is_refused() -> None:
    class Misspelt:
        def on_partition_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            """Never called."""

        def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
            """Nothing."""

    assert refused_listener(Misspelt()) == (
        "TypeError: listener: Misspelt has no method on_partitions_revoked; "
        "it has on_partition_revoked, which nobody calls"
    )
    assert refused_listener(None) == (
        "TypeError: listener: NoneType has no method on_partitions_revoked"
    )


def test_listener_with_a_method_that_nobody_calls_is_refused() -> None:
    class Misspelt(Plain):
        def on_partition_lost(self, lost: Iterable[TopicPartition]) -> None:
            """Never called."""

    assert refused_listener(Misspelt()) == (
        "TypeError: listener: Misspelt has on_partition_lost, which nobody calls; "
        "expected on_partitions_revoked, on_partitions_assigned and, if losses are to be told "
        "apart, on_partitions_lost"
    )
