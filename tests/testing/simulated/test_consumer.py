"""The consumer that a user's code gets: it does what aiokafka's does, at the same moments."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    GroupAuthorizationFailedError,
    IllegalStateError,
)
from aiokafka.structs import OffsetAndMetadata

from rebalance.testing import SimulatedConsumer, SimulationResult, simulate

P0, P1, P2 = (TopicPartition("orders", number) for number in range(3))
ALONE = "start A\nrun for 10s"


def alone(
    code: Callable[[SimulatedConsumer], Awaitable[None]], scenario: str = ALONE, **arguments: Any
) -> SimulationResult:
    """One consumer of three partitions runs this, and then nothing more until it is stopped."""

    async def application(consumer: SimulatedConsumer) -> None:
        while not consumer.assignment():
            await consumer.getmany(timeout_ms=10)
        await code(consumer)
        with suppress(ConsumerStoppedError):
            while True:
                await consumer.getmany(timeout_ms=1000)

    given = {"topics": {"orders": 3}, "members": 2, "allow": {"never read"}} | arguments
    return simulate(application, scenario=scenario, **given).check()


def test_positions_commits_and_ends() -> None:
    seen: list[Any] = []

    async def code(consumer: SimulatedConsumer) -> None:
        await asyncio.sleep(1)
        assert await consumer.committed(P0) is None
        batch = await consumer.getmany(P0, max_records=3)
        seen.append([record.offset for record in batch[P0]])
        seen.append(await consumer.position(P0))
        await consumer.commit()
        seen.append(await consumer.committed(P0))
        await consumer.commit({P0: OffsetAndMetadata(2, "why")})
        seen.append(await consumer.committed(P0))
        await consumer.commit({P0: (3, "why"), P1: 0})
        seen.append((await consumer.committed(P0), await consumer.committed(P1)))
        ends = await consumer.end_offsets([P0, P1])
        seen.append(ends[P0] == consumer.highwater(P0) and ends[P0] >= 10)
        seen.append(await consumer.beginning_offsets([P0]))
        seen.append((consumer.name, consumer.subscription(), consumer.assignment()))

    result = alone(code, allow={"never read", "commit back"})
    assert seen == [[0, 1, 2], 3, 3, 2, (3, 0), True, {P0: 0}, ("A", {"orders"}, {P0, P1, P2})]
    assert [finding.kind for finding in result.played.findings][:1] == ["commit back"]
    assert result.played.violations == ()


def test_i03_who_seeks_back_and_commits_means_it() -> None:
    async def code(consumer: SimulatedConsumer) -> None:
        await asyncio.sleep(2)
        await consumer.getmany(P0)
        await consumer.commit()
        consumer.seek(P0, 4)
        await consumer.commit()
        assert await consumer.committed(P0) == 4

    assert alone(code, scenario="start A\nrun for 3s").passed


def test_i03_who_commits_back_without_a_word_is_told_so() -> None:
    async def code(consumer: SimulatedConsumer) -> None:
        await asyncio.sleep(2)
        await consumer.getmany(P0)
        await consumer.commit({P0: 9})
        await consumer.commit({P0: 7})

    result = alone(code, scenario="start A\nrun for 3s", allow={"never read", "commit back"})
    assert [str(each) for each in result.played.findings if each.kind == "commit back"] == [
        "commit back at 2.036s: A commits orders-0 at 7, where 9 was committed already"
    ]
    assert result.played.violations == ()


def test_records_come_in_turn_with_key_value_and_time() -> None:
    seen: list[Any] = []

    async def code(consumer: SimulatedConsumer) -> None:
        async for record in consumer:
            seen.append(record)
            if len(seen) == 6:
                return

    alone(code, values=lambda partition, offset: (b"key", b"%d" % offset))
    assert [(each.partition, each.offset) for each in seen] == [
        *((0, 0), (1, 0), (2, 0)),
        *((0, 1), (1, 1), (2, 1)),
    ]
    first = seen[0]
    assert (first.key, first.value, first.serialized_value_size) == (b"key", b"0", 1)
    assert [each.timestamp for each in seen[::3]] == [100, 200]


def test_values_say_which_record_it_is() -> None:
    async def code(consumer: SimulatedConsumer) -> None:
        assert (await consumer.getone(P1)).value == b"orders-1@0"

    alone(code)


def test_getmany_waits_for_the_first_record_and_no_longer_than_told() -> None:
    async def code(consumer: SimulatedConsumer) -> None:
        loop = asyncio.get_running_loop()
        await consumer.getmany()
        now = loop.time()
        assert set(await consumer.getmany(timeout_ms=5000)) == {P0, P1, P2}
        assert now < loop.time() <= now + 0.1
        consumer.pause(P0, P1, P2)
        now = loop.time()
        assert await consumer.getmany(timeout_ms=700) == {}
        assert loop.time() == pytest.approx(now + 0.7)
        with pytest.raises(ValueError, match="positive"):
            await consumer.getmany(max_records=0)

    alone(code)


def test_paused_partitions_give_nothing_until_they_are_resumed() -> None:
    async def code(consumer: SimulatedConsumer) -> None:
        consumer.pause(P0, P2)
        assert list(consumer.paused()) == [P0, P2]
        await asyncio.sleep(1)
        assert set(await consumer.getmany()) == {P1}
        consumer.resume(P0)
        assert P0 in await consumer.getmany()

    alone(code)


def test_seek_goes_where_it_is_told() -> None:
    async def code(consumer: SimulatedConsumer) -> None:
        await asyncio.sleep(1)
        consumer.seek(P0, 4)
        assert (await consumer.getone(P0)).offset == 4
        consumer.seek(P0, 0)
        assert (await consumer.getone(P0)).offset == 0
        assert await consumer.seek_to_committed(P0) == {P0: 0}
        with pytest.raises(ValueError, match="positive"):
            consumer.seek(P0, -1)

    alone(code, allow={"gap"})


async def _of_another(consumer: SimulatedConsumer) -> None:
    other = TopicPartition("orders", 7)
    for use in (consumer.pause, consumer.resume, consumer.highwater):
        with pytest.raises(IllegalStateError, match="No current assignment"):
            use(other)
    with pytest.raises(IllegalStateError, match="No current assignment"):
        consumer.seek(other, 1)
    with pytest.raises(IllegalStateError, match="No current assignment"):
        await consumer.position(other)
    with pytest.raises(IllegalStateError, match="not assigned"):
        await consumer.commit({other: 1})
    with pytest.raises(ValueError, match="expected an offset"):
        await consumer.commit({P0: "far"})


def test_what_is_not_assigned_is_an_error() -> None:
    alone(_of_another)


def test_commit_after_a_long_pause_fails_as_in_aiokafka() -> None:
    """The broker has given it up, and it has not even been told."""

    async def code(consumer: SimulatedConsumer) -> None:
        await asyncio.sleep(1)
        consumer.seek(P0, 5)
        await asyncio.sleep(8)
        await consumer.commit({P0: 5})

    result = alone(code, "start A\nrun for 8s\npause A for 7s\nrun for 30s", allow={"error"})
    (finding,) = result.played.findings
    assert finding.kind == "error"
    assert "the application of A raised IllegalStateError" in finding.message


def test_lost_commit_is_sent_again() -> None:
    done: list[float] = []

    async def code(consumer: SimulatedConsumer) -> None:
        await asyncio.sleep(1)
        await consumer.commit()
        done.append(asyncio.get_running_loop().time())

    alone(code, "start A\nrun for 500ms\nlog fail=1\nrun for 20s")
    assert done[0] > 1.1


def test_other_topics_can_be_wanted() -> None:
    async def code(consumer: SimulatedConsumer) -> None:
        consumer.subscribe(["orders", "payments"])
        while len(consumer.assignment()) < 5:
            await consumer.getmany(timeout_ms=100)
        consumer.subscribe(["payments"])
        while len(consumer.assignment()) > 2:
            await consumer.getmany(timeout_ms=100)
        assert consumer.subscription() == {"payments"}

    topics = {"orders": 3, "payments": 2}
    header = "topic orders partitions=3\ntopic payments partitions=2\nproduce payments rate=5\n"
    scenario = f"{header}produce orders rate=5\nmembers A topics=orders\nstart A\nrun for 30s"
    alone(code, scenario, topics=topics)


def test_stop_ends_the_process_and_what_runs_beside_hears_of_it() -> None:
    heard: list[str] = []

    async def code(consumer: SimulatedConsumer) -> None:
        async def beside() -> None:
            await asyncio.sleep(0)
            with pytest.raises(ConsumerStoppedError):
                await consumer.getone()
            heard.append("stopped")
            async for _ in consumer:
                heard.append("a record")
            heard.append("over")

        task = asyncio.create_task(beside())
        await consumer.stop()
        await task
        heard.append("after it")

    result = alone(code)
    assert heard == ["stopped", "over", "after it"]
    assert "A: closed" in alone(code, f"{ALONE}\nshow members").played.printed
    assert result.records.processed == 0


def test_what_stands_behind_stop_runs_without_a_consumer() -> None:
    heard: list[Any] = []

    async def code(consumer: SimulatedConsumer) -> None:
        await consumer.getone(P0)
        await consumer.stop()
        await consumer.stop()  # as in aiokafka: once more is no harm
        heard.append(list(consumer.assignment()))
        await asyncio.sleep(3)  # a database that takes its time
        heard.append(asyncio.get_running_loop().time())
        consumer.subscribe(["payments"])
        await consumer.commit()
        for use in (consumer.getone(), consumer.committed(P0)):
            with pytest.raises(ConsumerStoppedError):
                await use
        with pytest.raises(IllegalStateError):
            await consumer.commit({P0: 1})
        heard.append("over")

    result = alone(code, f"{ALONE}\nstart A\nrun for 5s\nshow members")
    first, second = heard[:3], heard[3:]
    assert first == [[], pytest.approx(3.2, abs=0.2), "over"]
    assert second == [[], pytest.approx(13.2, abs=0.2), "over"]
    assert result.played.printed == ("A: closed",)


def test_i06_records_that_are_processed_behind_stop_are_late() -> None:
    async def drains_too_late(consumer: SimulatedConsumer, sink: Any) -> None:
        record = await consumer.getone()
        await consumer.stop()
        await asyncio.sleep(1)
        sink(record)

    result = simulate(drains_too_late, scenario=ALONE, members=1)
    assert [finding.kind for finding in result.findings] == ["late work"]


def test_m08_who_may_not_use_its_group_hears_of_it_as_it_commits() -> None:
    heard: list[str] = []

    async def code(consumer: SimulatedConsumer) -> None:
        await asyncio.sleep(3.5)
        try:
            await consumer.commit({P0: 1})
        except GroupAuthorizationFailedError as error:
            heard.append(str(error))

    alone(code, "start A\nrun for 3100ms\nforbid A\nrun for 10s")
    assert heard == ["[Error 30] GroupAuthorizationFailedError: g"]


def test_a_commit_that_waits_while_the_consumer_is_closed_hears_of_that() -> None:
    heard: list[str] = []

    async def code(consumer: SimulatedConsumer) -> None:
        async def commits() -> None:
            try:
                await consumer.commit({P0: 1})
            except ConsumerStoppedError:
                heard.append("stopped")

        task = asyncio.create_task(commits())
        await asyncio.sleep(1)
        await consumer.stop()
        await task

    alone(code, "start A\nlose A OffsetCommit\nrun for 40s")
    assert heard == ["stopped"]


def test_async_with_stops_as_well() -> None:
    async def code(consumer: SimulatedConsumer) -> None:
        async with consumer:
            await consumer.getone()

    assert "A: closed" in alone(code, f"{ALONE}\nshow members").played.printed


def test_automatic_commits_and_the_one_before_a_revocation() -> None:
    async def code(consumer: SimulatedConsumer) -> None:
        async for _ in consumer:
            continue

    settings = {"enable.auto.commit": "true"}
    scenario = "start A\nrun for 6s\nshow offsets\nclose A\nrun for 1s\nshow offsets"
    result = alone(code, scenario, settings=settings, rate_per_s=10)
    first, second = result.played.printed
    assert first == "orders: 0 at 49, 1 at 49, 2 at 49"
    assert second == "orders: 0 at 60, 1 at 60, 2 at 60"


def test_commit_command_commits_the_positions() -> None:
    async def code(consumer: SimulatedConsumer) -> None:
        async for _ in consumer:
            continue

    result = alone(code, "start A\nrun for 6s\ncommit A\nrun for 100ms\nshow offsets")
    assert result.played.printed == ("orders: 0 at 60, 1 at 60, 2 at 60",)
